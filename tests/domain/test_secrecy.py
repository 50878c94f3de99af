from __future__ import annotations

import pytest

from jupyter_deployfeedback.domain.fields import is_reference, looks_secret


@pytest.mark.parametrize(
    "name",
    ["token", "api_key", "apikey", "API_KEY", "authToken", "hfToken", "password", "db_password", "dbpassword", "auth",
     "client_secret", "secrets", "X-Api-Key", "Authorization", "Cookie", "session_cookie", "sort_key", "access_tokens"],
)  # fmt: skip
def test_name_looks_secret(name: str) -> None:
    assert looks_secret(name, "x")


@pytest.mark.parametrize(
    ("name", "value"),
    [("author", "me"), ("keyboard", "de"), ("keywords", "a"), ("n", 3), ("tokenizer", "bpe"), ("max_tokens", 256),
     ("model", "digits"), ("monkey", "x"), ("max_new_tokens", 0)],
)  # fmt: skip
def test_name_looks_harmless(name: str, value: object) -> None:
    assert not looks_secret(name, value)


def test_number_under_a_secret_name_is_a_secret_all_the_same() -> None:
    assert looks_secret("password", 12345678)


@pytest.mark.parametrize("text", ["env:MODEL_TOKEN", "file:/run/secrets/x", "file:token.txt", "keyring:service/user"])
def test_reference_is_one(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize(
    "text", ["", "abc", "env:", "env:A B", "env", "file:", "keyring:x", "keyring:/", "vault:x", "env:1A"]
)
def test_anything_else_may_be_the_secret_itself(text: str) -> None:
    assert not is_reference(text)
