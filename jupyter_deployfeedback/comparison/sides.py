"""The two sides of a comparison: what each of them has, example by example, and what of it answers an estimand."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from jupyter_deployfeedback.comparison.load.windows import UnderLoad, Windows, gather_load, gather_windows
from jupyter_deployfeedback.comparison.measured import Missing
from jupyter_deployfeedback.comparison.pairing import Pair, pair_live, pair_stored
from jupyter_deployfeedback.comparison.samples import (
    ENOUGH_ANSWERED,
    Bools,
    Objects,
    Samples,
    number_labels,
    pool,
    read,
)
from jupyter_deployfeedback.domain.base import Scalar
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.metric import Observation, in_base_unit
from jupyter_deployfeedback.domain.rules.rule import Relation
from jupyter_deployfeedback.domain.run import Evidence, Outcome, SideEvidence, SuiteResult

HISTORICAL = "historical: the baseline was measured in another run"
IMPORTED = "historical: the baseline is a document of AICoE-CI, numbers without their samples"
BROKEN_OFF = frozenset({Outcome.ERRORED, Outcome.NOT_RUN})
CANDIDATE, BASELINE = "the candidate", "the baseline"
OTHERS = "requests of a load generator pair with no baseline: give them limits of their own"
SIDE_BY_SIDE = "requests of a load generator ran side by side: judge the throughput that its suite recorded"


@dataclass(frozen=True)
class Pooled:
    """The samples of all evaluations under one another.

    ``baseline`` has one row for each row of ``candidate`` where ``paired`` is true, in the same order. Rows that are
    ``apart`` came from another tool, under another load: beside rows of suites they belong to their slices only.
    """

    candidate: Samples
    baseline: Samples | None
    paired: Bools
    slices: dict[str, Objects]
    apart: Bools | None = None

    def rows(self, within: tuple[str, str] | None) -> Bools:
        """Return which rows belong to a slice; without one all of them, of which none or all are apart."""
        if within is None:
            every = np.ones(self.candidate.n, dtype=bool)
            return every if self.apart is None or self.apart.all() else ~self.apart
        name, value = within
        column = self.slices.get(name)
        return np.zeros(self.candidate.n, dtype=bool) if column is None else np.asarray(column == value, dtype=bool)


@dataclass(frozen=True)
class Numbers:
    """Single numbers of one side by metric name; what suites recorded stands below the suite's name."""

    platform: dict[str, Observation]
    recorded: dict[str, dict[str, Observation]]


@dataclass(frozen=True)
class Material:
    """Candidate and baseline, gathered.

    ``pairs`` are the evaluations, ``pooled`` their samples (None where nothing was evaluated), ``stored`` the samples
    of an earlier run by themselves, ``sources`` the suites' paths by name. ``partial`` says why samples may not be
    judged, ``disturbed`` why latencies are weak evidence. ``live`` says whether the baseline was loaded in this run.
    ``load`` holds the requests of its loads, ``windows`` what the platform did in their windows; both are None where no
    suite loaded the target.
    """

    baseline_name: str | None
    live: bool
    pairs: tuple[Pair, ...]
    pooled: Pooled | None
    stored: Samples | None
    numbers: Numbers
    baseline_numbers: Numbers | None
    partial: str | None
    broken_suites: dict[str, str]
    sources: dict[str, str]
    disturbed: str | None = None
    load: UnderLoad | None = None
    windows: Windows | None = None
    confidence: float = 0.95  # one-sided: of the intervals in the tables
    imported: bool = False  # whether the baseline was not a run of ours

    @property
    def weak(self) -> str | None:
        """Say why everything relative is weak evidence, None where the baseline was loaded in this run."""
        if self.live or self.baseline_name is None:
            return None
        return IMPORTED if self.imported else HISTORICAL

    def unpaired(self) -> Missing | None:
        """Say why samples cannot be compared with the baseline's, None where they can."""
        if self.baseline_name is None:
            return Missing("there is no baseline", baseline=True)
        problem = next((pair.problem for pair in self.pairs if pair.problem), None)
        if problem:
            return Missing(problem)
        if self.pooled is not None and self.pooled.baseline is not None:
            return None
        if self.baseline_numbers is None:
            return Missing("the evidence of the baseline is not there")
        if not self.live and self.stored is None:
            return Missing("the baseline has no samples of it", baseline=True)
        return Missing("no evaluation of this run was answered by the baseline too")


def gather(
    evidence: Evidence, *, stored: Evidence | None, baseline: str | None, disturbed: str | None = None
) -> Material:
    """Gather both sides; a stored baseline was asked for by name, so it counts before one that was loaded live."""
    against = stored if baseline is not None else None
    live = baseline is not None and against is None and _is_live(evidence)
    pairs = pair_live(evidence.suites) if against is None else pair_stored(evidence.suites, against.suites)
    broken = {each.suite.name: _why(each) for each in evidence.suites if each.outcome in BROKEN_OFF}
    partial = next((_broke_off(name, broken) for pair in pairs if (name := pair.evaluation.suite) in broken), None)
    return Material(
        baseline_name=baseline,
        live=live,
        pairs=pairs,
        pooled=_pool(pairs if baseline is not None else [Pair(pair.evaluation) for pair in pairs]),
        stored=_own_samples(against.suites) if against else None,
        numbers=_numbers(evidence.suites, evidence.candidate),
        baseline_numbers=_baseline_numbers(evidence, stored=against, live=live) if baseline is not None else None,
        partial=partial,
        broken_suites=broken,
        sources={suite.suite.name: suite.suite.source for suite in evidence.suites},
        disturbed=disturbed,
        load=gather_load(pairs if baseline is not None else [Pair(pair.evaluation) for pair in pairs]),
        windows=gather_windows(evidence),
        imported=against is not None and against.imported is not None,
    )


def _broke_off(suite: str, broken: dict[str, str]) -> str:
    return f"suite {suite!r} broke off, and partial data are not judged: {broken[suite]}"


def _is_live(evidence: Evidence) -> bool:
    answered = any(each.baseline is not None for suite in evidence.suites for each in suite.evaluations)
    return answered or evidence.baseline is not None


def _why(suite: SuiteResult) -> str:
    errors = (case.error.message for case in suite.cases if case.error is not None)
    return suite.reason or next(errors, "") or suite.outcome.value


def _pool(pairs: Iterable[Pair]) -> Pooled | None:
    pairs = list(pairs)
    if not pairs:
        return None
    codes = number_labels(column for pair in pairs for column in _label_columns(pair))
    candidate = pool([read(pair.evaluation, pair.evaluation.candidate, codes) for pair in pairs])
    sides = [read(pair.evaluation, pair.baseline, codes) for pair in pairs if pair.baseline is not None]
    paired = np.concatenate([np.full(len(pair.evaluation.ids), pair.baseline is not None) for pair in pairs])
    apart = np.concatenate([np.full(len(pair.evaluation.ids), not pair.evaluation.pairs) for pair in pairs])
    names = sorted({name for pair in pairs for name in pair.evaluation.slices})
    slices = {name: np.concatenate([_slice(pair, name) for pair in pairs]) for name in names}
    return Pooled(
        candidate=candidate, baseline=pool(sides) if sides else None, paired=paired, slices=slices, apart=apart
    )


def _slice(pair: Pair, name: str) -> Objects:
    column = np.empty(len(pair.evaluation.ids), dtype=object)
    if name in pair.evaluation.slices:
        column[:] = pair.evaluation.slices[name]
    return column


def _label_columns(pair: Pair) -> list[tuple[Scalar, ...]]:
    sides = [pair.evaluation.candidate, *([pair.baseline] if pair.baseline else [])]
    return [pair.evaluation.truth, *(side.predictions for side in sides)]


def _own_samples(suites: Iterable[SuiteResult]) -> Samples | None:
    """Return the samples of an earlier run by themselves."""
    pooled = _pool(Pair(each) for suite in suites for each in suite.evaluations)
    return pooled.candidate if pooled else None


def _numbers(suites: Iterable[SuiteResult], side: SideEvidence) -> Numbers:
    recorded: dict[str, dict[str, Observation]] = {}
    for suite in suites:
        for each in map(in_base_unit, suite.observations):
            recorded.setdefault(each.metric.name, {})[suite.suite.name] = each  # within a suite the last one counts
    return Numbers(
        platform={each.metric.name: in_base_unit(each) for each in side.platform},
        recorded=recorded,
    )


def _baseline_numbers(evidence: Evidence, *, stored: Evidence | None, live: bool) -> Numbers | None:
    """Return the baseline's single numbers; suites record of the candidate only, so the last release's stand in."""
    if live:
        if evidence.baseline is None:
            return Numbers(platform={}, recorded={})
        recorded: dict[str, dict[str, Observation]] = {}
        for each in map(in_base_unit, evidence.baseline.recorded):
            recorded.setdefault(each.metric.name, {})[each.source] = each
        return replace(_numbers((), evidence.baseline), recorded=recorded)
    return _numbers(stored.suites, stored.candidate) if stored else None


@dataclass(frozen=True)
class Selection:
    """The candidate's rows; ``baseline`` has the same rows in the same order, None for an absolute limit."""

    candidate: Samples
    baseline: Samples | None = None

    @property
    def paired_baseline(self) -> Samples:
        """Return the baseline's rows of a relative limit."""
        if self.baseline is None:
            raise ValueError("a relative limit was selected without its baseline")
        return self.baseline

    def by_request(self) -> "Selection":
        """Return one row for each request of the candidate: a batch is one latency and one failure, not many."""
        rows = self.candidate.leads()
        return Selection(self.candidate.take(rows), None if self.baseline is None else self.baseline.take(rows))


def select(estimand: Estimand, material: Material) -> Selection | Missing:
    """Return the rows, or why there are none."""
    pooled = material.pooled
    if pooled is None:
        return Missing("no suite evaluated anything", no_data=True)
    rows = pooled.rows(estimand.slice)
    if not rows.any():
        return Missing(f"no example is in the slice {':'.join(estimand.slice or ())}", no_data=True)
    relative = estimand.expression.relation is not Relation.ABSOLUTE
    apart = pooled.apart is not None and bool((rows & pooled.apart).any())
    if not relative:
        aside = apart and estimand.metric == "throughput"
        return Missing(SIDE_BY_SIDE) if aside else Selection(pooled.candidate.take(rows))
    unpaired = Missing(OTHERS) if apart and material.baseline_name is not None else material.unpaired()
    if unpaired or pooled.baseline is None:
        return unpaired or Missing("the baseline answered nothing")
    both = rows & pooled.paired
    if not both.any():
        return Missing("the baseline answered none of these examples")
    return Selection(pooled.candidate.take(both), pooled.baseline.take(rows[pooled.paired]))


def too_few_answered(chosen: Selection, sides: Iterable[str]) -> Missing | None:
    """Say which of these sides answered too few of the planned requests for anything but errors to be judged."""
    for side in sides:
        samples = chosen.candidate if side == CANDIDATE else chosen.baseline
        if samples is None:
            continue
        answered = int(np.count_nonzero(samples.answered))
        if answered < ENOUGH_ANSWERED * samples.n:
            return Missing(f"{side} answered only {answered} of {samples.n} requests")
    return None
