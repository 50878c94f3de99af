"""What pictures leave the kernel, what they show, and which are refused before anything is sent."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.domain.evaluation import Evaluation
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.probe import examples
from jupyter_deployfeedback.probe.examples import PREFIX, gather_pictures, write_png

EXAMPLES = [[n, 1] for n in range(4)]
TRUTH = [1, 2, 3, 4]
GREY = [[0, 8], [16, 4]]
Deploy = Callable[..., Any]


def drawn(picture: object) -> tuple[int, int, int, list[int]]:
    """Draw one picture and read it again: width, height, colour type, values."""
    return read(gather_pictures([picture], ids=["a"]).urls(["a"])["a"])


def read(url: str) -> tuple[int, int, int, list[int]]:
    """Read a PNG without filters, checking each chunk's sum, by the specification."""
    png = b64decode(url.removeprefix(PREFIX), validate=True)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, rest = {}, png[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        kind, data = rest[4:8], rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length]) == (zlib.crc32(kind + data),)
        chunks[kind], rest = data, rest[12 + length :]
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, bits, colour, *methods = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (bits, methods) == (8, [0, 0, 0])
    rows = zlib.decompress(chunks[b"IDAT"])
    stride = 1 + width * {0: 1, 2: 3}[colour]
    assert rows[::stride] == bytes(height)
    return width, height, colour, [value for place, value in enumerate(rows) if place % stride]


def pictured(record: dict[str, Any]) -> dict[str, str]:
    fields = {key: value for key, value in record.items() if key not in {"schema_version", "kind"}}
    return Evaluation.model_validate({**fields, "suite": "quality"}).pictures


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (GREY, (2, 2, 0, [0, 128, 255, 64])),
        (np.array(GREY, dtype=np.uint8), (2, 2, 0, [0, 128, 255, 64])),
        (np.array(GREY) / 16, (2, 2, 0, [0, 128, 255, 64])),
        ([[-1.0, 0.0, 1.0]], (3, 1, 0, [0, 128, 255])),
        ([[False], [True]], (1, 2, 0, [0, 255])),
        ([[[255, 0, 0], [0, 51, 255]]], (2, 1, 2, [255, 0, 0, 0, 51, 255])),
        (np.zeros((2, 3, 3)), (3, 2, 2, [0] * 18)),
        ([[7, 7]], (2, 1, 0, [0, 0])),
        ([[-1.7e308, 1.7e308]], (2, 1, 0, [0, 255])),
    ],
)
def test_pictures_show_the_lowest_value_black_and_the_highest_white(picture: object, expected: object) -> None:
    assert drawn(picture) == expected


def test_all_pictures_of_an_evaluation_have_one_scale() -> None:
    found = gather_pictures([[[0, 100]], [[0, 50]]], ids=["a", "b"]).urls(["a", "b"])

    assert read(found["b"])[3] == [0, 128]


def test_png_goes_out_as_it_came() -> None:
    png = write_png(b"\1\2\3\4", width=2)

    url = gather_pictures([png], ids=["a"]).urls(["a"])["a"]

    assert b64decode(url.removeprefix(PREFIX)) == png


@pytest.mark.parametrize(
    ("picture", "problem"),
    [
        ([], "has no rows of pixels"),
        ([1, 2, 3], "has no rows of pixels"),
        ([[]], "has no rows of pixels"),
        ("a.png", "has no rows of pixels"),
        ([[1, 2], [3]], "has rows of different lengths"),
        ([[[1, 2, 3, 4]]], r"has pixels that are not (red, green, blue)"),
        ([[[1, 2, 3], 4]], r"has pixels that are not (red, green, blue)"),
        ([[float("nan")]], "has pixels that are no finite numbers"),
        ([["x"]], "has pixels that are no finite numbers"),
        ([[None]], "has pixels that are no finite numbers"),
        ([[0] * 129], "has 129 x 1 pixels; 128 a side are the most"),
        ([[0]] * 129, "has 1 x 129 pixels; 128 a side are the most"),
        (object(), "is a object"),
        (b"GIF89a", "is bytes, but not of a PNG"),
        (b"\x89PNG\r\n\x1a\n", "is bytes, but not of a PNG"),
        (write_png(bytes(129), width=129), "has 129 x 1 pixels; 128 a side are the most"),
        (write_png(b"\0", width=1) + bytes(70_000), "has 70,067 bytes; 65,536 are the most"),
    ],
)
def test_what_is_no_small_picture_is_refused_before_anything_is_sent(
    picture: object, problem: str, deploy: Deploy
) -> None:
    deployment = deploy()

    with pytest.raises(UsageError) as refused:
        jdf.evaluate(jdf.connect(deployment.url), EXAMPLES, TRUTH, ids=list("abcd"), pictures=[picture, *[None] * 3])

    assert refused.value.message == f"the picture of example 'a' {problem}."
    assert deployment.visits == []


@pytest.mark.parametrize(("given", "said"), [([GREY], "1 entries"), ("abcd", "str"), (7, "int")])
def test_pictures_that_do_not_fit_the_examples_are_refused(given: object, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        gather_pictures(given, ids=list("abcd"))

    assert refused.value.message == f"pictures: {said} for 4 examples."


def test_only_examples_that_one_side_alone_has_right_leave_the_kernel(deploy: Deploy, records: Callable) -> None:
    candidate = deploy(
        lambda visit: visit.answer({"predictions": [{0: 9, 3: 9}.get(visit.inputs[0][0], sum(visit.inputs[0]))]})
    )
    released = deploy(
        lambda visit: visit.answer({"predictions": [{1: 9, 3: 9}.get(visit.inputs[0][0], sum(visit.inputs[0]))]})
    )

    jdf.evaluate(
        jdf.connect(candidate.url, baseline=released.url), EXAMPLES, TRUTH, ids=list("abcd"), pictures=[GREY] * 4
    )

    found = pictured(records()[-1])
    assert list(found) == ["a", "b"]
    assert read(found["a"]) == (2, 2, 0, [0, 128, 255, 64])


def test_without_a_baseline_the_wrong_answers_leave_the_kernel(deploy: Deploy, records: Callable) -> None:
    jdf.evaluate(jdf.connect(deploy().url), EXAMPLES, [1, 9, 3, 9], ids=list("abcd"), pictures=[GREY] * 4)

    assert list(pictured(records()[-1])) == ["b", "d"]


def test_numbers_have_no_pictures(deploy: Deploy, records: Callable) -> None:
    jdf.evaluate(jdf.connect(deploy().url), EXAMPLES, [9.0] * 4, task="regression", pictures=[GREY] * 4)

    assert pictured(records()[-1]) == {}


def test_pictures_of_one_evaluation_stay_below_their_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    many = gather_pictures([GREY] * 9, ids=list("abcdefghi"))
    one = len(many.urls("a")["a"])
    monkeypatch.setattr(examples, "LONGEST_RECORD", 3 * one + 1)

    assert list(many.urls("abcdefghi")) == ["a", "b", "c"]
