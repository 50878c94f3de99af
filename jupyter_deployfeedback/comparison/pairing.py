"""Which answer of the baseline belongs to which answer of the candidate."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jupyter_deployfeedback.domain.comparison import ExampleChange
from jupyter_deployfeedback.domain.evaluation import Answers, Evaluation, RequestState, Task
from jupyter_deployfeedback.domain.run import SuiteResult

Key = tuple[str, str, int]  # suite, evaluation, how often the suite used that name before


@dataclass(frozen=True)
class Pair:
    """An evaluation with the baseline's answers in the same order, or the reason why they do not pair.

    ``absent`` says that the baseline never saw this evaluation, which is no mistake. ``pictures`` are those of both.
    """

    evaluation: Evaluation
    baseline: Answers | None = None
    problem: str | None = None
    absent: bool = False
    pictures: dict[str, str] = field(default_factory=dict)


def pair_live(suites: Iterable[SuiteResult]) -> tuple[Pair, ...]:
    """Pair by position: both sides were sent the same example by the same loop."""
    return tuple(
        Pair(each, baseline=each.baseline, absent=each.baseline is None, pictures=each.pictures)
        for suite in suites
        for each in suite.evaluations
    )


def pair_stored(suites: Iterable[SuiteResult], stored: Iterable[SuiteResult]) -> tuple[Pair, ...]:
    """Pair by example id with an earlier run; other data or other ids are a problem, never an unpaired comparison."""
    earlier = dict(calls(stored))
    same_data = {each.dataset_digest: each for each in earlier.values()}  # a renamed suite still pairs
    return tuple(
        Pair(each, absent=True)
        if not each.pairs
        else _match(each, _counterpart(each, named=earlier.get(key), same_data=same_data))
        for key, each in calls(suites)
    )


def calls(suites: Iterable[SuiteResult]) -> Iterator[tuple[Key, Evaluation]]:
    """Yield the evaluations by the call that made them: the same call has the same key in each run."""
    seen: Counter[tuple[str, str]] = Counter()
    for suite in suites:
        for each in suite.evaluations:
            name = (suite.suite.name, each.name)
            yield (*name, seen[name]), each
            seen[name] += 1


def changed_examples(pairs: Iterable[Pair]) -> tuple[tuple[ExampleChange, ...], tuple[ExampleChange, ...]]:
    """Return the examples only the baseline got right (broken) and those only the candidate did (fixed)."""
    broken: list[ExampleChange] = []
    fixed: list[ExampleChange] = []
    for pair in pairs:
        if pair.baseline is None or pair.evaluation.task is not Task.CLASSIFICATION:
            continue
        candidate, baseline = _right(pair.evaluation, pair.evaluation.candidate), _right(pair.evaluation, pair.baseline)
        again = [occasion > 1 for occasion in pair.evaluation.occasions] or [False] * len(candidate)
        for row, (now, before) in enumerate(zip(candidate, baseline, strict=True)):
            if now != before and not again[row]:
                (fixed if now else broken).append(_change(pair, pair.baseline, row))
    return tuple(broken), tuple(fixed)


def _counterpart(
    evaluation: Evaluation, *, named: Evaluation | None, same_data: dict[str, Evaluation]
) -> Evaluation | None:
    """Return the earlier evaluation of this name if its data agree, else one whose data do, else the name's."""
    if named is not None and named.dataset_digest == evaluation.dataset_digest:
        return named
    return same_data.get(evaluation.dataset_digest, named)


def _match(evaluation: Evaluation, earlier: Evaluation | None) -> Pair:
    if earlier is None or any(occasion > 1 for occasion in evaluation.occasions):
        return Pair(evaluation, absent=True)  # one measurement of the baseline pairs once
    if evaluation.occasions and earlier.dataset_digest != evaluation.dataset_digest:
        return Pair(evaluation, absent=True)  # what a continued run sent beyond the examples of the first
    if earlier.dataset_digest != evaluation.dataset_digest:
        sizes = f"{len(evaluation.ids):,} examples here, {len(earlier.ids):,} there"
        differ = f"the data of {evaluation.name!r} differ from those the baseline answered ({sizes})"
        return Pair(evaluation, problem=f"{differ}; to compare, send the same examples")
    rows = {example: row for row, example in enumerate(earlier.ids)}
    if rows.keys() != set(evaluation.ids):
        return Pair(evaluation, problem=f"the example ids of {evaluation.name!r} differ from those of the baseline")
    order = [rows[example] for example in evaluation.ids]
    if any(earlier.truth[row] != truth for row, truth in zip(order, evaluation.truth, strict=True)):
        return Pair(evaluation, problem=f"the true answers of {evaluation.name!r} differ from those of the baseline")
    answers = _reorder(earlier.candidate, order)
    return Pair(evaluation, baseline=answers, pictures=earlier.pictures | evaluation.pictures)


def _reorder(answers: Answers, order: list[int]) -> Answers:
    if order == list(range(len(order))):
        return answers
    columns = {
        "predictions": answers.predictions,
        "probabilities": answers.probabilities,
        "latency_seconds": answers.latency_seconds,
        "sent_at": answers.sent_at,
        "states": answers.states,
    }
    moved = {name: tuple(column[row] for row in order) for name, column in columns.items() if column is not None}
    return answers.model_copy(update=moved)


def _right(evaluation: Evaluation, answers: Answers) -> list[bool]:
    columns = zip(answers.predictions, evaluation.truth, answers.states, strict=True)
    return [truth is not None and state is RequestState.ANSWERED and guess == truth for guess, truth, state in columns]


def _change(pair: Pair, baseline: Answers, row: int) -> ExampleChange:
    evaluation = pair.evaluation
    return ExampleChange(
        example_id=evaluation.ids[row],
        suite=evaluation.suite,
        truth=evaluation.truth[row],
        candidate=evaluation.candidate.predictions[row],
        baseline=baseline.predictions[row],
        slices={name: column[row] for name, column in evaluation.slices.items()},
        picture=pair.pictures.get(evaluation.ids[row]),
    )
