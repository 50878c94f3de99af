"""Here it is tested how a suite gets its kernel: none stands by but what a test has stand by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE


@pytest.fixture(scope="session")
def run_suites(run_suites: Callable[..., Any]) -> Callable[..., Any]:
    """Execute suites on kernels that are started."""

    def run(*given: Any, environment: dict[str, str] | None = None, **others: Any) -> Any:
        return run_suites(*given, environment={FOLDER_VARIABLE: "", **(environment or {})}, **others)

    return run
