"""Suites of the kind ``results``: files that load generators and chaos experiments left, read as evidence.

One file for each tool's shapes; what is not one of these shapes is refused, never approximated. Standard library only.
"""
