"""Hostile servers and repositories: an answer is its request's or none, and what a repository holds cannot harm."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from urllib3.util.wait import wait_for_read

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.errors import NotebookInvalid, ProjectError, ProtocolError, TargetTimedOut, UsageError
from jupyter_deployfeedback.observation.wire import BoundedSession, read_body
from jupyter_deployfeedback.probe.transport import Transport
from jupyter_deployfeedback.project import inspect_suite, inspection, load_project
from tests.probe import conftest as probe

if TYPE_CHECKING:
    from tests.probe.conftest import Visit

Deploy = Callable[..., object]
deploy, outside_a_run, trusted = probe.deploy, probe.outside_a_run, probe.trusted

EXAMPLES = [[n] for n in range(30)]
TRUTH = list(range(30))
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODY = b'{"predictions": [0]}'


def whole(body: bytes) -> bytes:
    return ANSWER + b"Content-Length: %d\r\n\r\n" % len(body) + body


def same(visit: Visit) -> bytes:
    return whole(json.dumps({"predictions": [row[0] for row in visit.inputs]}).encode())


def in_chunks(*chunks: bytes) -> bytes:
    return ANSWER + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)


def hint_before_each_third(visit: Visit) -> None:
    visit.raw(HINTS * (visit.number % 3 == 0) + same(visit))


def other_interim_answers(visit: Visit) -> None:
    visit.raw(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nContent-Length: 7\r\n\r\n" + HINTS * 50 + same(visit)
    )


@pytest.mark.parametrize("script", [hint_before_each_third, other_interim_answers])
def test_interim_answers_shift_no_answer_to_another_example(deploy: Deploy, script: Callable[[Visit], None]) -> None:
    deployment = deploy(script)

    result = jdf.evaluate(jdf.connect(deployment.url), EXAMPLES, TRUTH)

    assert result.accuracy == 1.0
    assert deployment.connections == 1


def test_interim_answers_without_end_are_ended_by_the_deadline(deploy: Deploy) -> None:
    def endless(visit: Visit) -> None:
        while not visit.deployment.over.wait(0.01):
            visit.raw(HINTS)

    with pytest.raises(TargetTimedOut):
        ask(Transport(url := deploy(endless).url), url, timeout=0.3)


UNPROVEN = {
    "negative length": ANSWER + b"Content-Length: -5\r\n\r\n" + BODY,
    "no number": ANSWER + b"Content-Length: 2_0\r\n\r\n" + BODY,
    "two lengths": ANSWER + b"Content-Length: 5\r\nContent-Length: 20\r\n\r\n" + BODY,
    "list of lengths": ANSWER + b"Content-Length: 20, 20\r\n\r\n" + BODY,
    "length and chunks": ANSWER
    + b"Content-Length: 20\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n"
    + BODY
    + b"\r\n0\r\n\r\n",
    "unknown encoding": ANSWER + b"Content-Length: 20\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + BODY,
    "chunks in HTTP/1.0": in_chunks(b"14\r\n" + BODY, b"\r\n0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "more than the length": whole(BODY) + whole(BODY),
    "more after chunks": in_chunks(b"14\r\n" + BODY + b"\r\n0\r\n\r\n", whole(BODY)),
    "chunk is longer than it says": in_chunks(b"14\r\n" + BODY + b"  0\r\n\r\n"),
    "chunk of a negative size": in_chunks(b"-14\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk with a sign": in_chunks(b"+14\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "truncated chunk": in_chunks(b"14\r\n" + BODY[:5]),
    "no last chunk": in_chunks(b"14\r\n" + BODY + b"\r\n"),
    "broken header": ANSWER + b"a line without a colon\r\nContent-Length: 20\r\n\r\n" + BODY,
    "space in a header's name": ANSWER + b"Content-Length : 20\r\n\r\n" + BODY,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + whole(BODY),
}


@pytest.mark.parametrize("answer", UNPROVEN.values(), ids=UNPROVEN)
def test_an_answer_whose_end_is_not_proven_is_refused_with_its_connection(deploy: Deploy, answer: bytes) -> None:
    def script(visit: Visit) -> None:
        visit.raw(answer)
        visit.close_connection = answer in {UNPROVEN["truncated chunk"], UNPROVEN["no last chunk"]}

    deployment = deploy(script)
    transport = Transport(deployment.url)

    for _ in range(2):
        with pytest.raises(ProtocolError, match="broke off or is not HTTP"):
            ask(transport, deployment.url)

    assert deployment.connections == 2


@pytest.mark.parametrize("answer", [UNPROVEN["negative length"], UNPROVEN["more than the length"]])
def test_metrics_whose_end_is_not_proven_are_refused(deploy: Deploy, answer: bytes) -> None:
    url = deploy(lambda visit: visit.raw(answer)).url
    session = BoundedSession(url, ca_file=None)
    session.allow(5)

    with session, pytest.raises(requests.RequestException), session.get(url, stream=True) as response:
        read_body(response, limit_bytes=1000)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.usefixtures("trusted")
def test_an_answer_that_comes_before_its_request_is_nobodys(deploy: Deploy, *, tls: bool) -> None:
    read = threading.Semaphore(0)

    def one_in_advance(visit: Visit) -> None:
        visit.raw(same(visit))
        read.acquire()
        visit.raw(whole(BODY))  # would be taken for the next request's answer

    target = jdf.connect(deploy(one_in_advance, tls=tls).url)

    for number in (1, 2, 3):
        assert target.predict([[number]]) == [number]
        read.release()
        assert wait_for_read(kept_socket(target), timeout=5)


@pytest.mark.usefixtures("trusted")
def test_two_answers_in_one_tls_record_are_none(deploy: Deploy) -> None:
    """The second would wait inside the TLS layer, where no look at the socket finds it."""
    padded = whole(b'{"predictions": [0]}' + b" " * 9000)
    deployment = deploy(lambda visit: visit.raw(padded + whole(BODY)), tls=True)

    with pytest.raises(ProtocolError):
        ask(Transport(deployment.url), deployment.url)


def test_honest_answers_of_every_form_keep_their_connection(deploy: Deploy) -> None:
    chunked = in_chunks(b"5;name=value\r\n" + BODY[:5] + b"\r\n", b"F \r\n" + BODY[5:] + b"\r\n0\r\nTrailer: 1\r\n\r\n")
    same_twice = ANSWER + b"Content-Length: 20\r\nContent-Length: 20\r\n\r\n" + BODY
    forms = [whole(BODY), chunked, same_twice, b"HTTP/1.1 204 No Content\r\n\r\n"]
    deployment = deploy(lambda visit: visit.raw(forms[visit.number]))
    transport = Transport(deployment.url)

    assert [ask(transport, deployment.url) for _ in forms] == [BODY, BODY, BODY, b""]
    assert deployment.connections == 1


def ask(transport: Transport, url: str, *, timeout: float = 5) -> bytes:
    request = transport.prepare("POST", url, headers={}, body=b"{}")
    return transport.send(request, timeout_seconds=timeout).body


def kept_socket(target: jdf.Target) -> socket.socket:
    pools = target._transport._adapter.poolmanager.pools
    return pools[next(iter(pools.keys()))].pool.queue[-1].sock


TARGET = 'version: 1\nname: x\ntargets: {a: {url: "http://127.0.0.1:8000"}}\n'
FILE = f"{TARGET}suites: [s.ipynb]\n"
HOSTILE_FILES = {
    "more than a project file has": (FILE + "# x\n" * 30_000, "larger than 100 kB"),
    "a long list": (FILE + f"when: [{'1,' * 40_000}]", "10000 values are the most"),
    "brackets": (FILE + "x: " + "[" * 90_000, "100 levels"),
    "braces": (FILE + "x: " + "{a: " * 20_000, "100 levels"),
    "aliases of aliases": (
        FILE + "x-0: &a0 [1, 1]\n" + "".join(f"x-{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
        "10000 values are the most",
    ),
    "merges of merges": (
        FILE + "x-0: &a0 {k: 1}\n" + "".join(f"x-{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40)),
        "10000 values are the most",
    ),
    "conditions on one metric": (
        FILE + "rules:\n  - metric: accuracy\n    pass:\n" + '      - ">=0.1"\n' * 5_000,
        "30 are the most",
    ),
    "rules on one metric": (FILE + "rules:\n" + "  - {metric: accuracy, pass: '>=0.1'}\n" * 1_500, "more problems"),
    "unknown keys": (FILE + "".join(f"targest{n}: 1\n" for n in range(4_000)), "more problems: mend these first"),
    "an integer of 90,000 digits": (FILE + "looks: " + "9" * 90_000, "cannot be read as int"),
    "an integer of as many bits": (FILE + "looks: 0x" + "f" * 90_000, "cannot be read as int"),
    "a huge exponent": (FILE + "rules: [{metric: accuracy, pass: '>=1e999999999'}]", "is too large"),
    "a pattern that nests": (
        f"{TARGET}suites: [{{features: f, name: '{'(' * 2_000}{')' * 2_000}'}}]",
        "regular expression",
    ),
    "a pattern that repeats": (f"{TARGET}suites: [{{features: f, name: 'a{{{'9' * 30}}}'}}]", "regular expression"),
    "a NUL in a path": (f'{TARGET}suites: ["s\\0.ipynb"]', "cannot be looked at"),
    "half a character in a path": (f'{TARGET}suites: ["\\ud800.ipynb"]', "half a character"),
    "a path that leads in a circle": (f"{TARGET}suites: [loop.ipynb]", "Symlink loop"),
}


@pytest.mark.parametrize(("text", "said"), HOSTILE_FILES.values(), ids=HOSTILE_FILES)
def test_a_hostile_project_file_is_refused_with_the_limit_it_breaks(tmp_path: Path, text: str, said: str) -> None:
    """Each took minutes, or was no error of ours; the test's own time limit ends what is not bounded."""
    (tmp_path / "s.ipynb").write_text(json.dumps(notebook("n = 1")))
    (tmp_path / "loop.ipynb").symlink_to(tmp_path / "loop.ipynb")
    (tmp_path / "deployfeedback.yaml").write_text(text)

    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path / "deployfeedback.yaml", environment={})

    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 51


def test_keys_that_begin_with_x_hold_what_aliases_refer_to(tmp_path: Path) -> None:
    (tmp_path / "s.ipynb").write_text(json.dumps(notebook("n = 1")))
    common = "x-common: &common {platform: {source: none}, timeout: 5s}\n"
    targets = 'targets:\n  one: {<<: *common, url: "http://127.0.0.1:8000"}\n  two: {url: "http://127.0.0.1:8001"}\n'
    (tmp_path / "deployfeedback.yaml").write_text(f"{common}version: 1\n{targets}suites: [s.ipynb]\n")

    project = load_project(tmp_path / "deployfeedback.yaml", environment={})

    assert [each.timeout_seconds for each in project.targets.values()] == [5.0, 10.0]


def notebook(parameters: str, *, language: str = "python", **keys: object) -> dict[str, object]:
    cell = {"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "source": parameters}
    cells = [{**cell, "outputs": [], "execution_count": None}]
    about = {"kernelspec": {"name": "python3", "display_name": "x", "language": language}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5, **keys}


HOSTILE_NOTEBOOKS = {
    "900,000 digits": json.dumps(notebook("n = 1")).replace("null", "9" * 900_000),
    "900,000 digits in a parameter": json.dumps(notebook("n = " + "9" * 900_000)),
    "brackets": json.dumps(notebook("n = 1")).replace("null", "[" * 100_000 + "]" * 100_000),
    "signs": json.dumps(notebook("n = " + "-" * 100_000 + "1")),
    "sums": json.dumps(notebook("n = " + "1+" * 50_000 + "1")),
    "half a character": json.dumps(notebook("n = '\ud800'")),
    "NUL": json.dumps(notebook("n = 1\0")),
    "a format that is no integer": json.dumps(notebook("n = 1", nbformat=4.0)),
    "a format that is no number": json.dumps(notebook("n = 1", nbformat=float("nan"))),
}


@pytest.mark.parametrize("text", HOSTILE_NOTEBOOKS.values(), ids=HOSTILE_NOTEBOOKS)
def test_a_hostile_notebook_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(NotebookInvalid, match=r"^s\.ipynb"):
        inspected(tmp_path, text)


def test_a_parameters_cell_of_many_spaces_is_read_at_once(tmp_path: Path) -> None:
    cell = f"n = 5;{' ' * 200_000}\nm <- 'a';  \nk = {' ' * 200_000}1"

    found = inspected(tmp_path, json.dumps(notebook(cell, language="R")))

    assert found.parameters == {"n": "5", "m": "'a'", "k": "1"}


def test_a_pattern_that_would_run_for_years_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "_SEARCH_SECONDS", 1.0)
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / f"{'a' * 60}.feature").touch()
    suite = Suite(name="f", kind=SuiteKind.BEHAVE, source="features", options={"pattern": "(a+)+$"})

    with pytest.raises(UsageError, match="takes more than 1 s to be matched"):
        inspect_suite(project_in(tmp_path), suite)


@pytest.mark.parametrize(
    ("pattern", "matching"), [("ga.her", 1), ("g.*r.feature$", 1), ("(gather|run)", 2), ("^x+", 0)]
)
def test_patterns_that_repeat_match_as_before(tmp_path: Path, pattern: str, matching: int) -> None:
    (tmp_path / "features").mkdir()
    for name in ("gather", "run"):
        (tmp_path / "features" / f"{name}.feature").touch()
    suite = Suite(name="f", kind=SuiteKind.BEHAVE, source="features", options={"pattern": pattern})

    said = " ".join(inspect_suite(project_in(tmp_path), suite).notices)

    assert ("no feature" in said, "matches 2" in said) == (matching == 0, matching == 2)


def inspected(folder: Path, text: str) -> inspection.SuiteInspection:
    (folder / "s.ipynb").write_text(text)
    return inspect_suite(project_in(folder), Suite(name="s", kind=SuiteKind.NOTEBOOK, source="s.ipynb"))


def project_in(folder: Path) -> Project:
    (folder / "s.ipynb").touch()
    (folder / "deployfeedback.yaml").write_text(FILE)
    return load_project(folder / "deployfeedback.yaml", environment={})
