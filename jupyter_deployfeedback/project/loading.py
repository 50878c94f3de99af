"""``deployfeedback.yaml`` (or ``.aicoe-ci.yaml``) -> Project, or everything that is wrong with it at once."""

from collections.abc import Mapping
from pathlib import Path

from jupyter_deployfeedback.domain.project import AICOE_FILE, Project, Target
from jupyter_deployfeedback.domain.rules.rule import OnNoData
from jupyter_deployfeedback.errors import ProjectError
from jupyter_deployfeedback.project.aicoe import load_aicoe
from jupyter_deployfeedback.project.consistency import check_consistency
from jupyter_deployfeedback.project.document import read_document
from jupyter_deployfeedback.project.location import read_file
from jupyter_deployfeedback.project.reading import read_sections
from jupyter_deployfeedback.project.rules import check_rules, metrics_of, read_metrics, rule_of
from jupyter_deployfeedback.project.schema import ProjectFile, TargetFile
from jupyter_deployfeedback.project.suites import read_suite


def load_project(path: Path, *, environment: Mapping[str, str]) -> Project:
    """Return the checked project of a file; ``environment`` gives ``${NAME}`` in addresses its value.

    Sends no request and runs nothing. Raises ProjectNotFound, and ProjectError with every problem, ordered by line.
    """
    if path.name == AICOE_FILE:
        return load_aicoe(path, environment=environment)
    text, digest = read_file(path)
    document = read_document(text, file=str(path))
    sections = read_sections(document, environment=environment)
    problems = [
        *document.problems,
        *sections.problems,
        *check_consistency(sections, document, folder=path.absolute().parent),
        *check_rules(sections, document),
    ]
    if problems or sections.whole is None:
        raise ProjectError(sorted(problems, key=lambda problem: (problem.line or 0, problem.key)))
    return _project(sections.whole, path.absolute(), digest=digest)


def _project(file: ProjectFile, path: Path, *, digest: str) -> Project:
    targets = {name: _target(name, written, folder=path.parent) for name, written in file.targets.items()}
    return Project(
        name=file.name or path.parent.name,
        folder=str(path.parent),
        file=str(path),
        digest=digest,
        targets=targets,
        default_target=_default_target(tuple(targets), baseline=file.baseline),
        baseline=file.baseline,
        suites=tuple(read_suite(written) for written in file.suites),
        parallel=file.parallel,
        timeout_seconds=file.timeout,
        metrics=read_metrics(file.metrics),
        rules=tuple(
            rule_of(
                each,
                metrics_of(file.metrics),
                on_no_data=OnNoData(file.on_no_data),
                on_small_slice=file.on_small_slice,
            )
            for each in file.rules
        ),
        confidence=file.confidence,
        looks=file.looks,
        kernels=file.kernels,
        release=file.release,
    )


def _default_target(names: tuple[str, ...], *, baseline: str) -> str:
    if "candidate" in names and baseline != "candidate":
        return "candidate"
    return next((name for name in names if name != baseline), names[0])


def _target(name: str, written: TargetFile, *, folder: Path) -> Target:
    target, ca_file = Target(name=name, **dict(written)), written.platform.ca_file
    if ca_file is None:
        return target
    return target.model_copy(update={"platform": target.platform.model_copy(update={"ca_file": str(folder / ca_file)})})
