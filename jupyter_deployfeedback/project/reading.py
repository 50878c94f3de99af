"""Plain data -> the sections of the file, each validated on its own.

One broken target must not hide what is wrong with the suites: what could be read goes on to the checks that compare
sections with each other, the rest is already a problem.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jupyter_deployfeedback.domain.project import Kernels, ReleaseSettings
from jupyter_deployfeedback.errors import Problem
from jupyter_deployfeedback.project import schema
from jupyter_deployfeedback.project.document import Document, Path, translate_all

SectionT = TypeVar("SectionT", bound=BaseModel)
NOTE = "x-"  # how keys begin that say nothing to us: they hold what aliases refer to


@dataclass(frozen=True)
class Sections:
    """What could be read. ``declared`` are all names of targets, readable or not; ``whole`` only if nothing is wrong.

    Suites and rules are keyed by their position in the file.
    """

    whole: schema.ProjectFile | None
    declared: tuple[str, ...]
    baseline: str | None
    default_target: str | None
    targets: dict[str, schema.TargetFile]
    suites: dict[int, schema.SuiteFile]
    metrics: dict[str, schema.MetricFile]
    rules: dict[int, schema.RuleFile]
    kernels: Kernels | None
    release: ReleaseSettings | None
    problems: list[Problem] = field(default_factory=list)


def read_sections(document: Document, *, environment: Mapping[str, str]) -> Sections:
    """Validate a document section by section; everything that is wrong is in ``problems``."""
    if not isinstance(document.data, dict):
        remedy = "Begin with version, targets and suites; jupyter deployfeedback init writes a file to start from."
        what = "is empty." if document.data is None else "must hold keys with values."
        problem = document.problem((), what, remedy)
        return Sections(None, (), None, None, {}, {}, {}, {}, None, None, [problem])
    document.data = {key: value for key, value in document.data.items() if not key.startswith(NOTE)}
    context = {"environment": environment}
    data = {key: value for key, value in document.data.items() if not str(key).startswith("x-")}
    try:
        whole = schema.ProjectFile.model_validate(data, context=context)
    except ValidationError as error:
        return _salvage(data, document, error, context)
    return _of(whole)


def _of(whole: schema.ProjectFile) -> Sections:
    return Sections(
        whole=whole,
        declared=tuple(whole.targets),
        baseline=whole.baseline,
        default_target=whole.default_target,
        targets=whole.targets,
        suites=dict(enumerate(whole.suites)),
        metrics=whole.metrics,
        rules=dict(enumerate(whole.rules)),
        kernels=whole.kernels,
        release=whole.release,
    )


def _salvage(
    data: dict[str, Any], document: Document, error: ValidationError, context: dict[str, Mapping[str, str]]
) -> Sections:
    errors = error.errors(include_url=False)
    broken: set[Path] = {item["loc"][:2] for item in errors} | {
        item["loc"][:1] for item in errors if len(item["loc"]) == 1
    }

    def read(kind: type[SectionT], key: str) -> dict[Any, SectionT]:
        entries = [] if (key,) in broken else data.get(key, [])
        pairs = entries.items() if isinstance(entries, dict) else enumerate(entries)
        return {
            name: kind.model_validate(_long_form(kind, value), context=context)
            for name, value in pairs
            if (key, name) not in broken
        }

    def read_one(kind: type[SectionT], key: str) -> SectionT | None:
        if any(path[0] == key for path in broken):
            return None
        return kind.model_validate(data.get(key, {}), context=context)

    targets = data.get("targets")
    return Sections(
        whole=None,
        declared=tuple(targets) if isinstance(targets, dict) else (),
        baseline=None if ("baseline",) in broken else data.get("baseline"),
        default_target=None if ("default_target",) in broken else data.get("default_target"),
        targets=read(schema.TargetFile, "targets"),
        suites=read(schema.SuiteFile, "suites"),
        metrics=read(schema.MetricFile, "metrics"),
        rules=read(schema.RuleFile, "rules"),
        kernels=read_one(Kernels, "kernels"),
        release=read_one(ReleaseSettings, "release"),
        problems=translate_all(errors, document),
    )


def _long_form(kind: type[BaseModel], value: object) -> object:
    return {"notebook": value} if kind is schema.SuiteFile and isinstance(value, str) else value
