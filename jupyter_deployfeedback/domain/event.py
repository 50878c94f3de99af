"""What a run tells while it works."""

from enum import StrEnum

from pydantic import AwareDatetime

from jupyter_deployfeedback.domain.base import Frozen


class EventKind(StrEnum):
    """What happened."""

    RUN = "run"  # the run's state changed
    SUITE_STARTED = "suite_started"
    SUITE_FINISHED = "suite_finished"
    CASE_STARTED = "case_started"
    CASE_FINISHED = "case_finished"
    PROGRESS = "progress"  # done of total requests inside a case
    STAGE = "stage"  # a stage of the pipeline began: observe, compare, judge ...


class Step(Frozen):
    """What a run tells: which suite and case, and how far. Fields that do not apply are None."""

    kind: EventKind
    state: str | None = None  # of the run
    suite: str | None = None
    case_id: str | None = None
    title: str | None = None
    outcome: str | None = None
    done: int | None = None
    total: int | None = None
    message: str | None = None


class RunEvent(Step):
    """One step of a run. ``seq`` grows by one within the run. A hint: what REST says is the truth."""

    run_id: str
    seq: int
    at: AwareDatetime
