"""What a run was asked and is judged by, as digests: while they stay the same, the run can be continued."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.suite import Suite
from jupyter_deployfeedback.project.inspection import read_notebook, source_of


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
