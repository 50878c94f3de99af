"""What of a cell's output is kept: a limit on what it may print, and whether the kernel's messages got lost. Pure."""

import json
from typing import Any

CAP_BYTES = 10_000_000
_STREAM = "stream"
_OVERHEAD = 100  # what an output takes in the file even if it is empty: a million short lines count too
_UPDATE = "update_display_data"
_DISPLAYS = {"display_data", "execute_result", _UPDATE}
FLOOD = 500  # a socket holds a thousand; below this nothing is dropped, and a gap means a message that was never sent


class OutputCap:
    """Counts one cell's output and cuts what goes beyond the cap, with a marker in its place."""

    def __init__(self, cap_bytes: int = CAP_BYTES) -> None:
        self.cap_bytes = cap_bytes
        self.truncated = False
        self._left = cap_bytes

    def admit(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Return the message to keep: as it came, cut, or None where the cap was used up before.

        An update replaces what stands there, so each one has the whole cap.
        """
        kind, content = message["msg_type"], message["content"]
        left = self.cap_bytes if kind == _UPDATE else self._left
        size = _size(kind, content)
        if size <= left:
            self._left -= 0 if kind == _UPDATE else size
            return message
        if self.truncated and kind != _UPDATE:
            return None
        self.truncated = True
        self._left = self._left if kind == _UPDATE else 0
        return message | {"content": self._cut(kind, content, left)}

    def _cut(self, kind: str, content: dict[str, Any], kept: int) -> dict[str, Any]:
        marker = f"[output cut: this cell printed more than {self.cap_bytes / 1e6:g} MB]"
        if kind == _STREAM:
            return content | {"text": f"{content['text'][:kept]}\n{marker}\n"}
        return content | {"data": {"text/plain": marker}, "metadata": {}}


def _size(kind: str, content: dict[str, Any]) -> int:
    if kind == _STREAM:
        return _OVERHEAD + len(content["text"])
    if kind not in _DISPLAYS:
        return 0
    return _OVERHEAD + sum(
        len(value) if isinstance(value, str) else len(json.dumps(value)) for value in content["data"].values()
    )


class MessageGaps:
    """Counts the messages of one cell. Kernels of the Jupyter family number theirs: SESSION_PID_NUMBER."""

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[int, int, int]] = {}  # sender -> first, last, how many

    def see(self, message: dict[str, Any]) -> None:
        """Count a message; one without a number counts for nothing."""
        sender, _, number = str(message["header"].get("msg_id", "")).rpartition("_")
        if sender and number.isdecimal():
            first, last, count = self._numbers.get(sender, (int(number), int(number), 0))
            self._numbers[sender] = (min(first, int(number)), max(last, int(number)), count + 1)

    @property
    def lost(self) -> int:
        """How many messages are missing from the floods among those seen."""
        return sum(max(0, last - first + 1 - count) for first, last, count in self._numbers.values() if count > FLOOD)
