"""What a suite offers and needs, a notebook or features, read without running anything."""

import ast
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.domain.kind import ADAPTERS, SuiteKind, holds_code
from jupyter_deployfeedback.domain.notebook import parse_notebook, part, source_of
from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.errors import KernelNotFound, NotebookInvalid, UnknownParameter, UsageError
from jupyter_deployfeedback.project.document import nearest

DEFAULT_KERNEL = "python3"
MOST_DIGITS = 15  # of a number of examples
MOST_READING = 50_000  # characters times magics: IPython's transformer reads a cell again for each, up to minutes
OPEN_AND_SAVE = "Open it in JupyterLab and save it."

_ANY_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:\w+[ \t]+)?(?P<name>\w+)[ \t]*(?:=|<-)[ \t]*(?P<default>[^\n]*)$", re.MULTILINE
)
"""One line of a parameters cell in R, Julia, Scala, bash, JavaScript."""
# What they are given is executed as it is, but would be a text to IPython's transformer:
_TRANSPARENT = re.compile(r"\A\s*%%(?:time|capture|prun)\b[^\n]*")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


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
    notebook, mended = _parsed(Path(project.folder) / suite.source, suite.source)
    notices = list(mended)
    if not any(cell["cell_type"] == "code" and holds_code(source_of(cell)) for cell in notebook["cells"]):
        notices.append(f"{suite.source} has no code: the suite will be errored.")
    parameters = notebook_parameters(notebook, suite.source)
    kernel_name, other = _kernel_of(notebook, suite)
    if suite.more is not None:
        _require_count(suite, parameters)
    return SuiteInspection(parameters, kernel_name, (*notices, *other))


def ready_to_run(project: Project, *, kernel: str | None = None) -> tuple[Project, dict[str, frozenset[str]]]:
    """Open each suite; return the project with a kernel for each, and the parameters that each knows.

    A suite that cannot be run here says why in its ``problem``: that is its own error, and no other suite's.
    ``kernel`` comes before what the file says.
    """
    suites, known = [], {}
    for declared in project.suites:
        is_notebook = declared.kind == SuiteKind.NOTEBOOK
        suite = declared.model_copy(update={"kernel": kernel or declared.kernel}) if is_notebook else declared
        try:
            found = inspect_suite(project, suite)
            known[suite.name] = frozenset(found.parameters)
            suite = suite.model_copy(update={"kernel": found.kernel_name, "notices": found.notices})
        except UsageError as error:
            known[suite.name] = frozenset({*suite.parameters, *suite.matrix})
            suite = suite.model_copy(update={"problem": str(error)})
        suites.append(suite)
    return project.model_copy(update={"suites": tuple(suites)}), known


def read_notebook(path: Path, *, shown: str) -> dict[str, Any]:
    """Return a valid notebook of format 4 as plain data; ``shown`` is its path in messages. Raises NotebookInvalid."""
    return _parsed(path, shown)[0]


def _parsed(path: Path, shown: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    from nbformat.validator import iter_validate

    try:
        notebook, mended = parse_notebook(path.read_bytes(), shown=shown)
    except OSError as error:
        raise NotebookInvalid(f"{shown} cannot be read: {error.strerror}.", remedy="Check the path.") from error
    minor = notebook.get("nbformat_minor")
    if not isinstance(minor, int) or minor < 0:
        raise NotebookInvalid(f"{shown} is not a valid notebook: nbformat_minor is no number.", remedy=OPEN_AND_SAVE)
    for wrong in iter_validate(notebook):
        if "metadata" not in list(wrong.absolute_path)[:-1]:  # odd metadata are no obstacle to who executes it
            raise NotebookInvalid(f"{shown} is not a valid notebook: {wrong.message[:200]}.", remedy=OPEN_AND_SAVE)
    return notebook, mended


def _kernel_of(notebook: Mapping[str, Any], suite: Suite) -> tuple[str, tuple[str, ...]]:
    """Return the kernel that runs a notebook, found as Jupyter finds it, and a notice where it is not the one it names.

    One that is chosen must be installed. One that the notebook names may exist on a colleague's machine only: where a
    single kernel here, or Jupyter's own, speaks its language, that runs it. Raises KernelNotFound.
    """
    from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager

    known = KernelSpecManager()
    installed = sorted(known.find_kernel_specs())
    named = str(part(notebook["metadata"], "kernelspec").get("name") or "")
    wanted = suite.kernel or named or DEFAULT_KERNEL
    found, meant = (NATIVE_KERNEL_NAME if name == "python" else name.lower() for name in (wanted, named))
    if found in installed:
        what = f'the kernel "{named}"' if named else "no kernel"
        return found, () if found == meant else (f"{suite.source} names {what}: {found} is used.",)
    language = "" if suite.kernel else _language(notebook, otherwise="")
    speaking = sorted(
        name
        for name, each in known.get_all_specs().items()
        if language and str(each["spec"].get("language")).lower() == language
    )
    if NATIVE_KERNEL_NAME in speaking or len(speaking) == 1:
        found = NATIVE_KERNEL_NAME if NATIVE_KERNEL_NAME in speaking else speaking[0]
        said = f'{suite.source} names the kernel "{wanted}", which is not installed: {found} runs it, by its language.'
        return found, (said,)
    listed = ", ".join(speaking or installed) or "none"
    choice = "Name one of them with kernel: or --kernel, or install"
    remedy = f"{nearest(wanted, installed)}Installed: {listed}. {choice} {wanted}."
    raise KernelNotFound(f'{suite.source} needs the kernel "{wanted}", which is not installed.', remedy=remedy)


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
    try:
        return dict(_assignments(_python_of(source_of(cell))))
    except (SyntaxError, ValueError, RuntimeError, MemoryError) as error:  # what a parser says of hostile text, too
        said = f"{error.msg} (its line {error.lineno})" if isinstance(error, SyntaxError) else type(error).__name__
        what = f"{shown}: the parameters cell is not Python: {said}."
        raise NotebookInvalid(what, remedy="Mend the cell: it holds assignments such as n = 500.") from None


def _language(notebook: Mapping[str, Any], *, otherwise: str = "python") -> str:
    kernel, about = (part(notebook["metadata"], name) for name in ("kernelspec", "language_info"))
    return str(kernel.get("language") or about.get("name") or otherwise).lower()


def _python_of(source: str) -> ast.Module:
    """Parse a cell; one that is more than Python as IPython's transformer reads it, which runs nothing."""
    try:
        return ast.parse(source)
    except SyntaxError:
        if sum(map(source.count, "%!?")) * len(source) > MOST_READING:
            return ast.parse("\n".join("" if line.lstrip()[:1] in {"%", "!"} else line for line in source.splitlines()))
        from IPython.core.inputtransformer2 import TransformerManager

        transformer = TransformerManager()  # type: ignore[no-untyped-call]  # IPython's is untyped
        return ast.parse(transformer.transform_cell(_TRANSPARENT.sub("", source)))


def _assignments(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each name that is assigned outside of functions and classes, with its value as it is written."""
    for each in ast.iter_child_nodes(tree):
        if isinstance(each, ast.Assign):
            for target in each.targets:
                yield from _assigned(target, each.value)
        elif isinstance(each, ast.AnnAssign) and each.value:
            yield from _assigned(each.target, each.value)
        elif isinstance(each, ast.stmt | ast.excepthandler) and not isinstance(each, _SCOPES):
            yield from _assignments(each)


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, str]]:
    """Yield the names in a target, each with its own value where both sides are as long, else with the whole."""
    sides = [each.elts for each in (target, value) if isinstance(each, ast.Tuple | ast.List)]
    if len(sides) == 2 and len(sides[0]) == len(sides[1]):
        for one, its in zip(*sides, strict=True):
            yield from _assigned(one, its)
        return
    for each in ast.walk(target):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id, ast.unparse(value)


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
            mode="json", exclude={"more", "timeout_seconds", "cell_timeout_seconds", "problem", "notices"}
        )
        if said["kernel"] is None:  # runs of an earlier version know no kernel
            del said["kernel"]
        found[f"suite {suite.name}"] = _digest([said, _code(Path(project.folder) / suite.source, suite)])
    return found


def _code(path: Path, suite: Suite) -> object:
    if suite.kind is not SuiteKind.NOTEBOOK or suite.problem is not None:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]  # results may not have been written yet
        return [[each.name, hashlib.sha256(each.read_bytes()).hexdigest()] for each in files if each.is_file()]
    cells = read_notebook(path, shown=suite.source)["cells"]
    return [[source_of(cell), cell["metadata"].get("tags", [])] for cell in cells if cell["cell_type"] == "code"]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
