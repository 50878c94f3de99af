"""Suites that are notebooks: executed by papermill, cell by cell, in the worker."""
