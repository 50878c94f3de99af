"""``deployfeedback.yaml`` (or ``.aicoe-ci.yaml``) -> Project, or everything that is wrong with it at once."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jupyter_deployfeedback.domain import project
from jupyter_deployfeedback.domain.fields import HOW_TO_REFER, holds_secret, looks_secret
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS
from jupyter_deployfeedback.domain.rules.rule import OnNoData
from jupyter_deployfeedback.domain.run import MOST_POINTS
from jupyter_deployfeedback.errors import Problem, ProjectError
from jupyter_deployfeedback.project.aicoe import load_aicoe
from jupyter_deployfeedback.project.document import MOST_PROBLEMS, Document, nearest, read_document
from jupyter_deployfeedback.project.location import read_file
from jupyter_deployfeedback.project.reading import Sections, read_sections
from jupyter_deployfeedback.project.rules import check_rules, metrics_of, read_metrics, rule_of
from jupyter_deployfeedback.project.schema import ProjectFile, SuiteFile, TargetFile
from jupyter_deployfeedback.project.suites import all_suites, read_suite, source_of_suite, source_problem, suite_name

RESERVED = frozenset({project.LAST_RELEASE, "none"})  # words that say what to compare with
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")


def load_project(path: Path, *, environment: Mapping[str, str]) -> project.Project:
    """Return the checked project of a file; ``environment`` gives ``${NAME}`` in addresses its value.

    Sends no request and runs nothing. Raises ProjectNotFound, and ProjectError with every problem, ordered by line.
    """
    if path.name == project.AICOE_FILE:
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
        shown = sorted(problems, key=lambda problem: (problem.line or 0, problem.key))[:MOST_PROBLEMS]
        more = len(problems) - len(shown)
        raise ProjectError(shown, remedy=f"There are {more} more problems: mend these first." if more else "")
    return _project(sections.whole, path.absolute(), digest=digest)


def _project(file: ProjectFile, path: Path, *, digest: str) -> project.Project:
    targets = {name: _target(name, written, folder=path.parent) for name, written in file.targets.items()}
    name = file.name or path.parent.name
    return project.Project(
        name=name,
        folder=str(path.parent),
        file=str(path),
        digest=digest,
        targets=targets,
        default_target=file.default_target or _default_target(tuple(targets), baseline=file.baseline),
        baseline=file.baseline,
        suites=tuple(
            read_suite(each, kernel=file.kernel) for _, each in all_suites(dict(enumerate(file.suites)), path.parent)
        ),
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
        release=file.release.model_copy(update={"tag": file.release.tag.replace("{project}", name)}),
    )


def _default_target(names: tuple[str, ...], *, baseline: str) -> str:
    if "candidate" in names and baseline != "candidate":
        return "candidate"
    return next((name for name in names if name != baseline), names[0])


def _target(name: str, written: TargetFile, *, folder: Path) -> project.Target:
    target, ca_file = project.Target(name=name, **dict(written)), written.platform.ca_file
    if ca_file is None:
        return target
    return target.model_copy(update={"platform": target.platform.model_copy(update={"ca_file": str(folder / ca_file)})})


def check_consistency(sections: Sections, document: Document, *, folder: Path) -> Iterator[Problem]:
    """Yield everything that is wrong between sections, or between the file and the folder it lies in."""
    yield from _check_targets(sections, document)
    yield from _check_default(sections, document)
    yield from _check_baseline(sections, document)
    yield from _check_suite_names(all_suites(sections.suites, folder), document)
    for index, suite in sections.suites.items():
        if (said := source_problem(suite, folder)) is not None:
            yield document.problem(("suites", index, source_of_suite(suite)[0]), *said)
        yield from _check_parameters(("suites", index, "parameters"), suite.parameters, document)
        yield from _check_matrix(index, suite, document)
        if suite.more is not None and suite.notebook is None:
            remedy = "Drop it: continuing a run raises a parameter of a notebook."
            yield document.problem(("suites", index, "more"), "stands at a suite that is no notebook.", remedy)
    yield from _check_metrics(sections, document)
    yield from _check_settings(sections, document)


def _check_targets(sections: Sections, document: Document) -> Iterator[Problem]:
    for name in sections.declared:
        if name in RESERVED:
            yield document.problem(("targets", name), "is a word with another meaning.", "Choose another name.")
    for name, target in sections.targets.items():
        yield from _check_request(name, target.request, document)
        yield from _check_platform(name, target.platform, document)


def _check_request(name: str, request: project.RequestShape, document: Document) -> Iterator[Problem]:
    at = ("targets", name, "request")
    if len(set(_placeholders(request.body))) != 1:
        remedy = "Write $inputs where the batch belongs, or $input for a single example: {inputs: $inputs}."
        yield document.problem((*at, "body"), "must hold one of $inputs and $input.", remedy)
    remedy = f"Move it to auth: headers. {HOW_TO_REFER} If this was a real secret, replace it now."
    for header in request.headers:
        if looks_secret(header):
            yield document.problem((*at, "headers", header), "looks like a secret.", remedy)
    for key in request.body if isinstance(request.body, dict) else ():
        if looks_secret(str(key), request.body[key]):
            yield document.problem((*at, "body", key), "looks like a secret.", f"Send it as a header: {remedy}")


def _placeholders(body: object) -> Iterator[str]:
    if isinstance(body, dict | list):
        for value in body.values() if isinstance(body, dict) else body:
            yield from _placeholders(value)
    elif body in ("$inputs", "$input"):
        yield str(body)


def _check_platform(name: str, platform: project.Platform, document: Document) -> Iterator[Problem]:
    at = ("targets", name, "platform")
    if platform.source is project.PlatformSource.PROMETHEUS:
        if platform.url is None:
            yield document.problem((*at, "url"), "is missing.", "Write the server's address: http://127.0.0.1:9090.")
        if not platform.labels:
            remedy = "Select the target's series, for example: labels: {job: digits}."
            yield document.problem((*at, "labels"), "would match every series.", remedy)
    elif platform.preset is not project.PresetName.PROCESS:
        remedy = "Write source: prometheus and its url, or leave preset out."
        yield document.problem((*at, "preset"), "is asked of a Prometheus server only.", remedy)


def _check_default(sections: Sections, document: Document) -> Iterator[Problem]:
    name = sections.default_target
    if name is not None and sections.declared and name not in sections.declared:
        remedy = f"{nearest(name, sections.declared)}Write one of: {', '.join(sections.declared)}."
        yield document.problem(("default_target",), f'"{name}" is not a target.', remedy)
    elif name is not None and name == sections.baseline:
        remedy = "Test another target, or write baseline: last-release."
        yield document.problem(("default_target",), "is the baseline, which would be compared with itself.", remedy)


def _check_baseline(sections: Sections, document: Document) -> Iterator[Problem]:
    baseline = sections.baseline
    if baseline is None or baseline == project.LAST_RELEASE or not sections.declared:  # which is a problem of its own
        return
    if baseline not in sections.declared:
        choices = (*sections.declared, project.LAST_RELEASE)
        remedy = f"{nearest(baseline, choices)}Write one of: {', '.join(choices)}."
        yield document.problem(("baseline",), f'"{baseline}" is not a target.', remedy)
    elif len(sections.declared) == 1:
        remedy = "Add the target that shall be released, or write baseline: last-release."
        yield document.problem(("baseline",), "is the only target, which would be compared with itself.", remedy)


def _check_suite_names(suites: Sequence[tuple[int, SuiteFile]], document: Document) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, suite in suites:
        name = suite_name(suite)
        if name in first:
            line = document.line(("suites", first[name]))
            remedy = f"Give it another one: {{{': '.join(source_of_suite(suite))}, name: {name}-2}}."
            yield document.problem(("suites", index), f'has the name "{name}" of the suite on line {line}.', remedy)
        first.setdefault(name, index)


def _check_matrix(index: int, suite: SuiteFile, document: Document) -> Iterator[Problem]:
    at = ("suites", index, "matrix")
    for name, values in suite.matrix.items():
        secret = next((value for value in values if looks_secret(name, value)), values[0])
        yield from _check_parameters(at, {name: secret}, document)
        if name in suite.parameters:
            yield document.problem((*at, name), "is one of the parameters, too.", "Keep it in one of the two.")
    count = math.prod(len(values) for values in suite.matrix.values())
    if count > MOST_POINTS:
        yield document.problem(at, f"has {count} points; {MOST_POINTS} are the most.", "Leave values out.")


def _check_parameters(
    section: tuple[str | int, ...], parameters: Mapping[str, object], document: Document
) -> Iterator[Problem]:
    for name, value in parameters.items():
        at = (*section, name)
        if not name.isidentifier():
            yield document.problem(at, "cannot be a variable of the notebook.", "Use letters, digits and _.")
        elif holds_secret(name, value):
            remedy = "Parameters are kept in the executed notebook: use auth of the target, or kernels: environment."
            yield document.problem(at, "looks like a secret, and a secret is never a parameter.", remedy)


def _check_metrics(sections: Sections, document: Document) -> Iterator[Problem]:
    for name in sections.metrics:
        if name in STANDARD_METRICS:
            yield document.problem(("metrics", name), "is the name of a standard metric.", "Choose another name.")


def _check_settings(sections: Sections, document: Document) -> Iterator[Problem]:
    if sections.release is not None:
        yield from _check_tag(sections.release.tag, document)
    names: Sequence[str] = sections.kernels.environment if sections.kernels is not None else ()
    for index, name in enumerate(names):
        if not _VARIABLE_NAME.fullmatch(name):
            remedy = "Write only the name; the value is taken from the environment when a suite runs."
            yield document.problem(("kernels", "environment", index), "is not the name of a variable.", remedy)


def _check_tag(tag: str, document: Document) -> Iterator[Problem]:
    at = ("release", "tag")
    if "{version}" not in tag:
        yield document.problem(at, "does not hold {version}.", "Write for example: v{version}.")
    elif not _TAG.fullmatch(tag.replace("{version}", "1").replace("{project}", "p")) or ".." in tag:
        yield document.problem(at, "is not a name git allows.", "Use letters, digits, . _ / and -, as in v{version}.")
