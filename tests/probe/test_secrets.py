"""Secrets are references; their values stand in no message."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.errors import SecretUnavailable
from jupyter_deployfeedback.probe.secrets import resolve as resolve_for
from jupyter_deployfeedback.probe.trust import allow, uses_of

SECRET = "canary-5f0c1d2e"
URL = "http://model.example"


def resolve(reference: str, *, environment: dict[str, str]) -> str:
    """Resolve what may be sent."""
    return resolve_for(reference, url=URL, environment=allow(uses_of(URL, [reference]), environment=environment))


def test_reference_to_the_environment_is_resolved() -> None:
    assert resolve("env:TOKEN", environment={"TOKEN": SECRET}) == SECRET


def test_reference_to_a_file_is_resolved_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET + "\n")

    assert resolve(f"file:{tmp_path / 'token'}", environment={}) == SECRET


def test_reference_to_the_keyring_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = types.ModuleType("keyring")
    keyring.get_password = lambda service, user: f"{SECRET}:{service}:{user}"
    monkeypatch.setitem(sys.modules, "keyring", keyring)

    assert resolve("keyring:model/prod/me", environment={}) == f"{SECRET}:model/prod:me"


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (SECRET, "plain text or in an unknown form"),
        (f"vault:{SECRET}", "plain text or in an unknown form"),
        ("env:", "plain text or in an unknown form"),
        ("env:ABSENT", "no environment variable ABSENT"),
        ("file:/no/such/file", "file:/no/such/file cannot be read: No such file"),
        ("env:SHORT", "shorter than 8 characters"),
        ("env:EMPTY", "shorter than 8 characters"),
        ("env:TWO_LINES", "cannot stand in a header"),
    ],
)
def test_reference_that_resolves_to_nothing_says_which_and_shows_no_value(reference: str, problem: str) -> None:
    environment = {"SHORT": "1234567", "EMPTY": "", "TWO_LINES": f"{SECRET}\r\nX-Evil: 1"}

    with pytest.raises(SecretUnavailable, match=problem) as caught:
        resolve(reference, environment=environment)

    assert SECRET not in str(caught.value)
    assert caught.value.remedy


def test_secrets_travel_in_headers_only(deploy: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    deployment = deploy()
    target = jdf.connect(deployment.url, auth={"bearer": "env:TOKEN", "headers": {"X-Api-Key": "env:TOKEN"}})

    target.predict([[1, 2]])

    assert deployment.visits[0][2]["Authorization"] == f"Bearer {SECRET}"
    assert deployment.visits[0][2]["X-Api-Key"] == SECRET
    assert SECRET not in repr(target) + repr(target.settings)


def test_secret_an_endpoint_sends_back_is_in_no_record(
    deploy: Callable, monkeypatch: pytest.MonkeyPatch, records: Callable
) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    deployment = deploy(lambda visit: visit.answer(visit.headers["Authorization"].encode(), status=401))
    target = jdf.connect(deployment.url, auth={"bearer": "env:TOKEN"})

    result = jdf.evaluate(target, [[1]], [1])

    assert result.errors == {"answered 401: Bearer [secret:env:TOKEN].": 1}
    assert SECRET not in repr(records()) + repr(target.health())


def test_missing_secret_is_said_before_anything_is_sent(deploy: Callable) -> None:
    deployment = deploy()
    locked = jdf.connect(deployment.url, auth={"bearer": "env:ABSENT_TOKEN"})

    with pytest.raises(SecretUnavailable, match="no environment variable ABSENT_TOKEN"):
        jdf.evaluate(jdf.connect(deployment.url, baseline=locked), [[1]], [1])

    assert deployment.visits == []
