"""What an entry under ``suites`` means: a notebook, behave features, or a kind that another package brings."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.notebook import JUPYTEXT
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.project.document import nearest
from jupyter_deployfeedback.project.schema import SuiteFile

_SUFFIXES = {".ipynb", *JUPYTEXT}
_PATTERN = re.compile(r"[*?[]")
OLDEST_RESULTS = 24 * 3600.0  # seconds, where the file says nothing
PASSED_THROUGH = ("TUTORIAL_MAX_REQUESTS_TEST", "DEBUG_LEVEL", "PIPELINE_HELPERS_METRICS_FILE_PATH")
"""Variables that AICoE's tests and pipelines read; features see them where they are set."""


def all_suites(written: Mapping[int, SuiteFile], folder: Path) -> list[tuple[int, SuiteFile]]:
    """Return each suite with the position of its entry: one that names a folder or a pattern becomes one a notebook.

    A notebook that has an entry of its own is not taken again; those that share a name are called after their paths.
    """
    taken = {str(PurePosixPath(entry.notebook)) for entry in written.values() if entry.notebook is not None}
    found: list[tuple[int, SuiteFile]] = []
    for index, entry in written.items():
        sources = _matched(entry, folder)
        own = [source for source in sources or () if source not in taken]
        taken.update(own)
        each = [entry] if sources is None else [entry.model_copy(update={"notebook": source}) for source in own]
        found += [(index, suite) for suite in each]
    used = Counter(suite_name(each) for _, each in found)
    return [
        (index, each if used[suite_name(each)] == 1 or each is written[index] else _after_its_path(each))
        for index, each in found
    ]


def read_suite(written: SuiteFile, *, kernel: str | None) -> Suite:
    """Return the suite that an entry declares; ``kernel`` is that of all notebooks that name no other here.

    Features run alone: they may all write one file of metrics.
    """
    key, source = source_of_suite(written)
    kinds = {"notebook": SuiteKind.NOTEBOOK, "features": SuiteKind.BEHAVE, "results": SuiteKind.RESULTS}
    return Suite(
        name=suite_name(written),
        kind=kinds.get(key, written.kind or ""),
        source=source,
        options=_OPTIONS[key](written) if key in _OPTIONS else written.options,
        environment=PASSED_THROUGH if key == "features" else (),
        parameters=written.parameters,
        timeout_seconds=written.timeout,
        cell_timeout_seconds=written.cell_timeout,
        exclusive=written.exclusive or key == "features",
        matrix={name: tuple(values) for name, values in written.matrix.items()},
        more=written.more,
        kernel=written.kernel or (kernel if key == "notebook" else None),
    )


def suite_name(written: SuiteFile) -> str:
    """Return a suite's name; one that was given none is called as its file or folder, without suffix."""
    return written.name or PurePosixPath(source_of_suite(written)[1]).stem


def source_of_suite(written: SuiteFile) -> tuple[str, str]:
    """Return the key that says where a suite is, and what it says."""
    for key in ("notebook", "features", "results"):
        source = getattr(written, key)
        if source is not None:
            return key, source.rstrip("/") if key == "features" else source
    return "source", written.source or ""


def source_problem(written: SuiteFile, folder: Path) -> tuple[str, str] | None:
    """Say what is wrong with a suite's path, None if what it names is inside the project's folder."""
    key, source = source_of_suite(written)
    if "://" in source:
        return "is an address.", f"Suites are files in the project's folder: copy the {_what(key)} there."
    try:
        return _problem_of_path(written, folder / source, folder)
    except (OSError, ValueError, RuntimeError) as error:  # may not be entered, too long, holds a NUL, a loop of links
        return f"cannot be looked at: {getattr(error, 'strerror', None) or error}.", "Check the path."


def _problem_of_path(written: SuiteFile, path: Path, folder: Path) -> tuple[str, str] | None:
    key, source = source_of_suite(written)
    if not path.resolve().is_relative_to(folder.resolve()):
        remedy = f"Copy the {_what(key)} into the folder, or link to it by a path inside."
        return "lies outside the project's folder.", remedy
    if (matched := _matched(written, folder)) is not None:
        remedy = "Write a folder or a pattern that holds some, such as suites/*.ipynb, or leave it out."
        return None if matched else (f"{source} matches no notebook.", remedy)
    if key == "notebook" and path.suffix not in _SUFFIXES:
        return "is not a notebook.", "Write the path of a file that ends in .ipynb, or in .py or .md for jupytext."
    if key == "results":
        return _results_problem(written, path)
    if not path.exists() or (key == "notebook" and not path.is_file()):
        return f"{source} does not exist.", _nearby(source, folder, key=key)
    return None


def _matched(written: SuiteFile, folder: Path) -> list[str] | None:
    """Return the notebooks that a folder or a pattern names, sorted; None where an entry names one file.

    What is hidden is left out, as checkpoints are, and what lies outside.
    """
    source = written.notebook
    if source is None or PurePosixPath(source).is_absolute():
        return None
    is_pattern, root = _PATTERN.search(source) is not None, folder.resolve()
    try:
        is_folder = (folder / source).is_dir()
        if not is_folder and (not is_pattern or (folder / source).exists()):
            return None
        found = (folder / source).rglob("*.ipynb") if is_folder else folder.glob(source)
        files = [each for each in found if each.is_file() and each.resolve().is_relative_to(root)]
    except (OSError, ValueError):  # no pattern, or what no path can be
        return [] if is_pattern else None
    paths = [each.relative_to(folder) for each in files if each.suffix == ".ipynb" or source.endswith(each.suffix)]
    seen = [path for path in paths if path.suffix in _SUFFIXES and not any(part[0] == "." for part in path.parts)]
    return sorted(path.as_posix() for path in seen)


def _after_its_path(suite: SuiteFile) -> SuiteFile:
    parts = PurePosixPath(suite.notebook or "").with_suffix("").parts
    return suite.model_copy(update={"name": "-".join(parts)})


def _behave_options(written: SuiteFile) -> dict[str, object]:
    options = {"pattern": written.name, "python": written.python, "url_variables": list(written.url_variables)}
    return {name: value for name, value in options.items() if value}


def _results_options(written: SuiteFile) -> dict[str, object]:
    options = {"evidence": written.evidence, "url": written.url, "max_age": written.max_age or OLDEST_RESULTS}
    return {name: value for name, value in options.items() if value}


_OPTIONS = {"features": _behave_options, "results": _results_options}


def _results_problem(written: SuiteFile, path: Path) -> tuple[str, str] | None:
    """Say what is wrong with results; that the file is there is seen when they are read, for it may come later."""
    name = suite_name(written)
    if path.is_dir():
        return "is a folder.", "Write the path of the file."
    if not name[:1].isalpha():
        remedy = f"Its numbers are metrics called after it: {{results: {written.results}, name: load}}."
        return f'"{name}" cannot begin the name of a metric.', remedy
    return None


def _what(key: str) -> str:
    return {"notebook": "notebook", "features": "features"}.get(key, "file")


def _nearby(source: str, folder: Path, *, key: str) -> str:
    pattern = "*.ipynb" if key == "notebook" else "*"
    there = sorted(str(path.relative_to(folder)) for path in (folder / source).parent.glob(pattern))
    return f"{nearest(source, there)}Paths are relative to this file."
