"""``.thoth.yaml``: which runtime environments a repository was resolved for. Its host is never asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.errors import ProjectError
from jupyter_deployfeedback.project.document import read_document
from jupyter_deployfeedback.project.files import read_file

THOTH_FILE = ".thoth.yaml"
_OVERLAYS = "overlays"
_SHOWN = {
    "python_version": "Python",
    "operating_system": "",
    "recommendation_type": "recommendation",
    "platform": "platform",
    "base_image": "image",
    "cuda_version": "CUDA",
}


@dataclass(frozen=True)
class RuntimeEnvironments:
    """The environments by name, as plain data; ``problem`` says why the file could not be read."""

    overlays_dir: str = _OVERLAYS
    by_name: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    problem: str | None = None

    def python_version(self, name: str | None) -> str | None:
        """Return which Python an environment asks for, None where it does not say."""
        version = self.by_name.get(name or "", {}).get("python_version")
        return str(version) if version else None

    def facts(self, names: Iterable[str]) -> Iterator[str]:
        """Say in a line what is declared of each of these environments."""
        if self.problem is not None:
            yield self.problem
        for name in names:
            said = ", ".join(_facts(self.by_name.get(name, {})))
            if said:
                yield f"Runtime environment {name} ({THOTH_FILE}): {said}."


def read_environments(folder: Path) -> RuntimeEnvironments:
    """Read what is there; a file that is missing or broken is no obstacle."""
    path = folder / THOTH_FILE
    if not path.exists():
        return RuntimeEnvironments()
    try:
        document = read_document(read_file(path)[0], file=THOTH_FILE)
    except ProjectError as error:
        return RuntimeEnvironments(problem=str(error))
    data = document.data if isinstance(document.data, dict) else {}
    listed = data.get("runtime_environments")
    entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return RuntimeEnvironments(
        overlays_dir=str(data.get("overlays_dir") or _OVERLAYS),
        by_name={str(entry.get("name")): entry for entry in entries},
    )


def _facts(entry: Mapping[str, Any]) -> Iterator[str]:
    for key, word in _SHOWN.items():
        value = entry.get(key)
        if isinstance(value, dict):
            value = " ".join(str(part) for part in value.values() if part)
        if value:
            yield f"{word} {value}".strip()
