"""What the planned examples can settle, told before the first request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from jupyter_deployfeedback.comparison.planning import prospects
from jupyter_deployfeedback.domain.comparison import Pilot
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.rules.rule import Expression, Subject
from jupyter_deployfeedback.domain.run import RunState, Suite
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.feedback import planned, scattered
from jupyter_deployfeedback.project import inspect_suite
from jupyter_deployfeedback.verdict import estimands

if TYPE_CHECKING:
    from jupyter_deployfeedback.store import Store


class Expectation(NamedTuple):
    """What the planned examples can settle of one expression, and whether it can pass with them at all."""

    sentence: str
    can_pass: bool


def pilot(project: Project, suites: tuple[Suite, ...], *, store: Store | None) -> Pilot:
    """Return how many examples a run would send, and how the newest judged run of the project scattered.

    What no suite's ``more`` and no run says is None: it was never measured. Points of a matrix are not counted: each of
    them is judged by itself.
    """
    together = [suite for suite in suites if suite.point_of is None and not suite.matrix and suite.problem is None]
    growing = [(suite, suite.more) for suite in together if suite.more is not None]
    counts = [{**inspect_suite(project, suite).parameters, **suite.parameters}.get(name) for suite, name in growing]
    sent = sum(int(str(each)) for each in counts if str(each).isdecimal()) or None
    runs = store.list(project_file=project.file, state=RunState.FINISHED, limit=20) if store is not None else []
    last = next((run for run in runs if run.verdict is not Verdict.ERROR), None)
    report = store.report_of(last.run_id) if store is not None and last is not None else None
    return Pilot(examples=sent, requests=sent) if report is None else scattered(report, sent)


Expectations = Mapping[tuple[Subject, Expression], Expectation]


def expected(project: Project, suites: tuple[Suite, ...], *, store: Store | None) -> Expectations:
    """Return by subject and expression what the planned examples can settle; only what can be computed."""
    passing = tuple(rule.model_copy(update={"warning": (), "failing": ()}) for rule in project.rules)
    asked = estimands(passing, confidence=project.confidence_of_a_look, slice_values={})
    return {
        (each.estimand.subject, each.estimand.expression): Expectation(planned(each), can_pass=each.can_pass)
        for each in prospects(asked, pilot(project, suites, store=store))
    }
