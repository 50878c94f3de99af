"""A secret that a target sends back, even in an answer of success, stands nowhere: whatever way it was written."""

from __future__ import annotations

import base64
import html
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from urllib.parse import quote

import nbformat
import pytest

from jupyter_deployfeedback.domain.run import Release, RunRequest
from jupyter_deployfeedback.feedback import Export, Format, export, render
from jupyter_deployfeedback.pipeline.run import evaluate, start
from jupyter_deployfeedback.probe import redaction
from jupyter_deployfeedback.probe.trust import allow
from jupyter_deployfeedback.project import load_project
from jupyter_deployfeedback.release.tag import tag_message
from jupyter_deployfeedback.store import open_store

TOKEN = "s3cret/of+\"him&<her>'s\\=%9"
KEY = "plain-key-0123456789"
BEARER = f"Bearer {TOKEN}"


def written(secret: str) -> dict[str, str]:
    """Return how a secret may be seen; of base64 what does not depend on what stands around it."""
    raw = secret.encode()
    return {
        "plain": secret,
        "json": json.dumps(secret)[1:-1],
        "json in json": json.dumps(json.dumps(secret))[3:-3],
        "repr": repr(secret)[1:-1],
        "html": html.escape(secret),
        "url": quote(secret, safe=""),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        **{f"base64 {place}": base64.b64encode(b"." * place + raw)[4:-4].decode() for place in range(3)},
    }


def sent_back(secret: str) -> list[str]:
    whole = [base64.b64encode(f"{'.' * place}{secret}{'!' * place}".encode()).decode() for place in range(3)]
    return [form for name, form in written(secret).items() if not name.startswith("base64")] + whole


def found_in(text: str) -> list[str]:
    return [f"{name}: {form}" for secret in (TOKEN, KEY) for name, form in written(secret).items() if form in text]


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent: in labels, versions and headers, and where it fails, in its error page."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer({"ready": True, "model_version": f"1 {self.headers['Authorization']}", "software": {TOKEN: KEY}})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        number = asked[0][0]
        forms = [form for name in ("Authorization", "X-Key") for form in sent_back(self.headers[name])]
        if number % 8 == 7:
            self.answer({"error": "x" * (number * 2) + forms[number % len(forms)]}, status=500)
        else:
            self.answer({"predictions": [forms[number % len(forms)]], "model_version": self.headers["Authorization"]})

    def answer(self, page: object, *, status: int = 200) -> None:
        body = json.dumps(page).encode()
        self.send_response(status)
        self.send_header("X-Echo", self.headers["Authorization"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


EVALUATES = """\
import base64, html, json, os, jupyter_deployfeedback as jdf
token, rows = os.environ["MODEL_TOKEN"], [[n] for n in range(64)]
sides = {"who": [token] * 32 + ["other"] * 32}
result = jdf.evaluate(jdf.connect(), rows, [token] * 64, ids=[f"{n} {token}" for n in range(64)], slices=sides)
"""
PRINTS = """\
print(result.predictions, result.errors, dict(os.environ), open(os.environ["KEY_FILE"]).read())
print(json.dumps({"a": json.dumps(token)}), token.encode().hex(), html.escape(token), repr(token))
print(base64.b64encode(f"user:{token}".encode()))
for letter in token:
    print(letter, end="", flush=True)
{token: [token]}
"""
RECORDS = 'jdf.record(f"number {token}", 1.0, unit=token)\njdf.check(True, f"title {token}")'
RAISES = 'assert not token, f"the message {token}"'
FILE = """\
version: 1
name: echoes
targets:
  candidate:
    url: "%s"
    auth: {bearer: "env:MODEL_TOKEN", headers: {X-Key: "file:%s"}}
    platform: {source: none}
suites: [suite.ipynb]
kernels: {environment: [KEY_FILE]}
rules: [{metric: accuracy, pass: ">=0.1"}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder, key = tmp_path / "project", tmp_path / "outside" / "key"
    folder.mkdir()
    key.parent.mkdir()
    key.write_text(f"{KEY}\n")
    monkeypatch.setenv("MODEL_TOKEN", TOKEN)
    monkeypatch.setenv("KEY_FILE", str(key))
    cells = [nbformat.v4.new_code_cell(source) for source in (EVALUATES, PRINTS, RECORDS, RAISES)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "suite.ipynb")
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        (folder / "deployfeedback.yaml").write_text(FILE % (f"http://127.0.0.1:{server.server_port}", key))
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        subprocess.run(["git", "add", "."], cwd=folder, check=True)
        subprocess.run(["git", "commit", "-qm", "first"], cwd=folder, check=True)
        yield folder
        server.shutdown()


def test_an_echoed_secret_stands_in_nothing_that_a_run_leaves(
    project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = open_store(str(tmp_path / "store"), environment=os.environ)
    request = RunRequest(project_file=str(project / "deployfeedback.yaml"), target="candidate")
    told: list[str] = []
    (asked,) = load_project(project / "deployfeedback.yaml", environment=os.environ).targets.values()
    environment = allow(asked.asked_for, environment=os.environ)

    run = start(request, store=store, environment=environment)
    report = evaluate(
        run.run_id,
        store=store,
        environment=environment,
        tell=lambda event: told.append(event.model_dump_json()),
        cancelled=Event(),
    )

    release = Release(
        version="1",
        tag="v1",
        commit="0" * 40,
        run_id=run.run_id,
        project_file="p",
        verdict=report.verdict,
        created_at=datetime.now(UTC),
    )
    left = {str(path): path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*") if path.is_file()}
    left = {path: text for path, text in left.items() if "outside" not in path}
    rendered = {form.name: render(store.feedback(run.run_id), form) for form in Format}
    exported = {form.name: export([report], form) for form in Export}
    seen = {
        **left,
        **rendered,
        **exported,
        "report": report.model_dump_json(),
        "evidence": store.evidence(run.run_id).model_dump_json(),
        "events": "\n".join([*told, *(event.model_dump_json() for event in store.events(run.run_id))]),
        "tag": tag_message(report, release),
        "log": caplog.text,
    }
    assert {place: found_in(text) for place, text in seen.items() if found_in(text)} == {}
    (suite,) = store.evidence(run.run_id).suites
    assert suite.evaluations[0].candidate.states.count("answered") == 56
    assert "[secret:env:MODEL_TOKEN]" in seen["evidence"]
    assert "[secret:file:" in seen["evidence"]
    assert [path for path, text in left.items() if path.endswith(".ipynb") and "[secret:env:MODEL_TOKEN]" in text]
    redaction.learn({"env:LATER": "suite.ipynb"})
    for noun in (report, store.evidence(run.run_id), store.events(run.run_id)[-1]):
        assert "suite.ipynb" not in noun.without_secrets().model_dump_json()


def test_what_a_program_of_a_suite_wrote_is_cleaned_for_its_own_files_alone(tmp_path: Path) -> None:
    (tmp_path / "suite.junit").mkdir()
    own, report = tmp_path / "suite.json", tmp_path / "suite.junit" / "TESTS.xml"
    other, link, outside = tmp_path / "suite2.json", tmp_path / "suite.link", tmp_path / "outside"
    for path in (own, report, other, outside):
        path.write_bytes(b"\xff " + KEY.encode())
    link.symlink_to(outside)
    redaction.learn({"env:NAME": KEY})

    redaction.redact_files(tmp_path, stem="suite")

    assert own.read_bytes() == report.read_bytes() == b"\xff [secret:env:NAME]"
    assert own.stat().st_mode & 0o777 == 0o600
    assert other.read_bytes() == outside.read_bytes() == b"\xff " + KEY.encode()


@pytest.mark.parametrize("secret", [TOKEN, KEY])
def test_every_form_of_a_secret_is_taken_out(secret: str) -> None:
    redaction.learn({"env:NAME": secret})

    for form in [*written(secret).values(), quote(secret, safe="").lower(), f"https://u:{quote(secret)}@host/", BEARER]:
        clean = redaction.redact(f"before {form} after")
        assert form not in clean or secret not in form
    for place in range(8):
        page = json.dumps(
            {"a": ["." * place + secret + "!" * place, {secret: base64.b64encode(secret.encode()).decode()}]}
        )
        clean = redaction.redact(page)
        assert written(secret)["json"] not in clean
        assert secret not in repr(json.loads(clean))


def test_a_log_record_holds_no_secret_in_message_arguments_or_traceback(caplog: pytest.LogCaptureFixture) -> None:
    redaction.learn({"env:NAME": TOKEN})

    try:
        int(TOKEN)
    except ValueError:
        logging.getLogger("any").exception("it said %s", TOKEN)

    assert found_in(caplog.text) == []
    assert "it said [secret:env:NAME]" in caplog.text
    assert "int() with base 10" in caplog.text


def test_where_no_secret_was_resolved_nothing_is_looked_at() -> None:
    """In a process of its own: not even log records are made otherwise."""
    code = (
        "import logging; from jupyter_deployfeedback.probe import redaction; made = logging.getLogRecordFactory();"
        "page = {'a': ['b']}; assert redaction.redact_tree(page) is page; assert made is logging.LogRecord;"
        "redaction.learn({'env:X': 'short'}); assert logging.getLogRecordFactory() is made; assert not redaction.known()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
