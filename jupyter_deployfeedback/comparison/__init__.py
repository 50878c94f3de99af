"""Stage 5: compare candidate and baseline. Evidence in, Comparison out: deltas, estimates with intervals, what changed.

Pure. numpy is imported with the first comparison, scipy and statsmodels inside the methods that need them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jupyter_deployfeedback.comparison.continued import adds_up, asked_before, pool_chain, requests_sent
from jupyter_deployfeedback.comparison.planning import prospects

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.comparison import Comparison, Estimand, Estimate, KnownScore
    from jupyter_deployfeedback.domain.run import Evidence

__all__ = [
    "adds_up",
    "asked_before",
    "compare",
    "known_scores",
    "pool_chain",
    "prospects",
    "rehearse",
    "requests_sent",
    "strangers",
]


def compare(
    evidence: Evidence,
    *,
    stored: Evidence | None,
    baseline: str | None,
    estimands: tuple[Estimand, ...],
    commit: str | None = None,
    baseline_commit: str | None = None,
) -> Comparison:
    """Compare a run's evidence with its baseline and answer every estimand; see ``comparing.compare``."""
    from jupyter_deployfeedback.comparison.comparing import compare as compare_now

    return compare_now(
        evidence,
        stored=stored,
        baseline=baseline,
        estimands=estimands,
        commit=commit,
        baseline_commit=baseline_commit,
    )


def rehearse(estimands: Iterable[Estimand], *, beyond: bool, like: Evidence | None = None) -> tuple[Estimate, ...]:
    """Answer estimands from samples made up well beyond their limits, or well inside; see ``self_test.made_up``.

    They take the way that the evidence of the run takes, ``like``: window by window where it was loaded.
    """
    from jupyter_deployfeedback.comparison.load.gathering import judged_by_windows
    from jupyter_deployfeedback.comparison.self_test.made_up import rehearse as rehearse_now

    return rehearse_now(estimands, beyond=beyond, loaded=judged_by_windows(like) if like else frozenset())


def known_scores(evidence: Evidence) -> tuple[KnownScore, ...]:
    """Score the examples whose score is known beforehand; see ``self_test.known_examples``."""
    from jupyter_deployfeedback.comparison.self_test.known_examples import known_scores as score_now

    return score_now(evidence)


def strangers(evidence: Evidence) -> tuple[str, ...]:
    """Name the evaluations whose answers are of another type than the truth; see ``self_test.known_examples``."""
    from jupyter_deployfeedback.comparison.self_test.known_examples import strangers as find_now

    return tuple(find_now(evidence))
