"""Every method that judges has a name in words."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from jupyter_deployfeedback import comparison
from jupyter_deployfeedback.feedback import names

CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def codes() -> list[str]:
    """The codes as comparison/methods defines them: constants in capitals."""
    found = ["bca-bootstrap", "bca-bootstrap-paired"]
    for source in (Path(comparison.__file__).parent / "methods").glob("*.py"):
        for node in ast.parse(source.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                value = node.value.value
                found += [value] if isinstance(value, str) and CODE.fullmatch(value) else []
    return found


@pytest.mark.parametrize("code", codes())
def test_method_is_said_in_words(code: str) -> None:
    assert names.method(code) != code
