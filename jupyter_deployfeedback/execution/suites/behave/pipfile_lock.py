"""What an overlay's ``Pipfile.lock`` pins, as requirements that pip checks by their hashes."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_deployfeedback.execution.suites import Unfinished
from jupyter_deployfeedback.execution.suites.behave.asked import Asked
from jupyter_deployfeedback.execution.worker.wire import Ending

LOCK = "Pipfile.lock"
_HASH = re.compile(r"\w+:[0-9a-fA-F]+")
_PYPI = {"pypi.org", "pypi.python.org"}
_REMEDY = "Choose a Python that has the packages."


@dataclass(frozen=True)
class Lock:
    """The packages of the tests, each with its version and hashes; those of ``develop`` are not among them.

    ``name`` is the file's, relative to the project; ``pins`` are versions by canonical name. ``indexes`` are where
    packages may come from beside what pip is set up for; the hashes decide what is taken. ``python_version`` is the one
    they were locked for.
    """

    name: str
    digest: str
    pins: dict[str, str]
    requirements: tuple[str, ...]
    indexes: tuple[str, ...]
    python_version: str | None

    @property
    def lines(self) -> str:
        """A requirements file for pip."""
        indexes = (f"--extra-index-url {each}" for each in self.indexes)
        return "\n".join((*indexes, *self.requirements)) + "\n"


def read_lock(asked: Asked) -> Lock | None:
    """Read the lock beside the Pipfile, None where there is none. Raises Unfinished where it cannot be installed."""
    file = asked.packages / LOCK if asked.packages else None
    if file is None or not file.exists():
        return None
    name = str(file.relative_to(asked.root))
    try:
        content = file.read_bytes()
        data = json.loads(content)
        meta = data["_meta"]
        return Lock(
            name=name,
            digest=hashlib.sha256(content).hexdigest(),
            requirements=tuple(_requirement(name, *item) for item in sorted(data["default"].items())),
            pins={canonicalize_name(each): str(pin["version"])[2:] for each, pin in data["default"].items()},
            indexes=tuple(_indexes(name, meta.get("sources") or ())),
            python_version=(meta.get("requires") or {}).get("python_version"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unfinished(Ending.BROKEN, f"{name} cannot be read: {type(error).__name__}: {error}.") from None


def _requirement(file: str, name: str, pinned: Mapping[str, Any]) -> str:
    version, hashes = pinned.get("version", ""), pinned.get("hashes") or ()
    if not str(version).startswith("==") or not hashes or not all(_HASH.fullmatch(each) for each in hashes):
        raise Unfinished(Ending.BROKEN, f"{file} does not pin {name} by version and hashes. {_REMEDY}")
    extras = ",".join(pinned.get("extras") or ())
    markers = f" ; {pinned['markers']}" if pinned.get("markers") else ""
    try:
        requirement = Requirement(f"{name}[{extras}]{version}{markers}")
    except InvalidRequirement as error:
        raise Unfinished(Ending.BROKEN, f"{file} pins {name} in a way that cannot be read: {error}.") from None
    return " ".join((str(requirement), *(f"--hash={each}" for each in hashes)))


def _indexes(file: str, sources: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for source in sources:
        url = str(source["url"])
        if "$" in url or re.search(r"\s", url):  # pip would fill in a variable, whatever secret that is
            raise Unfinished(Ending.BROKEN, f"{file} has a source whose address holds a variable. {_REMEDY}")
        if urlsplit(url).hostname not in _PYPI:
            yield url
