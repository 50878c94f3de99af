"""Notebooks in R, with its real kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from jupyter_deployfeedback.domain.run import Outcome, Suite, SuiteResult

KERNEL = next((name for name in KernelSpecManager().find_kernel_specs() if name == "ir"), None)
pytestmark = pytest.mark.skipif(KERNEL is None, reason="IRkernel is not installed: apt-get install r-cran-irkernel")
R = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
RECORD = """
line <- '{"name": "answers", "value": 3, "unit": "requests"}'
write(line, file = Sys.getenv("DEPLOYFEEDBACK_RECORDS"), append = TRUE)
"""


@pytest.fixture
def run_r(
    tmp_path: Path, write_notebook: Callable[..., Path], run_suites: Callable[..., Any]
) -> Callable[..., SuiteResult]:
    """Execute one suite of these cells in R."""

    def run(*cells: str | dict[str, Any], **parameters: Any) -> SuiteResult:
        write_notebook(tmp_path / "suite.ipynb", *cells, metadata=R)
        suite = Suite(name="suite", source="suite.ipynb", timeout_seconds=60.0, parameters=parameters)
        return run_suites(tmp_path, suite)[0]

    return run


def test_a_suite_in_r_takes_parameters_and_records_numbers(run_r: Callable[..., SuiteResult]) -> None:
    result = run_r({"source": "n <- 5", "tags": ["parameters"]}, "stopifnot(n == 7)", RECORD, n=7)

    assert (result.outcome, result.reason) == (Outcome.PASSED, None)
    assert [(each.metric.name, each.value, each.metric.unit) for each in result.observations] == [
        ("answers", 3.0, "requests")
    ]


def test_an_assertion_in_r_fails_and_any_other_error_errs(run_r: Callable[..., SuiteResult]) -> None:
    asserted = run_r("x <- 2", "f <- function() stopifnot(x == 3)\nf()", "x")
    broken = run_r("log('a')")

    assert [case.outcome.value for case in asserted.cases] == ["passed", "failed", "not_run"]
    assert asserted.cases[1].error is not None
    assert (asserted.cases[1].error.type, asserted.cases[1].error.message) == ("AssertionError", "x == 3 is not TRUE")
    assert [case.outcome.value for case in broken.cases] == ["errored"]


def test_what_ends_r_is_no_pass(run_r: Callable[..., SuiteResult]) -> None:
    result = run_r("quit('no')", "1")

    assert result.outcome is Outcome.ERRORED
