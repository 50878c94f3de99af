"""Writes the first project file of a folder, and the first suite where it has none."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_deployfeedback.domain.notebook import source_of
from jupyter_deployfeedback.errors import NotebookInvalid
from jupyter_deployfeedback.project.inspection import notebook_parameters, parameters_cell, read_notebook
from jupyter_deployfeedback.project.parameters import read_address

FIRST_SUITE = "suites/smoke.ipynb"
PREDICT = "/predict"  # the request's path, which is added to the address
EXAMPLE_URL = "http://127.0.0.1:8000"
_COUNTING = re.compile(r"n|((n|num|max)_)?(examples|requests|samples)")
_PASSED_OVER = frozenset({"node_modules", "site-packages", "venv", "env", "build", "dist"})

_FILE = """\
# What a release of this model is judged by. Check it: jupyter deployfeedback check. Run it: jupyter deployfeedback run.
version: 1
{name}
# The deployments that can be tested. Add the one that is released now as a second target and name it as the baseline:
# then every example goes to both, and the feedback says what the candidate broke and fixed.
targets:
  candidate:
    url: {url}
    # How a batch of inputs becomes a request, and where the answer holds what we need:
    request: {{path: /predict, body: {{inputs: $inputs}}}}
    response: {{predictions: $.predictions}}
    # One example at a time: body: {{features: $input}}. A list of objects: predictions: "$.results[*].label"
    # health: /ready                     # a path that answers 200 when the model is loaded
    # expect_version: "1.0"              # another version answering is an error, not a result
    # auth: {{bearer: env:MODEL_TOKEN}}    # a reference to a secret, never the secret
    # platform: {{source: scrape}}         # CPU and memory from its own /metrics, the default; or prometheus, or none
# baseline: released                     # a target; default: the last release

# The notebooks that are run against a target, each in a fresh kernel. Where a suite says with more: which parameter
# counts its examples, an inconclusive run can be continued with more of them.
suites:
{suites}
# What must hold. A sign means "relative to the baseline": at most 10 % slower, at most 1 percentage point worse.
{rules}  # - {{metric: accuracy, pass: [">=0.95", ">=-1pp"]}}
  # - {{metric: latency, pass: ["p(95)<300ms", "typical<=+10%"]}}
  # - {{metric: memory_max, pass: ["<=+15%"], on_fail: warn}}

release: {{tag: "v{{version}}"}}
"""


_RULES = """\
rules:
  - {metric: failure_rate, pass: ["<1%"]}
"""
_RULES_FOR_LATER = """\
# A number that no suite measures is an error, so begin when one calls jdf.evaluate(...):
# rules:
  # - {metric: failure_rate, pass: ["<1%"]}
"""


def draft_project(folder: Path, *, url: str | None) -> str:
    """Return a commented project file for the notebooks of a folder; it loads without a problem.

    A notebook that uses jupyter_deployfeedback or has a parameters cell becomes a suite; others are models. Where
    there is none, the file names FIRST_SUITE, which ``draft_suite`` writes. Raises UsageError for a wrong address.
    """
    base = None if url is None else read_address(url).removesuffix(PREDICT)
    suites = find_suites(folder) or (FIRST_SUITE,)
    name = _plain(folder.absolute().name)
    entries = (line for suite, written in _entries(suites) for line in _lines(folder, suite, written))
    return _FILE.format(
        name=f"name: {json.dumps(name)}" if name else "# name: default is the folder's name",
        url=json.dumps(base or f"${{MODEL_URL:-{EXAMPLE_URL}}}"),
        suites="".join(f"  {line}\n" for line in entries),
        rules=_RULES
        if any("evaluate(" in code for suite in suites for code in _code(folder / suite))
        else _RULES_FOR_LATER,
    )


def find_suites(folder: Path) -> tuple[str, ...]:
    """Return the notebooks of a folder that are suites, relative to it and sorted."""
    found = (path for path in sorted(folder.rglob("*.ipynb")) if not _passed_over(path.relative_to(folder)))
    return tuple(path.relative_to(folder).as_posix() for path in found if _is_suite(path))


def draft_suite() -> str:
    """Return a first suite as notebook JSON; it tests nothing, and says so, until somebody fills in the examples."""
    cells = [
        _cell("markdown", "about", "# Smoke\n\nDoes the deployment answer like the model we trained?"),
        _cell("code", "parameters", "n = 20  # examples to send", tags=["parameters"]),
        _cell("code", "connect", "import jupyter_deployfeedback as jdf\n\ntarget = jdf.connect()\ntarget"),
        _cell(
            "code",
            "examples",
            "# Fill in examples that the model has not seen, and what is true of them. Until then nothing is tested.\n"
            "# inputs, truth = X_test[:n].tolist(), y_test[:n].tolist()\n"
            "inputs, truth = [], []",
        ),
        _cell(
            "code",
            "ask",
            'if inputs:  # of numbers to predict: task="regression", and a limit on result.mean_absolute_error\n'
            "    result = jdf.evaluate(target, inputs, truth)\n"
            '    jdf.check(result.accuracy > 0.9, "the deployed model answers like the trained one")',
        ),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1) + "\n"


def _entries(suites: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each suite and how it is listed; one whose file name is taken already is named after its folder too."""
    taken: set[str] = set()
    for suite in suites:
        path = PurePosixPath(suite)
        name, written = path.stem, json.dumps(suite, ensure_ascii=False)
        if name in taken:
            name = _plain("-".join(path.with_suffix("").parts))
            while name in taken:
                name += "-2"
            written = f"{{notebook: {written}, name: {json.dumps(name)}}}"
        taken.add(name)
        yield suite, written


def _lines(folder: Path, suite: str, written: str) -> Iterator[str]:
    """Yield the line that lists a suite, and where a parameter seems to count its examples one that says so."""
    yield f"- {written}"
    counting = _counting_parameter(folder / suite)
    if counting is not None:
        long = written if written.startswith("{") else f"{{notebook: {written}}}"
        yield f"# - {long[:-1]}, more: {counting}}}"


def _counting_parameter(file: Path) -> str | None:
    """Return the parameter that seems to count examples; that of the first suite where there is no file."""
    try:
        notebook = read_notebook(file, shown=file.name) if file.exists() else json.loads(draft_suite())
        known = notebook_parameters(notebook, file.name)
    except NotebookInvalid:  # check will say so
        return None
    return next((name for name, value in known.items() if _COUNTING.fullmatch(name) and value.isdecimal()), None)


def _plain(text: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else "-" for char in text).strip("-")


def _passed_over(path: Path) -> bool:
    return any(part.startswith(".") or part in _PASSED_OVER for part in path.parts)


def _is_suite(path: Path) -> bool:
    try:
        notebook = read_notebook(path, shown=path.name)
    except NotebookInvalid:
        return False
    return parameters_cell(notebook) is not None or any("jupyter_deployfeedback" in code for code in _code(path))


def _code(path: Path) -> list[str]:
    """Return the code of a notebook, cell by cell; none where it cannot be read, which check will say."""
    try:
        notebook = read_notebook(path, shown=path.name)
    except NotebookInvalid:
        return []
    return [source_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _cell(kind: str, cell_id: str, source: str, *, tags: list[str] | None = None) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": cell_id,
        "metadata": {"tags": tags} if tags else {},
        "source": source.splitlines(keepends=True),
    }
    return cell | {"execution_count": None, "outputs": []} if kind == "code" else cell
