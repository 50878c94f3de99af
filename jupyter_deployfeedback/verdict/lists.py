"""How the ``pass``, ``warn`` and ``fail`` lists of one rule add up."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_deployfeedback.domain.verdict import Finding, Reason, ReasonKind, Standing, Verdict, worst

GOOD = frozenset({Verdict.PASS, Verdict.WARN})


def combine(passing: list[Finding], warning: list[Finding], failing: list[Finding]) -> list[Finding]:
    """Return the findings to show, none worse than what the lists together say.

    ``pass`` holds: PASS. Else ``warn`` holds: WARN. Else the looser list decides. ``failing`` are the conditions that
    a ``fail`` list breaks: with one, only its FAIL fails. ERROR in any list stays.
    """
    fired = [each for each in failing if each.verdict is Verdict.FAIL]
    errors = [each for each in (*warning, *failing) if each.verdict is Verdict.ERROR]
    if fired:
        return [*passing, *fired, *errors]
    if not counted(passing) or worst(counted(passing)) in GOOD:
        return [*passing, *errors]
    if counted(warning) and worst(counted(warning)) in GOOD:
        return [*_capped(passing, Verdict.WARN, because=ReasonKind.WITHIN_WARNING), *warning, *errors_of(failing)]
    if failing:
        shown = [*passing, *(each for each in warning if each.verdict is not Verdict.ERROR)]
        return [*_capped(shown, Verdict.INCONCLUSIVE, because=ReasonKind.BETWEEN_LIMITS), *errors]
    if warning:
        return [*_capped(passing, worst(counted(warning)), because=None), *warning]
    return passing


def counted(findings: Iterable[Finding]) -> list[Verdict]:
    """Return the verdicts that count; what was not judged says nothing."""
    return [each.verdict for each in findings if each.standing is not Standing.NOT_JUDGED]


def errors_of(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that could not be judged at all."""
    return [each for each in findings if each.verdict is Verdict.ERROR]


def _capped(findings: list[Finding], most: Verdict, *, because: ReasonKind | None) -> list[Finding]:
    return [
        each.model_copy(update={"verdict": most, "reason": Reason(kind=because) if because else each.reason})
        if most.severity < each.verdict.severity < Verdict.ERROR.severity and each.standing is not Standing.NOT_JUDGED
        else each
        for each in findings
    ]
