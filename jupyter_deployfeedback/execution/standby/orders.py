"""Which kernel that stands by could serve a suite, where it is found, and the order for one where there is none yet.

What stands by lies in one folder (0700), each at a socket named by all that has to be equal: command, environment,
folder, the modules it loads. A worker that finds none leaves an order and starts its kernel plainly; whoever owns the
folder grants orders.
"""

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from jupyter_deployfeedback.execution.environment import allowed
from jupyter_deployfeedback.execution.standby.forked_kernel import CONNECTION_FILE
from jupyter_deployfeedback.execution.standby.forkserver import READY
from jupyter_deployfeedback.execution.standby.started_kernel import TOLD_LATER
from jupyter_deployfeedback.probe import environment as names

FOLDER_VARIABLE = "DEPLOYFEEDBACK_KERNELS"  # tells a run where its workers find what stands by
_LAUNCHER = ["-m", "ipykernel_launcher"]
_AT_START_ONLY = ("PYTHON", "LD_", "DYLD_")  # variables that an interpreter reads when it starts
_OF_A_SUITE = (names.TARGET, names.BASELINE, names.SUITE, names.DEPLOYED_MODEL_URL, names.ALLOWED)


class Program(StrEnum):
    """What makes the kernels that stand by: the module whose ``main`` is told the rest."""

    FORK = "jupyter_deployfeedback.execution.standby.forked_kernel"
    START = "jupyter_deployfeedback.execution.standby.started_kernel"


@dataclass(frozen=True)
class Order:
    """What should stand by: the start of its command, its environment, its program and what that is told."""

    interpreter: tuple[str, ...]
    environment: dict[str, str]
    program: Program
    told: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the order that was written down."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        return cls(tuple(fields["interpreter"]), fields["environment"], Program(fields["program"]), fields["told"])

    @property
    def name(self) -> str:
        """A short name that differs where anything differs."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def order_to_fork(
    command: Sequence[str],
    *,
    connection_file: str,
    environment: Mapping[str, str],
    own: Mapping[str, str],
    preload: Sequence[str],
) -> Order | None:
    """Return what could fork the kernel of this command, None where a fork would differ from a start.

    ``environment`` is the kernel's; ``own`` what its specification adds to it. A fork has a connection file of its own.
    """
    if not sys.platform.startswith("linux") or _LAUNCHER[1] not in command:
        return None
    at = list(command).index(_LAUNCHER[1])
    if at < 2 or command[at - 1] != _LAUNCHER[0]:
        return None
    shared = {**allowed(environment), **{name: environment[name] for name in own if name in environment}}
    if any(name.startswith(_AT_START_ONLY) for name in environment if name not in shared):
        return None
    arguments = [argument.replace(connection_file, CONNECTION_FILE) for argument in command[at + 1 :]]
    return Order(tuple(command[: at - 1]), shared, Program.FORK, {"preload": [*preload], "arguments": arguments})


def order_to_start(
    command: Sequence[str],
    *,
    connection_file: str,
    environment: Mapping[str, str],
    own: Mapping[str, str],
    folder: str,
    transport: str,
) -> Order | None:
    """Return what starts the kernel of this command ahead, with all its suite will see but what is told later.

    None for a suite that is given variables of its own: they may be secret, and an order is written down.
    """
    known = {
        **allowed(environment),
        **{name: environment[name] for name in (*own, *_OF_A_SUITE) if name in environment},
    }
    if not sys.platform.startswith("linux") or set(environment) - set(known) - set(TOLD_LATER):
        return None
    told = {
        "command": [argument.replace(connection_file, CONNECTION_FILE) for argument in command],
        "folder": folder,
        "transport": transport,
        "watched": _packages_of(command[0]),
    }
    return Order((sys.executable, "-I"), known, Program.START, told)


def find(folder: Path, order: Order) -> Path | None:
    """Return the address of what stands by; where there is nothing, None, and the order for it is left behind."""
    address = folder / f"{order.name}{READY}"
    if address.exists():
        return address
    leave(folder, order)
    return None


def leave(folder: Path, order: Order) -> None:
    """Write an order down for whoever owns the folder."""
    unfinished = folder / f"{order.name}.{os.getpid()}"
    unfinished.write_text(json.dumps(asdict(order)), encoding="utf-8")
    unfinished.replace(folder / f"{order.name}.order")


def refuse(folder: Path, name: str) -> None:
    """Note that an order cannot be granted: what should have stood by could not be loaded, for one."""
    (folder / f"{name}.refused").touch()


def is_refused(folder: Path, order: Order) -> bool:
    """Say whether an order like this could not be granted before."""
    return (folder / f"{order.name}.refused").exists()


def mark_used(folder: Path, name: str) -> None:
    """Note that what stands by was used just now: where memory is short, others go first."""
    os.utime(folder / f"{name}{READY}")


def publish(folder: Path) -> None:
    """Let other programs of this user find the folder: through a link in Jupyter's runtime folder, the newest one's."""
    link = _link()
    with suppress(OSError):  # a home that cannot be written: then they do not find it
        link.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = link.with_name(f"{link.name}.{os.getpid()}")
        unfinished.symlink_to(folder)
        unfinished.replace(link)


def withdraw(folder: Path) -> None:
    """Take the link to a folder away again, if it is still the one."""
    with suppress(OSError):
        if _link().readlink() == folder:
            _link().unlink()


def published() -> str:
    """Return the folder that was published last, nothing where it has gone or is not this user's."""
    try:
        folder = _link().readlink()
        found = folder.stat()
    except OSError:
        return ""
    return str(folder) if found.st_uid == os.getuid() else ""


def _link() -> Path:
    from jupyter_core.paths import jupyter_runtime_dir

    return Path(jupyter_runtime_dir()) / "deployfeedback-kernels"


def _packages_of(program: str) -> list[str]:
    """Return where the packages of an interpreter lie, as far as its place tells."""
    return sorted(str(path) for path in Path(program).parent.parent.glob("lib/*/*-packages"))
