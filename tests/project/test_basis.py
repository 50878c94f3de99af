"""What must stay the same for a run to be continued."""

from __future__ import annotations

from pathlib import Path

from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.project import basis


def basis_of(folder: Path) -> str:
    suite = Suite(name="load", kind="results", source="k6.json")
    project = Project(
        name="digits",
        folder=str(folder),
        file=str(folder / "deployfeedback.yaml"),
        targets={},
        default_target="candidate",
        suites=(suite,),
    )
    return basis(project, targets=(), suites=(suite,))["suite load"]


def test_results_that_are_not_there_are_a_basis_too_and_another_one_once_they_are(tmp_path: Path) -> None:
    missing = basis_of(tmp_path)
    (tmp_path / "k6.json").write_text("{}")
    written = basis_of(tmp_path)

    assert missing == basis_of(tmp_path / "elsewhere")
    assert written == basis_of(tmp_path)
    assert written != missing
