"""Call git: argument lists without a shell, with a time limit and bounded output, never asking for a password."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from jupyter_deployfeedback.errors import PersonUnknown, ReleaseRefused, UsageError

READ_SECONDS = 30.0
CONFIRMED_SECONDS = 120.0
"""How long a tag or push may take with the hooks, the signing and the network it needs."""

GRACE_SECONDS = 3.0
OUTPUT_BYTES = 8_000_000
LARGE_BYTES = 100_000_000
"""What a list of all files, or one notebook with its outputs, may take."""

SAID_CHARACTERS = 1500

_LOCATION_VARIABLES = (  # set by git where it calls us from a hook or an alias; they would point at another repository
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
_QUIET_CONFIG = (  # whatever git would execute for a mere look at the repository
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("core.sshCommand", ""),
    ("core.pager", ""),
    ("log.showSignature", "false"),
    ("protocol.allow", "never"),  # a partial clone fetches what it lacks, through whatever its config names
    ("safe.bareRepository", "explicit"),  # a bare repository among a project's files is not the project's
)
_NO_FILTER = {"clean": "", "smudge": "", "process": "", "required": "false"}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PERSON = re.compile(r"(?P<name>[^<>\x00-\x1f]*[^<>\s]) *<(?P<email>[^<>@\s]+@[^<>@\s]+)>")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


class Answer(NamedTuple):
    """What a git command gave: exit code, output bytes and what it said, safe to show."""

    code: int
    output: bytes
    said: str

    @property
    def text(self) -> str:
        """The output as text without its last line break."""
        return self.output.decode(errors="replace").removesuffix("\n")


def look(folder: Path, *arguments: str, most: int = OUTPUT_BYTES) -> Answer:
    """Ask a repository about its commits and refs; no hook, monitor or transport that it configures is executed."""
    return _run(folder, arguments, environment=_environment(_QUIET_CONFIG, quiet=True), most=most)


def look_at_files(folder: Path, *arguments: str) -> Answer:
    """Ask a repository about its files as ``look`` does; filters, which git executes for each file, are blanked."""
    blanked = [(f"filter.{name}.{key}", value) for name in _filters(folder) for key, value in _NO_FILTER.items()]
    return _run(folder, arguments, environment=_environment([*_QUIET_CONFIG, *blanked], quiet=True))


def confirmed(
    folder: Path, *arguments: str, stdin: str = "", seconds: float = CONFIRMED_SECONDS, by: str = ""
) -> Answer:
    """Run what a user asked for; hooks, filters and signing work as the repository configures them.

    ``by`` is who does it, ``Name <mail>``, where git itself should not say.
    """
    environment = _environment([], quiet=False) | _person(by)
    return _run(folder, arguments, environment=environment, stdin=stdin, seconds=seconds)


def known_person(folder: Path, *, by: str) -> None:
    """Raise PersonUnknown where nobody said who makes a tag or commit and git does not know it either."""
    if not _person(by) and look(folder, "var", "GIT_COMMITTER_IDENT").code != 0:
        remedy = 'Say it with --tagger "Name <mail>", or once for all: `git config --global user.name "Name"` and '
        raise PersonUnknown(
            "git does not know who you are.", remedy=f'{remedy}`git config --global user.email "mail"`.'
        )


def _person(by: str) -> dict[str, str]:
    if not by.strip():
        return {}
    found = _PERSON.fullmatch(by.strip())
    if found is None:
        raise UsageError(
            f"{sanitised(by)!r} is not a name and an address.", remedy='Write "Ada Byron <ada@example.org>".'
        )
    return {f"GIT_{role}_{part.upper()}": found[part] for role in ("AUTHOR", "COMMITTER") for part in ("name", "email")}


def look_through_filters(folder: Path, *arguments: str, own: bool) -> Answer:
    """Ask a repository about its files as ``look`` does, through the filters that user or system configured.

    Those of the repository's own configuration are executed where ``own`` says that the user trusts them.
    """
    settings = [  # only what the repository sets: a process that is empty keeps git from executing clean
        (f"filter.{name}.{key}", found.trusted.get(key, _NO_FILTER.get(key, "")))
        for name, found in _filters(folder).items()
        for key in found.own
    ]
    restored = [] if own else settings
    return _run(folder, arguments, environment=_environment([*_QUIET_CONFIG, *restored], quiet=True))


def untrusted_filters(folder: Path, paths: Sequence[str]) -> dict[str, str]:
    """Return those of the paths whose filter is what it is by the repository alone, with the filter's name."""
    odd = {name for name, found in _filters(folder).items() if found.trusted | found.own != found.trusted}
    if not odd or not paths:
        return {}
    asked = _run(
        folder,
        ("check-attr", "-z", "--stdin", "filter"),
        environment=_environment(_QUIET_CONFIG, quiet=True),
        stdin="\0".join(paths),
    )
    fields = asked.output.decode(errors="replace").split("\0")
    return {path: name for path, name in zip(fields[::3], fields[2::3], strict=False) if name in odd}


def sanitised(text: str) -> str:
    """Return foreign text without control characters, credentials in URLs and undue length."""
    text = _CREDENTIALS.sub("", _CONTROLS.sub("", text)).strip()
    return text if len(text) <= SAID_CHARACTERS else text[:SAID_CHARACTERS] + " ... (shortened)"


class _Filter(NamedTuple):
    trusted: dict[str, str]  # by key, what user or system configured
    own: dict[str, str]  # by key, what the repository configures


def _filters(folder: Path) -> dict[str, _Filter]:
    answer = look(folder, "config", "--null", "--show-scope", "--get-regexp", r"^filter\..*\.")
    fields = answer.output.decode(errors="surrogateescape").split("\0")
    found: dict[str, _Filter] = {}
    for scope, entry in zip(fields[::2], fields[1::2], strict=False):
        key, assigned, value = entry.partition("\n")
        name, _, setting = key.removeprefix("filter.").rpartition(".")
        each = found.setdefault(name, _Filter({}, {}))
        (each.own if scope in {"local", "worktree"} else each.trusted)[setting] = value if assigned else "true"
    return found


def _environment(config: Sequence[tuple[str, str]], *, quiet: bool) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in _LOCATION_VARIABLES}
    environment["GIT_TERMINAL_PROMPT"] = "0"
    if quiet:
        environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_PAGER": "cat"}
    # by number, because a filter's name may hold "=", at which `-c name=value` would split
    first = int(environment.get("GIT_CONFIG_COUNT") or 0)
    for number, (key, value) in enumerate(config, start=first):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    if config:
        environment["GIT_CONFIG_COUNT"] = str(first + len(config))
    return environment


def _run(
    folder: Path,
    arguments: Sequence[str],
    *,
    environment: dict[str, str],
    stdin: str = "",
    seconds: float = READ_SECONDS,
    most: int = OUTPUT_BYTES,
) -> Answer:
    with TemporaryFile() as output, TemporaryFile() as said, TemporaryFile() as given:
        given.write(stdin.encode(errors="replace"))
        given.seek(0)
        process = _started(folder, arguments, environment=environment, files=(given, output, said))
        try:
            _wait(process, seconds=seconds, what=arguments[0], files=(output, said), most=most)
        except BaseException:
            _end_group(process)
            raise
        return Answer(
            code=process.returncode,
            output=_head(output, most),
            said=sanitised(_head(said, OUTPUT_BYTES).decode(errors="replace")),
        )


def _started(
    folder: Path, arguments: Sequence[str], *, environment: dict[str, str], files: Sequence[IO[bytes]]
) -> subprocess.Popen[bytes]:
    stdin, stdout, stderr = files
    command = ["git", "--no-pager", *arguments]
    try:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
        )
    except OSError as exc:
        if exc.filename == command[0]:
            remedy = "Install it, with `apt-get install git` or `conda install git`, where this runs."
            raise ReleaseRefused("There is no git on this machine, or not on its PATH.", remedy=remedy) from exc
        raise ReleaseRefused(f"git cannot be run in {folder}: {exc.strerror}.", remedy="Install git.") from exc


def _wait(
    process: subprocess.Popen[bytes], *, seconds: float, what: str, files: Sequence[IO[bytes]], most: int
) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=min(1.0, max(0.0, deadline - time.monotonic())))
            return
        if time.monotonic() >= deadline:
            raise ReleaseRefused(
                f"`git {what}` did not end within {seconds:g} s.",
                remedy="Look for a hook, a password or a passphrase that waits for an answer.",
            )
        if any(os.fstat(file.fileno()).st_size > most for file in files):
            raise ReleaseRefused(f"`git {what}` says more than {most} bytes.", remedy="Look at its hooks.")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    # a hook or a pinentry that hangs is a child of git and would outlive it; asked politely, git removes its lock files
    _signal_group(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.terminate()


def _head(file: IO[bytes], most: int) -> bytes:
    file.seek(0)
    return file.read(most)
