"""Suites of behave features: each scenario is a case, the metrics file and attachments are its numbers.

behave runs in a process of its own, with an interpreter that need not hold this package. What became of a scenario is
read from behave's JSON and JUnit reports; its plain output only shows how far it has come.
"""
