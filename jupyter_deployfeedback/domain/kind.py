"""The kinds of suites, and what is code in one.

Apart from the other nouns, because processes that must stay small know them too.
"""

from enum import StrEnum

ADAPTERS = "jupyter_deployfeedback.suites"
"""The entry point group through which other packages bring suites of other kinds."""


def holds_code(source: str) -> bool:
    """Say whether a cell holds more than comments, in the languages of most kernels."""
    return any(not line.lstrip().startswith(("#", "//")) for line in source.splitlines() if line.strip())


class SuiteKind(StrEnum):
    """What a suite is made of: the kinds that need no other package. Others go by the name of their entry point."""

    NOTEBOOK = "notebook"
    BEHAVE = "behave"
    RESULTS = "results"  # a file that a load generator or a chaos experiment left
