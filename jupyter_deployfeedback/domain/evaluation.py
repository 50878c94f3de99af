"""What the target answered, example by example: the samples every verdict is computed from."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from jupyter_deployfeedback.domain.base import Frozen, Scalar
from jupyter_deployfeedback.domain.metric import Window
from jupyter_deployfeedback.probe.failures import FailureKind

Picture = Annotated[str, Field(pattern=r"^data:image/png;base64,[A-Za-z0-9+/]+={0,2}$", max_length=100_000)]
"""A small PNG as a data URL. The notebook wrote it: nothing but base64 may stand in it."""
Excerpt = Annotated[str, AfterValidator(lambda text: text[:1000])]


class RequestState(StrEnum):
    """What became of one request."""

    ANSWERED = "answered"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    NOT_SENT = "not_sent"


class Failure(Frozen):
    """Requests of one side that have no answer for one reason, alike but for literals.

    ``sent`` and ``reply`` are how the first of them, and what came back, begin; no secret is in them. ``remedy`` says
    what to do about the cause.
    """

    kind: FailureKind = FailureKind.OTHER
    status: int | None = None
    count: int = Field(ge=1)
    message: Excerpt
    sent: Excerpt = ""
    reply: Excerpt = ""
    remedy: Excerpt = ""

    @property
    def told(self) -> str:
        """The reason, and how what came back begins."""
        begins = self.reply if len(self.reply) <= 100 else f"{self.reply[:100]}…"
        return f"{self.message}: {begins}" if self.kind is FailureKind.STATUS and begins else self.message


class Task(StrEnum):
    """What the model predicts: a class (right or wrong) or a number (an error)."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class Answers(Frozen):
    """One target's answers, column by column; every column is as long as the evaluation's ``ids``.

    ``predictions`` hold None where there was no answer. ``latency_seconds`` is measured at the client; a timed-out
    request counts with its timeout, one that was never sent with None. ``sent_at`` is seconds since the epoch.
    ``versions`` are the distinct model versions that answered. ``failures`` are the distinct reasons why there is no
    answer, ``errors`` those of another tool, as it worded them. ``retries`` counts the requests that were sent again
    because the target asked to wait.
    """

    target: str
    predictions: tuple[Scalar, ...]
    probabilities: tuple[float | None, ...] | None = None
    latency_seconds: tuple[float | None, ...]
    sent_at: tuple[float | None, ...]
    states: tuple[RequestState, ...]
    versions: tuple[str, ...] = ()
    errors: dict[str, int] = {}
    failures: tuple[Failure, ...] = Field(default=(), max_length=20)
    retries: int = Field(default=0, ge=0)

    @property
    def reasons(self) -> tuple[Failure, ...]:
        """The reasons why there is no answer, most frequent first."""
        told = (Failure(count=n, message=text[:300].rstrip(".")) for text, n in self.errors.items() if n > 0)
        return tuple(sorted((*self.failures, *told), key=lambda each: each.kind.rank(each.count)))

    @model_validator(mode="after")
    def _columns_are_equally_long(self) -> Self:
        columns = [self.predictions, self.latency_seconds, self.sent_at, self.states]
        if self.probabilities is not None:
            columns.append(self.probabilities)
        if len({len(column) for column in columns}) > 1:
            raise ValueError("the columns of answers differ in length")
        return self


class WindowPair(Frozen):
    """The windows in which both sides were sent the same requests, one window right after the other."""

    candidate: Window
    baseline: Window | None = None


class Load(Frozen):
    """Requests sent at times fixed beforehand, ``rate`` of them per second, in windows that alternate between sides."""

    rate: float = Field(gt=0)
    pairs: tuple[WindowPair, ...] = Field(min_length=1)


class KnownKind(StrEnum):
    """What is known of an example beforehand."""

    RIGHT = "right"  # labelled with what the target itself answered
    WRONG = "wrong"  # labelled with anything else
    UNREACHABLE = "unreachable"  # sent to an address where nobody listens


class Known(Frozen):
    """An example whose score is known beforehand, as the kernel scored it; it belongs to no metric."""

    kind: KnownKind
    truth: Scalar
    prediction: Scalar
    state: RequestState
    scored_right: bool


class Evaluation(Frozen):
    """One call of ``evaluate`` or ``load``: what was sent, what is true of it and what each side answered.

    With a live baseline both sides answered the same examples, interleaved; the columns pair by position.
    ``pictures`` show some of the examples, by id.
    ``dataset_digest`` is the sha256 of ids and truths, so that a changed data set is noticed. Where it does not
    ``pairs``, as with the requests of a load generator, the same id means another request in another run.
    With a ``load`` the rows are requests, pair of windows by pair, equally many in each; nothing is known to be true of
    them and no prediction is kept. ``sent_at`` is then when a request was to be sent, and latency counts from there.
    ``occasions`` count how often each example was sent, in this run and those it continues: 1 for the first time.
    They are empty where nothing was continued. Sent again, an example says more of latency, never of the model.
    ``known`` are the examples of the self-test.
    """

    name: str
    suite: str
    task: Task = Task.CLASSIFICATION
    ids: tuple[str, ...]
    truth: tuple[Scalar, ...]
    slices: dict[str, tuple[str, ...]] = {}
    candidate: Answers
    baseline: Answers | None = None
    window: Window
    dataset_digest: str
    pictures: dict[str, Picture] = {}
    pairs: bool = True
    load: Load | None = None
    known: tuple[Known, ...] = ()
    occasions: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _columns_match_ids(self) -> Self:
        lengths = {len(self.truth), len(self.candidate.states)} | {len(column) for column in self.slices.values()}
        if self.baseline is not None:
            lengths.add(len(self.baseline.states))
        if self.occasions:
            lengths.add(len(self.occasions))
        if lengths != {len(self.ids)}:
            raise ValueError("truth, slices and answers must have one entry for each id")
        sent = set(zip(self.ids, self.occasions, strict=True)) if self.occasions else set(self.ids)
        if len(sent) != len(self.ids):
            raise ValueError("example ids must be unique")
        return self

    @model_validator(mode="after")
    def _a_load_holds_nothing_but_requests(self) -> Self:
        if self.load is None:
            return self
        if len(self.ids) % len(self.load.pairs):
            raise ValueError("the windows of a load must hold equally many requests")
        sides = [self.candidate, *([self.baseline] if self.baseline else [])]
        if any(each is not None for column in (self.truth, *(side.predictions for side in sides)) for each in column):
            raise ValueError("a load knows no truth and keeps no predictions")
        return self


class Asked(Frozen):
    """What the runs that are being continued asked in one call of ``evaluate``, each example once.

    ``times`` says how often each was sent; the answers are those of the first time.
    """

    name: str
    ids: tuple[str, ...]
    truth: tuple[Scalar, ...]
    times: tuple[int, ...]
    candidate: Answers
    baseline: Answers | None = None


class Continuation(Frozen):
    """What a run that continues others tells its suites: what was asked before, by suite, and how much more is wanted.

    ``growth`` is the wanted number of requests as a factor on those sent so far; ``again`` allows to send examples a
    further time where no others are left.
    """

    growth: float
    again: bool
    asked: dict[str, tuple[Asked, ...]]
