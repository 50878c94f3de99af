"""Where one answer ends: proven byte for byte, or the answer is refused and its connection dropped.

http.client takes an interim answer (103) for the answer, guesses where lengths contradict each other, and drops what
follows an answer. On a kept connection each of these gives the next request the answer of another one.
"""

import io
import re
from http.client import HTTPException, HTTPResponse
from typing import Any

from urllib3.exceptions import HeaderParsingError
from urllib3.util.response import assert_header_parsing

_INTERIM = range(100, 200)
_SWITCHING = 101
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")


class Unproven(HTTPException):
    """It cannot be known where an answer ends, so nothing that came with it is used."""


class Received(io.BufferedReader):
    """What a connection received for one request; it counts, so that nothing is lost or added unnoticed.

    The connection returns at once what it has when nothing more is ``due``.
    """

    def __init__(self, raw: io.RawIOBase, connection: Any) -> None:  # noqa: ANN401 - a socket of deadline.py
        super().__init__(raw)
        self._connection = connection
        self._left: int | None = None  # bytes of the body, or of its chunk, that are still to come
        self._in_chunks = False

    def expect(self, length: int | None, *, chunked: bool) -> None:
        """Count the body that follows: ``length`` is None where it ends with the connection."""
        self._left, self._in_chunks = length, chunked

    def read(self, size: int | None = -1, /) -> bytes:
        """Return bytes of the body, or what stands between two chunks."""
        data = super().read(size)
        if self._in_chunks and self._left == 0:
            if data != b"\r\n":
                raise Unproven("a chunk is longer than it says")
            self._left = None
        elif self._left is not None:
            self._left -= len(data)
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line of the head, the size of a chunk, or a line after the last one."""
        line = super().readline(size)
        if self._in_chunks:
            found = _CHUNK.fullmatch(line)
            if found is None or self._left is not None:
                raise Unproven("a chunk does not say its size")
            self._left = int(found[1], 16)
            self._in_chunks = self._left > 0
        return line

    def close(self) -> None:
        """Close it; ``Unproven`` where more came than the answer says it has."""
        left = self._left_over() if self._left == 0 and not self._in_chunks and not self.closed else b""
        super().close()
        if left.strip():
            raise Unproven("more came than its length says")

    def _left_over(self) -> bytes:
        self._connection.due = False
        try:
            return self.peek()
        except OSError:  # of TLS: there is nothing yet
            return b""
        finally:
            self._connection.due = True


class ProvenResponse(HTTPResponse):
    """An answer whose end is known; ``Unproven`` is raised before any of its body is read where it is not."""

    fp: Received

    def begin(self, **settings: Any) -> None:  # noqa: ANN401 - those of this Python's http.client
        """Read the head of the answer; interim answers (1xx) before it are skipped, as long as the deadline allows."""
        super().begin(**settings)
        while self.status in _INTERIM:
            if self.status == _SWITCHING:
                raise Unproven("it changes the protocol")
            self.headers = None  # type: ignore[assignment]  # as before the first head was read
            super().begin(**settings)
        self._refuse_unproven()
        self.fp.expect(self.length, chunked=self.chunked)

    def _refuse_unproven(self) -> None:
        try:
            assert_header_parsing(self.headers)
        except HeaderParsingError:
            raise Unproven("its headers cannot be read") from None
        lengths = {text.strip() for text in self.headers.get_all("Content-Length", [])}
        encodings = [text.strip().lower() for text in self.headers.get_all("Transfer-Encoding", [])]
        if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
            raise Unproven("its Content-Length is not one number")
        if encodings and (lengths or encodings != ["chunked"] or not self.chunked or self.version < 11):
            raise Unproven("its Transfer-Encoding leaves its length open")
