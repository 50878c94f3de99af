"""Golden files: DEPLOYFEEDBACK_REGENERATE_GOLDEN=1 writes them anew, for review; otherwise they are compared."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def assert_golden() -> Callable[[str, str], None]:
    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("DEPLOYFEEDBACK_REGENERATE_GOLDEN") == "1":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name}: DEPLOYFEEDBACK_REGENERATE_GOLDEN=1 rewrites it"

    return check
