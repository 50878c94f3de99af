"""What suites are made of. Standard library only: a worker needs it, and must start fast."""

from enum import StrEnum

ADAPTERS = "jupyter_deployfeedback.suites"
"""The entry point group through which other packages bring suites of other kinds."""


class SuiteKind(StrEnum):
    """What a suite is made of: the kinds that need no other package. Others go by the name of their entry point."""

    NOTEBOOK = "notebook"
    BEHAVE = "behave"
    RESULTS = "results"  # a file that a load generator or a chaos experiment left
