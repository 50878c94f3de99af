"""What a case is called."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.execution.outcome import titles
from jupyter_deployfeedback.execution.worker.wire import Cell

HEADING = Cell("m", "markdown", "Some words\n## The target answers\nmore words")


@pytest.mark.parametrize(
    ("above", "source", "expected"),
    [
        (None, "# The target is ready\nassert ready", "The target is ready"),
        (HEADING, "assert ready", "The target answers"),
        (HEADING, "# its own comment\nassert ready", "its own comment"),
        (Cell("m", "markdown", "only words"), "\n\nassert ready\nx", "assert ready"),
        (Cell("m", "code", "# other"), "x = 1", "x = 1"),
        (None, "%%time\nx = slow()", "x = slow()"),
        (None, "%matplotlib inline", "%matplotlib inline"),
        (None, "#\nx = 1", "x = 1"),
        (None, "y" * 100, "y" * 79 + "…"),
    ],
)
def test_a_case_is_named_by_comment_heading_or_code(above: Cell | None, source: str, expected: str) -> None:
    cells = [*([above] if above else []), Cell("c", "code", source)]

    assert titles(cells)["c"] == expected
