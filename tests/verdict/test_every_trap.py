"""Each trap of judging that is known has a test by its number, and a row in docs/judging.md."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
TRAPS = set(range(1, 30))


def test_every_trap_is_a_test_by_its_number() -> None:
    sources = (path.read_text(encoding="utf-8") for path in (CHECKOUT / "tests").rglob("test_*.py"))

    named = [re.findall(r"def test_trap_(\d+)(?:_and_(\d+))?_", source) for source in sources]
    found = {int(number) for each in named for numbers in each for number in numbers if number}

    assert found == TRAPS


def test_every_trap_stands_once_in_the_documentation() -> None:
    page = (CHECKOUT / "docs" / "judging.md").read_text(encoding="utf-8")

    _, _, table = page.partition("\n## Traps\n")
    rows = [int(number) for number in re.findall(r"^\| (\d+) \|", table.partition("\n## ")[0], re.MULTILINE)]

    assert rows == sorted(TRAPS)
