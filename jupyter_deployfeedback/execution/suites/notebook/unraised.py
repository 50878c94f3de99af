"""What failed in a cell that raised nothing: how a kernel of Python is made to note it, and how a note is read.

A command, tests that a cell runs itself, a task that nobody awaits. ``standby/in_kernel.py`` is what the kernel loads.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.execution.standby.forked_kernel import WATCHER
from jupyter_deployfeedback.execution.worker.wire import StrayError

NOT_WATCHED = "A command, a test or a task that fails in a cell which raises nothing is not seen in this kernel."
_FILE = Path(__file__).parents[2] / "standby" / "in_kernel.py"
_LOAD = f"""\
import importlib.util, sys
if {WATCHER!r} not in sys.modules:
    spec = importlib.util.spec_from_file_location({WATCHER!r}, {str(_FILE)!r})
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[spec.name] = module
sys.modules[{WATCHER!r}].watch_cells()
"""
WATCH = f"exec({_LOAD!r}, {{}})"
"""What a kernel of Python executes, silently; the user's namespace gets no name by it."""
UNAWAITED = f"__import__('sys').modules[{WATCHER!r}].unawaited()"


def read_note(record: Mapping[str, Any], cell_id: str) -> StrayError | None:
    """Read a record as a kernel's note; None where it is none."""
    match record:
        case {"kind": "unraised", "said": str(said), "fails": bool(fails), "exit_status": bool(exit_status)}:
            return StrayError(cell_id, said, fails=fails, exit_status=exit_status)
    return None


def read_unawaited(answer: str, cells: Mapping[str, str]) -> list[StrayError]:
    """Read a kernel's answer to ``UNAWAITED``; ``cells`` are known by the request that ran them."""
    return [StrayError(cells[asked], said) for asked, said in json.loads(answer) if asked in cells]
