"""Examples whose score is known beforehand, through the code that answers a run's own estimands."""

from collections.abc import Iterable, Iterator

from jupyter_deployfeedback.comparison.estimates import estimate
from jupyter_deployfeedback.comparison.measured import SKEWED_MEAN, SLICE
from jupyter_deployfeedback.comparison.sides import gather
from jupyter_deployfeedback.domain.base import Scalar
from jupyter_deployfeedback.domain.comparison import Estimand, KnownScore
from jupyter_deployfeedback.domain.evaluation import Answers, Evaluation, Known, RequestState, Task
from jupyter_deployfeedback.domain.rules.rule import Comparator, Expression
from jupyter_deployfeedback.domain.run import Evidence, Outcome, SuiteResult

TIMES = max(SKEWED_MEAN, SLICE)  # an example is repeated, so that it is judged and not below a floor
HALF = 0.5


def known_scores(evidence: Evidence) -> tuple[KnownScore, ...]:
    """Return the scores of the known examples of each evaluation; they enter no other estimate."""
    return tuple(
        KnownScore(
            where=f"{suite.suite.name} {each.name}",
            kind=known.kind,
            scored_right=known.scored_right,
            estimate=estimate(_asked(each.task), gather(alone, stored=None, baseline=None), errors_judged=False),
        )
        for suite in evidence.suites
        for each in suite.evaluations
        for known in each.known
        for alone in [evidence.model_copy(update={"suites": (_alone(suite, each, known),)})]
    )


def strangers(evidence: Evidence) -> Iterator[str]:
    """Yield the evaluations none of whose answers can be right, because they are written in another type."""
    for suite in evidence.suites:
        for each in suite.evaluations:
            answers = {guess for guess in each.candidate.predictions if guess is not None}
            truths = {truth for truth in each.truth if truth is not None}
            alike = _written(answers) & _written(truths) or _are_text(answers) ^ _are_text(truths) == {True, False}
            if each.task is Task.CLASSIFICATION and answers and not answers & truths and alike:
                example, known = sorted(map(repr, answers))[0], sorted(map(repr, truths))[0]
                said = f"the target answers {example}, but the truth is like {known}"
                yield f"{suite.suite.name} {each.name}: {said}; give evaluate the truth as the target writes it"


def _asked(task: Task) -> Estimand:
    if task is Task.REGRESSION:
        expression = Expression(text="<=0.5", comparator=Comparator.AT_MOST, limit=HALF)
        return Estimand(metric="mean_absolute_error", expression=expression)
    expression = Expression(text=">=50%", comparator=Comparator.AT_LEAST, limit=HALF)
    return Estimand(metric="accuracy", expression=expression)


def _alone(suite: SuiteResult, evaluation: Evaluation, known: Known) -> SuiteResult:
    """Return a suite that evaluated nothing but one example, many times."""
    seconds = None if known.state is RequestState.NOT_SENT else 0.0
    answers = Answers(
        target=evaluation.candidate.target,
        predictions=(known.prediction,) * TIMES,
        latency_seconds=(seconds,) * TIMES,
        sent_at=tuple(None if seconds is None else float(row) for row in range(TIMES)),
        states=(known.state,) * TIMES,
    )
    alone = Evaluation(
        name=evaluation.name,
        suite=evaluation.suite,
        task=evaluation.task,
        ids=tuple(map(str, range(TIMES))),
        truth=(known.truth,) * TIMES,
        candidate=answers,
        window=evaluation.window,
        dataset_digest=evaluation.dataset_digest,
    )
    whole = {"evaluations": (alone,), "observations": (), "cases": (), "outcome": Outcome.PASSED}
    return suite.model_copy(update=whole)


def _are_text(labels: Iterable[Scalar]) -> set[bool]:
    return {isinstance(each, str) for each in labels}


def _written(labels: Iterable[Scalar]) -> set[str]:
    """Return labels as text, 8.0 as 8 is written."""
    return {str(int(each)) if isinstance(each, float) and each.is_integer() else str(each).strip() for each in labels}
