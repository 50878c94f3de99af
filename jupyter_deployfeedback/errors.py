"""Every error this package raises on purpose.

Each class carries a stable ``code`` (the ``error`` of a REST answer), the ``http_status`` of that answer and the
``exit_code`` of the command line. A message says what happened, with which thing; ``remedy`` says what to do next.
Neither ever holds a secret.

DeployFeedbackError
|-- UsageError                  2  wrong use, found before any request is sent
|   |-- ProjectError               the project file is missing, broken or contradictory: names file, line and key
|   |   `-- ProjectNotFound
|   |-- RuleSyntaxError            a rule's expression cannot be read: names the character
|   |-- UnknownTarget
|   |-- UnknownSuite
|   |-- UnknownParameter
|   |-- NotebookInvalid            a suite is not a notebook that can be run
|   |-- KernelNotFound
|   |-- SuitesBroken               suites cannot be run on this machine: says why of each
|   |-- RunNotFound
|   |-- RunUnfinished              the run is still going, and what was asked for needs its end
|   |-- RunConflict                the run's state does not allow this step
|   |-- ArtifactNotFound
|   |-- ContinueRefused            the run cannot be continued: it is settled, its looks are used, something changed
|   |-- WaiverRefused              the finding is an error, needs no waiver, is not there, or the day is over
|   |-- ReleaseRefused             what git or the repository does not allow
|   |   |-- NotARepository
|   |   |-- WorkingTreeDirty
|   |   |-- PersonUnknown          git does not know who makes the tag or commit
|   |   |-- FiltersUntrusted       only the repository's own filters could tell whether files changed
|   |   |-- TagExists
|   |   `-- PushFailed             the tag is made here, but the remote does not have it
|   |-- SecretNotAllowed           a secret would go where neither the user nor an admin allowed it
|   |-- BodyTooLarge               a request has a larger body than this server takes
|   |-- QueueFull                  as many runs wait as this server lets wait
|   |-- PermissionMissing          a folder or file cannot be written
|   `-- PortInUse
|-- GateClosed                  1  the release is not permitted by the verdict
|-- RunCancelled                4
|-- RunInterrupted              4  the process it ran under has gone
`-- HarnessError                4  we could not run or could not measure
    |-- TargetUnreachable
    |   `-- TargetTimedOut         no whole answer within the request's time
    |-- ProtocolError              an answer that cannot be read as predictions
    |-- GeneratorSaturated         a load could not keep its schedule, so it measured itself
    |-- MetricsUnavailable         the source of platform metrics did not give numbers
    |   `-- NoSeries               the source answers, but holds nothing of what was asked
    |-- SecretUnavailable          a reference env:, file: or keyring: that resolves to nothing
    `-- StoreUnavailable           the store cannot be opened, read or written
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ENDED_TWICE = re.compile(r"(?<![.])([.?!…][\"'’”)]?)\.(?=\s|$)")


def _ended_once(text: str) -> str:
    """Take the full stop away behind what was put into a sentence and ends by itself."""
    return _ENDED_TWICE.sub(r"\1", text).strip()


class DeployFeedbackError(Exception):
    """Base of all errors; catch it to show ``message`` and ``remedy`` instead of a traceback."""

    code = "internal"
    http_status = 500
    exit_code = 4

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = _ended_once(message)
        self.remedy = _ended_once(remedy)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        """Survive a process boundary with all facts (pickling an exception keeps only ``args``)."""
        return (_rebuild, (type(self), self.args, self.__dict__))


class UsageError(DeployFeedbackError):
    """Wrong use: the command, the request or the project file must change."""

    code = "usage"
    http_status = 400
    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a project file: where it stands, what is wrong and what to write instead."""

    file: str
    line: int | None
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f" {self.key}:" if self.key else ""
        return f"{place}:{key} {self.problem} {self.remedy}".strip()


class ProjectError(UsageError):
    """The project file cannot be used; ``problems`` lists everything that is wrong with it."""

    code = "project_invalid"
    http_status = 422

    def __init__(self, problems: Sequence[Problem], *, remedy: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), remedy=remedy)


class ProjectNotFound(ProjectError):
    """No project file governs this notebook or folder."""

    code = "project_not_found"
    http_status = 404


class RuleSyntaxError(UsageError):
    """A rule's expression cannot be read; ``position`` is the offset of the offending character."""

    code = "rule_invalid"
    http_status = 422

    def __init__(self, message: str, *, expression: str, position: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.expression = expression
        self.position = position


class UnknownTarget(UsageError):
    """The project declares no target of this name."""

    code = "unknown_target"
    http_status = 404


class UnknownSuite(UsageError):
    """The project declares no suite of this name."""

    code = "unknown_suite"
    http_status = 404


class UnknownParameter(UsageError):
    """No suite of the run has a parameter of this name."""

    code = "unknown_parameter"
    http_status = 422


class NotebookInvalid(UsageError):
    """A suite's file is missing or is not a notebook that can be run."""

    code = "notebook_invalid"
    http_status = 422


class KernelNotFound(UsageError):
    """The suite's notebook asks for a kernel that this machine does not have."""

    code = "kernel_not_found"
    http_status = 422


class SuitesBroken(UsageError):
    """Suites cannot be run on this machine; the message says why of each, and what to do."""

    code = "suites_broken"
    http_status = 422


class RunNotFound(UsageError):
    """The store holds no run of this id."""

    code = "run_not_found"
    http_status = 404


class RunUnfinished(UsageError):
    """The run has not ended yet, and what was asked for needs its end."""

    code = "run_unfinished"
    http_status = 409


class RunConflict(UsageError):
    """The run's state does not allow this step: somebody else claimed, ended or lost it."""

    code = "run_conflict"
    http_status = 409


class ArtifactNotFound(UsageError):
    """The run kept no artifact of this name."""

    code = "artifact_not_found"
    http_status = 404


class ContinueRefused(UsageError):
    """The run cannot be continued: nothing is open, more would not settle it, its looks are used, something changed."""

    code = "continue_refused"
    http_status = 409


class WaiverRefused(UsageError):
    """The finding cannot be waived this way: it is an error, needs no waiver, is not there, or the day is over."""

    code = "waiver_refused"
    http_status = 409


class ReleaseRefused(UsageError):
    """The repository does not allow this release."""

    code = "release_refused"
    http_status = 409


class NotARepository(ReleaseRefused):
    """The project does not lie in a git repository with a commit."""

    code = "not_a_repository"


class WorkingTreeDirty(ReleaseRefused):
    """Files differ from the commit that was tested."""

    code = "working_tree_dirty"


class PersonUnknown(ReleaseRefused):
    """git does not know who makes the tag or commit, and nobody said it."""

    code = "person_unknown"


class FiltersUntrusted(ReleaseRefused):
    """Only filters of the repository's own configuration could tell whether files changed, and nobody trusts them."""

    code = "filters_untrusted"


class TagExists(ReleaseRefused):
    """The tag is taken by another commit."""

    code = "tag_exists"


class PushFailed(ReleaseRefused):
    """The tag was made here but not pushed; ``tag`` names it, so that the push can be repeated."""

    code = "push_failed"

    def __init__(self, message: str, *, tag: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.tag = tag


class SecretNotAllowed(UsageError):
    """A secret would be sent where neither the user nor an admin allowed it; names reference, origin and command."""

    code = "secret_not_allowed"
    http_status = 403


class BodyTooLarge(UsageError):
    """A request has a larger body than this server takes."""

    code = "body_too_large"
    http_status = 413


class QueueFull(UsageError):
    """As many runs wait as this server lets wait."""

    code = "queue_full"
    http_status = 429


class PermissionMissing(UsageError):
    """A file or folder cannot be written."""

    code = "permission_missing"
    http_status = 403


class PortInUse(UsageError):
    """Another program listens on the port."""

    code = "port_in_use"
    http_status = 409


class GateClosed(DeployFeedbackError):
    """The verdict does not permit a release; ``findings`` are the sentences that keep the gate closed."""

    code = "gate_closed"
    http_status = 409
    exit_code = 1

    def __init__(self, message: str, *, findings: Sequence[str] = (), remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.message, *(f"  {sentence}" for sentence in self.findings), self.remedy]))


class RunCancelled(DeployFeedbackError):
    """Somebody stopped the run before it was judged."""

    code = "run_cancelled"
    http_status = 409


class RunInterrupted(DeployFeedbackError):
    """What the run needed went away before it was judged; nobody asked it to stop."""

    code = "run_interrupted"
    http_status = 409


class HarnessError(DeployFeedbackError):
    """We could not run or could not measure; says nothing about the model."""

    code = "harness"
    http_status = 502


class TargetUnreachable(HarnessError):
    """The endpoint refused the connection, does not resolve, fails TLS or timed out."""

    code = "target_unreachable"


class TargetTimedOut(TargetUnreachable):
    """The endpoint gave no whole answer within the request's time."""

    code = "target_timed_out"


class ProtocolError(HarnessError):
    """The endpoint answered with something that is not predictions."""

    code = "protocol"


class GeneratorSaturated(HarnessError):
    """A load sent too few of its requests in time: its numbers would be those of the sender, not of the target."""

    code = "generator_saturated"


class MetricsUnavailable(HarnessError):
    """The source of platform metrics is unreachable, refuses us or has no numbers."""

    code = "metrics_unavailable"


class NoSeries(MetricsUnavailable):
    """The source of platform metrics answers, but holds nothing of what was asked."""

    code = "no_series"


class SecretUnavailable(HarnessError):
    """A secret's reference resolves to nothing on this machine."""

    code = "secret_unavailable"


class StoreUnavailable(HarnessError):
    """The store cannot be opened, read or written."""

    code = "store_unavailable"
    http_status = 503


def _rebuild(cls: type[DeployFeedbackError], args: tuple[object, ...], state: dict[str, object]) -> DeployFeedbackError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error
