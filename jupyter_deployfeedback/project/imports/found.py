"""What an importer found in a file."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

_NUMBER = re.compile(r"(?P<minus>-?)(?P<digits>\d+(\.\d+)?(e[+-]?\d+)?)")
NAME = re.compile(r"[A-Za-z_][\w.-]*")


@dataclass(frozen=True)
class Refusal:
    """One thing that cannot be taken over: where it stands and why not."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


@dataclass
class Imported:
    """Rules and metrics as they are written in the project file, and what is to be known about them."""

    source: str
    rules: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, dict[str, str]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def refuse(self, where: str, why: str) -> None:
        """Keep that something was not taken over."""
        self.refusals.append(Refusal(where, why))

    def refuse_unknown(self, where: str, keys: Any, *, known: frozenset[str]) -> bool:  # noqa: ANN401 - a file's keys
        """Refuse keys that nobody here knows: one of them may change what the others mean. Says whether there are."""
        unknown = [str(key) for key in keys if key not in known]
        for key in unknown:
            self.refuse(f"{where}.{key}" if where else key, "this key is not known here")
        return bool(unknown)

    def yaml(self) -> str:
        """Return what is to be pasted into the project file; refusals stand above it as comments."""
        comments = [f"# not imported: {refusal}" for refusal in self.refusals] + [f"# {text}" for text in self.notices]
        parts = {"metrics": self.metrics, "rules": self.rules}
        filled = {name: part for name, part in parts.items() if part}
        dumped = yaml.safe_dump(filled, sort_keys=False, default_flow_style=None, width=110) if filled else ""
        lines = [" ".join(line.split()) for line in comments]
        return "\n".join([f"# from {self.source}", *lines, dumped])


def quantity(value: object) -> str | None:
    """Return a limit as the rule language writes it; None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    match = _NUMBER.fullmatch(value.strip() if isinstance(value, str) else repr(value).lower())
    if match is None:
        return None
    return f"abs(-{match['digits']})" if match["minus"] else match["digits"]
