"""Where the store lies on disk: private, aware of network file systems, with a folder of files for each run."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil
from jupyter_core.paths import jupyter_data_dir

from jupyter_deployfeedback.errors import ArtifactNotFound, PermissionMissing

DATABASE_NAME = "store.sqlite"
STORE_VARIABLE = "DEPLOYFEEDBACK_STORE"
NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "afpfs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "orangefs", "panfs"}
    | {"smb", "smb2", "smb3", "smbfs", "webdav"}
    | {f"fuse.{name}" for name in ("ceph", "glusterfs", "rclone", "s3fs", "sshfs")}
)
"""File systems on which SQLite's write-ahead log is not safe, because it needs memory shared between all users."""


def default_folder() -> Path:
    """Return the folder used where nobody named one; ``JUPYTER_DATA_DIR`` moves it."""
    return Path(jupyter_data_dir()) / "deployfeedback"


def named_place(url: str | None, *, environment: Mapping[str, str]) -> str:
    """Return the store's place as given, else from DEPLOYFEEDBACK_STORE, else the default folder."""
    return url or environment.get(STORE_VARIABLE) or str(default_folder())


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may enter; raise PermissionMissing where others may write into an old one."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
    if missing:  # in a project's work tree it is no change of the project
        (folder / ".gitignore").write_text("*\n")
    _refuse_writable_for_others(folder)


def make_private_file(path: Path) -> None:
    """Make an empty file of mode 0600 where there is none; SQLite's side files take its mode over."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def network_file_system(folder: Path) -> str | None:
    """Return the name of the network file system a folder lies on, None where it lies on a local one."""
    mounts = ((mount.mountpoint, mount.fstype) for mount in psutil.disk_partitions(all=True))
    kind = file_system_of(str(folder.resolve()), mounts)
    return kind if kind in NETWORK_FILE_SYSTEMS else None


def file_system_of(folder: str, mounts: Iterable[tuple[str, str]]) -> str:
    """Return the type of the file system mounted nearest above a folder, empty where none is."""
    above = [(point, kind) for point, kind in mounts if Path(folder).is_relative_to(point)]
    # of equally near mounts the last hides the others
    return max(enumerate(above), key=lambda item: (len(Path(item[1][0]).parts), item[0]), default=(0, ("", "")))[1][1]


def _refuse_writable_for_others(folder: Path) -> None:
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o022:
        raise PermissionMissing(
            f"The store's folder {folder} can be written by other users.",
            remedy=f"Run `chmod go-w {folder}`, or name another place in {STORE_VARIABLE}.",
        )


def artifact_folder(root: Path, run_id: str) -> Path:
    """Return a run's folder, made with mode 0700 where it is missing."""
    folder = root / run_id
    for path in (root, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def find_artifact(folder: Path, name: str) -> Path:
    """Return the file of this name; raise ArtifactNotFound where it is missing or would lie outside the folder."""
    try:
        path = (folder / name).resolve()
        inside = path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError, RuntimeError):  # a name with NUL, too long, or a loop of links
        inside = False
    if not inside:
        raise ArtifactNotFound(f"The run kept no artifact {name!r}.", remedy="The report lists what was kept.")
    return path
