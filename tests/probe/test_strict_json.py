"""Values Python's parser lets through and a number must not become (E7)."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.errors import ProtocolError
from jupyter_deployfeedback.probe.replies import excerpt, read_json


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the answer is empty"),
        (b" \n", "the answer is empty"),
        (b"[NaN]", "invalid value: NaN"),
        (b"[-Infinity]", "invalid value: -Infinity"),
        (b"[1e999]", "1e999 is beyond what a number can hold"),
        (b"[" + b"9" * 5000 + b"]", "an integer of 5000 characters"),
        (b"[9223372036854775808]", "an integer of 19 characters"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"a": 1, "a": 2}', "an object names a key twice"),
        (b"\xff\xfe[\x001\x00]\x00", "not JSON but no content type"),
        (b"[1] trailing", "not JSON"),
        (b"OK", "not JSON but no content type: 'OK'"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, problem: str) -> None:
    with pytest.raises(ProtocolError, match=problem):
        read_json(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"[9223372036854775807]", [2**63 - 1]),
        ('["ü"]'.encode(), ["ü"]),
    ],
)
def test_json_is_read(body: bytes, expected: object) -> None:
    assert read_json(body) == expected


def test_excerpt_is_short_and_on_one_line() -> None:
    assert excerpt(b"a\x1b[31m\r\n\x00b" + "\u202e".encode() + b"c" * 500) == "a [31m b " + "c" * 191
