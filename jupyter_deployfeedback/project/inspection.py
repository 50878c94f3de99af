"""What a suite offers and needs, a notebook or features, read without running anything."""

import ast
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.domain.kind import ADAPTERS, SuiteKind, holds_code
from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.errors import KernelNotFound, NotebookInvalid, UnknownParameter, UsageError
from jupyter_deployfeedback.project.document import nearest

DEFAULT_KERNEL = "python3"
FIRST_WITH_IDS = 5  # the minor format whose cells have ids
MOST_DIGITS = 15  # of a number of examples
OPEN_AND_SAVE = "Open it in JupyterLab and save it."

_ANY_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:\w+[ \t]+)?(?P<name>\w+)[ \t]*(?:=|<-)[ \t]*(?P<default>[^\n]*)$", re.MULTILINE
)
"""One line of a parameters cell in R, Julia, Scala, bash, JavaScript."""


@dataclass(frozen=True)
class SuiteInspection:
    """A suite's parameters (name -> default, as written) and its kernel, None where it needs none.

    ``parameters`` is empty where there is no parameters cell. ``notices`` are worth reading, nothing more.
    """

    parameters: Mapping[str, str]
    kernel_name: str | None
    notices: tuple[str, ...] = ()


def inspect_suite(project: Project, suite: Suite) -> SuiteInspection:
    """Read a suite: it is valid, these are its parameters, and this machine can run it.

    Raises NotebookInvalid, KernelNotFound, UsageError for a kind that nobody brings, and UnknownParameter where its
    ``more`` names none that counts.
    """
    if suite.kind == SuiteKind.RESULTS:
        return SuiteInspection({}, None)
    if suite.kind == SuiteKind.BEHAVE:
        return SuiteInspection({}, None, feature_notices(Path(project.folder), suite))
    if suite.kind != SuiteKind.NOTEBOOK:
        _require_adapter(suite)
        return SuiteInspection({name: str(value) for name, value in suite.parameters.items()}, None)
    notebook = read_notebook(Path(project.folder) / suite.source, shown=suite.source)
    notices: list[str] = []
    kernel_name = notebook["metadata"].get("kernelspec", {}).get("name")
    if not kernel_name:
        kernel_name = DEFAULT_KERNEL
        notices.append(f"{suite.source} names no kernel: {DEFAULT_KERNEL} is used.")
    if not any(cell["cell_type"] == "code" and holds_code(source_of(cell)) for cell in notebook["cells"]):
        notices.append(f"{suite.source} has no code: the suite will be errored.")
    _require_kernel(kernel_name, suite.source)
    parameters = notebook_parameters(notebook, suite.source)
    if suite.more is not None:
        _require_count(suite, parameters)
    return SuiteInspection(parameters, kernel_name, tuple(notices))


def read_notebook(path: Path, *, shown: str) -> dict[str, Any]:
    """Return a valid notebook of format 4 as plain data; ``shown`` is its path in messages. Raises NotebookInvalid."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotebookInvalid(f"{shown} cannot be read: {error.strerror}.", remedy="Check the path.") from error
    except UnicodeDecodeError:
        raise NotebookInvalid(f"{shown} is not text in UTF-8.", remedy="Save it as UTF-8.") from None
    except (ValueError, RecursionError):
        remedy = "It may have been cut off or hold merge markers: restore it from version control."
        raise NotebookInvalid(f"{shown} is not JSON.", remedy=remedy) from None
    if not isinstance(notebook, dict):
        raise NotebookInvalid(f"{shown} is JSON but not a notebook.", remedy="Restore it from version control.")
    if notebook.get("nbformat") != 4 or isinstance(notebook["nbformat"], float):
        what = f"{shown} is a notebook of format {notebook.get('nbformat', 'unknown')}, and only format 4 can be run."
        remedy = f"Convert it: jupyter nbconvert --to notebook --nbformat 4 --inplace {shown}"
        raise NotebookInvalid(what, remedy=remedy)
    return _validated(notebook, shown)


def _validated(notebook: dict[str, Any], shown: str) -> dict[str, Any]:
    """Accept what nbformat's schema accepts; cell ids may be missing, because whoever opens the notebook adds them."""
    from nbformat.validator import iter_validate

    cells, minor = notebook.get("cells"), notebook.get("nbformat_minor")
    if not isinstance(minor, int) or minor < 0:
        raise NotebookInvalid(f"{shown} is not a valid notebook: nbformat_minor is no number.", remedy=OPEN_AND_SAVE)
    if isinstance(cells, list) and minor >= FIRST_WITH_IDS:
        cells = [{"id": f"cell-{place}"} | cell if isinstance(cell, dict) else cell for place, cell in enumerate(cells)]
    error = next(iter_validate(notebook | {"cells": cells}), None)
    if error is not None:
        raise NotebookInvalid(f"{shown} is not a valid notebook: {error.message[:200]}.", remedy=OPEN_AND_SAVE)
    return notebook


def _require_kernel(name: str, shown: str) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    installed = sorted(KernelSpecManager().find_kernel_specs())
    if name not in installed:
        listed = ", ".join(installed) or "none"
        remedy = f"{nearest(name, installed)}Installed: {listed}. Choose one in the notebook, or install {name}."
        raise KernelNotFound(f'{shown} needs the kernel "{name}", which is not installed.', remedy=remedy)


def _require_adapter(suite: Suite) -> None:
    known = sorted(entry_points(group=ADAPTERS).names)
    if suite.kind not in known:
        listed = ", ".join((*SuiteKind, *known))
        what = f"Suite {suite.name!r} is of the kind {suite.kind!r}, which no installed package brings."
        raise UsageError(what, remedy=f"{nearest(suite.kind, known)}Install its package. Known: {listed}.")


def _require_count(suite: Suite, parameters: Mapping[str, str]) -> None:
    """Refuse a parameter that is to be raised when a run is continued and is no whole number above 0."""
    name = suite.more or ""
    if name not in parameters:
        listed = ", ".join(parameters) or "none: tag a cell 'parameters' to declare some"
        problem = f"Suite {suite.name!r} ({suite.source}) has no parameter {name!r}, which its more: names."
        raise UnknownParameter(problem, remedy=f"{nearest(name, list(parameters))}Its parameters: {listed}.")
    value = str(suite.parameters.get(name, parameters[name]))
    if not value.isdecimal() or len(value) > MOST_DIGITS or int(value) < 1:
        problem = f"Suite {suite.name!r}: {name} is {value}, which does not count examples, but more: names it."
        raise UnknownParameter(problem, remedy="Name the parameter that says how many examples are sent.")


def source_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's source as one text; in the file it may be a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def parameters_cell(notebook: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the code cell tagged ``parameters``, None where there is none."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get("tags", []):
            return dict(cell)
    return None


def notebook_parameters(notebook: Mapping[str, Any], shown: str) -> dict[str, str]:
    """Return what the parameters cell assigns (name -> default, as written); NotebookInvalid where it is broken."""
    cell = parameters_cell(notebook)
    if cell is None:
        return {}
    if _language(notebook) != "python":
        found = _ANY_ASSIGNMENT.finditer(source_of(cell))
        return {match["name"]: match["default"].rstrip(" \t").removesuffix(";") for match in found}
    lines = ("" if line.lstrip().startswith(("%", "!")) else line for line in source_of(cell).splitlines())
    try:
        return dict(_assignments(ast.parse("\n".join(lines))))
    except SyntaxError as error:
        why = f"{error.msg} (its line {error.lineno})"
    except (ValueError, RecursionError, MemoryError):  # half a character, more brackets or signs than a parser can hold
        why = "it cannot be parsed"
    what = f"{shown}: the parameters cell is not Python: {why}."
    raise NotebookInvalid(what, remedy="Mend the cell: it holds assignments such as n = 500.")


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = notebook["metadata"]
    named = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    return str(named or "python").lower()


def _assignments(tree: ast.Module) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            found += [(name, ast.unparse(statement.value)) for name in names]
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            found.append((statement.target.id, ast.unparse(statement.value)))
    return found


def feature_notices(folder: Path, suite: Suite) -> tuple[str, ...]:
    """Say what is odd about a suite's features: none matches its name, or several do."""
    pattern = suite.options.get("pattern")
    features = folder / suite.source
    files = sorted(features.rglob("*.feature")) if features.is_dir() else [features]
    matching = _matching(pattern or "", [str(file.absolute()) for file in files])
    found = [file.relative_to(folder).as_posix() for file, matches in zip(files, matching, strict=True) if matches]
    if not found:
        named = f"whose path holds {pattern!r}" if pattern else "at all"
        return (f"{suite.source} has no feature {named}: the suite will be errored.",)
    if pattern and len(found) > 1:
        return (f"{pattern!r} matches {len(found)} feature files, and all are run: {', '.join(found)}.",)
    return ()


_REPEATS = frozenset("*+?{|")
_SEARCH_SECONDS = 5.0
_SEARCH = "import json, re, sys; p, texts = json.load(sys.stdin); print([int(bool(re.search(p, t))) for t in texts])"


def _matching(pattern: str, texts: list[str]) -> list[bool]:
    """Say which texts hold a pattern. One that repeats can take years: it is tried in a process that can be ended.

    Raises UsageError where that is so.
    """
    if not _REPEATS & set(pattern):
        return [re.search(pattern, text) is not None for text in texts]
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SEARCH],
            input=json.dumps([pattern, texts]),
            capture_output=True,
            text=True,
            timeout=_SEARCH_SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        what = f"The regular expression {pattern[:100]!r} takes more than {_SEARCH_SECONDS:g} s to be matched."
        raise UsageError(what, remedy="Write part of a feature file's path: gather.") from None
    return [bool(each) for each in json.loads(done.stdout)]


def basis(project: Project, *, targets: Iterable[Target], suites: Iterable[Suite]) -> dict[str, str]:
    """Return a digest of the rules, of each target and of each suite that a run is about, by what it is called.

    Of a notebook only its code counts: saving it with other outputs changes nothing that is sent.
    """
    judged = project.model_dump(mode="json", include={"rules", "metrics", "confidence", "looks"})
    found = {"the rules": _digest(judged)}
    found |= {f"target {target.name}": _digest(target.model_dump(mode="json")) for target in targets}
    declared = {suite.name: suite for suite in project.suites}
    for suite in suites:
        said = declared.get(suite.point_of or suite.name, suite).model_dump(
            mode="json", exclude={"more", "timeout_seconds", "cell_timeout_seconds"}
        )
        found[f"suite {suite.name}"] = _digest([said, _code(Path(project.folder) / suite.source, suite)])
    return found


def _code(path: Path, suite: Suite) -> object:
    if suite.kind is not SuiteKind.NOTEBOOK:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]  # results may not have been written yet
        return [[each.name, hashlib.sha256(each.read_bytes()).hexdigest()] for each in files if each.is_file()]
    cells = read_notebook(path, shown=suite.source)["cells"]
    return [[source_of(cell), cell["metadata"].get("tags", [])] for cell in cells if cell["cell_type"] == "code"]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
