"""docs/promises.md names a test for each promise, and each of them exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<promise>[^|]+) \| `(?P<file>tests/[\w/]+\.py)::(?P<test>\w+)` \|$")
ROWS = [
    line
    for line in (ROOT / "docs" / "promises.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("| Promise", "|---"))
]


@pytest.mark.parametrize("row", ROWS)
def test_the_test_of_a_promise_exists(row: str) -> None:
    found = ROW.match(row)

    assert found, "a row is: | promise | `tests/file.py::test` |"
    assert found["test"] in functions_of(found["file"]), f"{found['file']} has no {found['test']}"


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
