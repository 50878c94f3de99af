"""Runs that continue each other, read as one: every sample once, nothing counted twice."""

from collections import Counter
from collections.abc import Iterator, Sequence

from jupyter_deployfeedback.comparison.pairing import Key, calls
from jupyter_deployfeedback.domain.evaluation import Answers, Asked, Evaluation
from jupyter_deployfeedback.domain.run import Evidence

Sent = dict[Key, Counter[str]]


def pool_chain(chain: Sequence[Evidence]) -> Evidence:
    """Return the newest run's evidence with the samples of those it continues, oldest first, before its own.

    Cases, metrics and platform are the newest run's: no earlier one failed, or it would not have been continued. So are
    loads and other tools' results, which the newest run made or read anew. An example that was sent again is marked as
    such, whatever the suite said of it.
    """
    sent: Sent = {}
    newest = chain[-1]
    parts = [
        _marked(evidence, sent, whole=evidence is newest, first=place == 0) for place, evidence in enumerate(chain)
    ]
    suites = (
        suite.model_copy(update={"evaluations": tuple(_of_suite(suite.suite.name, parts))}) for suite in newest.suites
    )
    return newest.model_copy(update={"suites": tuple(suites)})


def asked_before(chain: Sequence[Evidence]) -> dict[str, tuple[Asked, ...]]:
    """Return by suite what each call of ``evaluate`` asked in all these runs together, in the order of the calls."""
    by_call: dict[Key, list[Evaluation]] = {}
    for evidence in chain:
        for key, each in calls(evidence.suites):
            if adds_up(each):
                by_call.setdefault(key, []).append(each)
    asked: dict[str, tuple[Asked, ...]] = {}
    for (suite, _, _), evaluations in by_call.items():
        asked[suite] = (*asked.get(suite, ()), _asked(evaluations))
    return asked


def requests_sent(evidence: Evidence) -> int:
    """Return how many examples a run's own evaluations sent to the candidate, of those that can be added to."""
    return sum(len(each.ids) for suite in evidence.suites for each in suite.evaluations if adds_up(each))


def adds_up(evaluation: Evaluation) -> bool:
    """Say whether another run can add to it: to examples it can, to windows of load and to others' results not."""
    return evaluation.pairs and evaluation.load is None


def _marked(evidence: Evidence, sent: Sent, *, whole: bool, first: bool) -> dict[str, list[Evaluation]]:
    found: dict[str, list[Evaluation]] = {}
    for key, each in calls(evidence.suites):
        if not adds_up(each):
            found.setdefault(key[0], []).extend([each] if whole else [])
            continue
        times = sent.setdefault(key, Counter())
        occasions = []
        for example in each.ids:
            times[example] += 1
            occasions.append(times[example])
        marked = each if first and not each.occasions else each.model_copy(update={"occasions": tuple(occasions)})
        found.setdefault(key[0], []).append(marked)
    return found


def _of_suite(name: str, parts: Sequence[dict[str, list[Evaluation]]]) -> Iterator[Evaluation]:
    for part in parts:
        yield from part.get(name, ())


def _asked(evaluations: Sequence[Evaluation]) -> Asked:
    """Return what several runs asked in one call: the first answer to each example, and how often it was sent."""
    times = Counter(example for each in evaluations for example in each.ids)
    first: dict[str, tuple[Evaluation, int]] = {}
    for each in evaluations:
        for row, example in enumerate(each.ids):
            first.setdefault(example, (each, row))
    rows = list(first.values())
    paired = all(each.baseline is not None for each in evaluations)
    return Asked(
        name=evaluations[0].name,
        ids=tuple(first),
        truth=tuple(each.truth[row] for each, row in rows),
        times=tuple(times[example] for example in first),
        candidate=_answers([(each.candidate, row) for each, row in rows]),
        baseline=_answers([(each.baseline, row) for each, row in rows if each.baseline]) if paired else None,
    )


def _answers(rows: Sequence[tuple[Answers, int]]) -> Answers:
    given = list({id(side): side for side, _ in rows}.values())
    return Answers(
        target=given[0].target if given else "",
        predictions=tuple(side.predictions[row] for side, row in rows),
        probabilities=tuple(side.probabilities[row] if side.probabilities else None for side, row in rows),
        latency_seconds=tuple(side.latency_seconds[row] for side, row in rows),
        sent_at=tuple(side.sent_at[row] for side, row in rows),
        states=tuple(side.states[row] for side, row in rows),
        versions=tuple(dict.fromkeys(version for side in given for version in side.versions)),
    )
