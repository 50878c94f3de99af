"""Calls of the command line, each a process of its own: a fork of one that has loaded what a command loads.

Loading takes most of the time that a short command takes. Where it is tested how a process starts (its locale, what
it imports), ``python -m jupyter_deployfeedback.cli`` is called instead.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

CHECKOUT = Path(__file__).parents[1]


class Shell:
    """The process that forks; ``call`` is what a shell does."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__))]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def call(self, *arguments: object, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Call the command line in this folder, with this environment and nothing else."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        words = [str(argument) for argument in arguments]
        with TemporaryDirectory() as folder:
            streams = [f"{folder}/{name}" for name in ("out", "err")]
            request = {"arguments": words, "cwd": str(cwd), "environment": dict(env), "streams": streams}
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            said = [Path(stream).read_text(encoding="utf-8") for stream in streams]
        return subprocess.CompletedProcess(words, code, *said)

    def close(self) -> None:
        """Let it go."""
        self._process.communicate(timeout=10)


def main() -> None:
    """Fork for each line of stdin; answer with the exit code."""
    from jupyter_deployfeedback.run_process import skip_iri_grammar

    skip_iri_grammar()
    from jupyter_deployfeedback.cli import main as command_line
    from jupyter_deployfeedback.cli.main import COMMANDS, group
    from jupyter_deployfeedback.run_process.warm_up import warm_up

    for name in COMMANDS:
        group.get_command(None, name)  # type: ignore[arg-type]
    with TemporaryDirectory() as folder:
        warm_up(Path(folder) / "warm-up")
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            _become(command_line, **json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _become(
    command_line: Any, *, arguments: list[str], cwd: str, environment: dict[str, str], streams: list[str]
) -> NoReturn:
    """Be the process of this call."""
    for descriptor, path in enumerate([os.devnull, *streams]):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w", encoding="utf-8"), open(2, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 # fmt: skip
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["jupyter deployfeedback", *arguments]
    code = 1
    try:
        command_line()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
