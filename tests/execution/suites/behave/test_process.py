"""What a program prints, heard as it was printed."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from jupyter_deployfeedback.execution.suites.behave.process import run_program


def test_character_on_the_edge_of_a_chunk_of_output_stays_whole(tmp_path: Path) -> None:
    # every chunk that the system hands out has an even number of bytes, every character here begins at an odd one
    code = "import sys; sys.stdout.buffer.write(b'x' + 'é'.encode() * 90_000 + '\\nö'.encode())"

    finished = run_program(
        [sys.executable, "-c", code], folder=tmp_path, environment={}, deadline=math.inf, hear=lambda _: None
    )

    assert finished.output == ["x" + "é" * 90_000, "ö"]
