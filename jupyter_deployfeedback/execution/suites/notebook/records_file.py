"""Numbers and checks from a kernel of any language: lines of JSON that its cells append to a file."""

import json
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.probe.records import METRIC, SCHEMA_VERSION

VARIABLE = "DEPLOYFEEDBACK_RECORDS"  # tells a kernel where the file is
MOST_READ = 5_000_000  # bytes, of one cell
_NO_OBJECT = "of a line that is no JSON object"


class RecordsFile:
    """The file of one suite, read from where the last reading ended; it need not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0

    def new_records(self) -> list[dict[str, Any]]:
        """Return what was written since, a record for each line; a line without a kind is a metric."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at)
                written = file.read(MOST_READ)
                self._at = file.tell()
        except OSError:
            return []
        return [_record(line) for line in written.decode(errors="replace").splitlines() if line.strip()]


def _record(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return {"kind": _NO_OBJECT}
    return {"schema_version": SCHEMA_VERSION, "kind": METRIC, **value}
