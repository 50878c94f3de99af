"""What a repository made for AICoE-CI may rely on, C1 to C19, has tests by its numbers: ``pytest -k test_c14_``."""

from __future__ import annotations

import re
from pathlib import Path

REQUIREMENTS = set(range(1, 20))


def test_every_requirement_has_a_test_by_its_number() -> None:
    sources = (path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py"))

    named = [re.findall(r"def test_c(\d+)(?:_and_c(\d+))?_", source) for source in sources]
    found = {int(number) for each in named for numbers in each for number in numbers if number}

    assert found == REQUIREMENTS
