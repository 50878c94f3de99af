"""What is said of the runs and releases before this one."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.domain.feedback import History
from jupyter_deployfeedback.feedback.history_notices import of_the_past

FIVE = ("v5", "v4", "v3", "v2", "v1")


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (
            History(passed_over=("v3",), compared_with="v2"),
            "compared with v2, 1 release back: no run of v3 is stored here",
        ),
        (
            History(passed_over=FIVE, compared_with="v0"),
            "compared with v0, 5 releases back: no run of v5, v4, v3 and 2 more is stored here",
        ),
        (
            History(passed_over=("v2", "v1")),
            "no run of a release is stored here (v2, v1), so nothing was compared",
        ),
        (
            History(release="v3", compared_with="v3", alone=True),
            "compared with nothing, as asked: no rule was judged against v3",
        ),
    ],
)
def test_a_run_that_was_not_compared_with_the_last_release_says_so(history: History, said: str) -> None:
    assert list(of_the_past(history, None)) == [said]


@pytest.mark.parametrize("history", [History(release="v3", compared_with="v3"), History(alone=True)])
def test_nothing_is_said_where_no_release_was_passed_over(history: History) -> None:
    assert list(of_the_past(history, None)) == []
