"""Temporary folders of ours (0700), each locked as long as its owner lives: what a killed one left is removed later."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jupyter_deployfeedback.execution.standby.forkserver import remove

if sys.platform != "win32":
    import fcntl

_PREFIX, _OWNER = "deployfb-", "owner"
_LONGEST = 60  # the path of a socket in it may have 103 characters on macOS, 107 on Linux
_locks: dict[Path, int] = {}


def own_folder() -> Path:
    """Make a folder; its lock ends with this process and those that inherit it, however they end."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))
    unlocked = folder / f"{_OWNER}.new"
    _locks[folder] = os.open(unlocked, os.O_CREAT | os.O_RDWR, 0o600)
    if sys.platform != "win32":
        with suppress(OSError):  # a file system without locks: then nobody but its owner removes it
            fcntl.flock(_locks[folder], fcntl.LOCK_EX)
            unlocked.rename(folder / _OWNER)  # nobody sees it unlocked
    return folder


def lock_of(folder: Path) -> int:
    """Return the descriptor of a folder's lock, for another process to inherit."""
    return _locks[folder]


def remove_folder(folder: Path) -> None:
    """Remove a folder of this process; twice does nothing more."""
    remove(folder)
    with suppress(KeyError, OSError):
        os.close(_locks.pop(folder))


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Give a folder that is removed when the block ends."""
    folder = own_folder()
    try:
        yield str(folder)
    finally:
        remove_folder(folder)


def remove_left_folders() -> None:
    """Remove the folders of this user whose owner is gone; one without a lock of ours is somebody else's."""
    if sys.platform == "win32":
        return
    for folder in {each for place in (_place(), tempfile.gettempdir()) for each in Path(place).glob(f"{_PREFIX}*")}:
        with suppress(OSError):
            if not folder.is_symlink() and folder.stat().st_uid == os.getuid():
                with (folder / _OWNER).open("rb+") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)


def _place() -> str:
    own = tempfile.gettempdir()
    return own if len(own) <= _LONGEST else "/tmp"  # noqa: S108 - mkdtemp makes an unguessable 0700 folder there
