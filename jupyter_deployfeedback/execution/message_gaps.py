"""Whether messages of a kernel were lost: its socket drops them when it sends faster than they can be carried. Pure."""

from __future__ import annotations

from typing import Any

FLOOD = 500  # a socket holds a thousand; below this nothing is dropped, and a gap means a message that was never sent


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
