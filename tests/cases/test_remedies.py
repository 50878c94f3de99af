"""Every remedy in the code is a sentence of its own that says what to do, and no sentence ends twice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import jupyter_deployfeedback
from jupyter_deployfeedback.errors import DeployFeedbackError

ROOT = Path(jupyter_deployfeedback.__file__).parent
PLACEHOLDER = "\0"
COMMANDS = {"jupyter", "pip", "git", "keyring"}


def text_of(node: ast.expr) -> str | None:
    """Return a text with a placeholder for each value that is put into it; None for what is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (each.value if isinstance(each, ast.Constant) else PLACEHOLDER for each in node.values)
        return "".join(map(str, parts))
    return None


def raised() -> Iterator[tuple[str, str | None, str]]:
    """Yield place, message and remedy of each call in the package that gives a literal remedy."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            given = {each.arg: each.value for each in node.keywords}
            remedy = text_of(given["remedy"]) if "remedy" in given else None
            if remedy:
                message = text_of(node.args[0]) if node.args else None
                yield f"{path.relative_to(ROOT)}:{node.lineno}", message, remedy


RAISED = list(raised())


def test_there_are_remedies_to_look_at() -> None:
    assert len(RAISED) > 100


@pytest.mark.parametrize("check", ["a sentence", "not what happened", "not a question"])
def test_every_remedy_says_what_to_do(check: str) -> None:
    wrong = {
        "a sentence": [place for place, _, remedy in RAISED if not _is_a_sentence(remedy)],
        "not what happened": [place for place, message, remedy in RAISED if message and remedy in message],
        "not a question": [place for place, _, remedy in RAISED if "?." in remedy or remedy.endswith("..")],
    }

    assert wrong[check] == []


def _is_a_sentence(remedy: str) -> bool:
    """Say whether it begins with a capital, a value that is put into it, or a command to call."""
    first = remedy.lstrip().split()[0]
    return first[0].isupper() or first[0] in f"`'\"({PLACEHOLDER}" or first in COMMANDS


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("It is not there: did you mean accuracy?.", "It is not there: did you mean accuracy?"),
        ("The server said: model is loading..", "The server said: model is loading."),
        ('It answered "no!".', 'It answered "no!"'),
        ("Wait ...", "Wait ..."),
        ("It waits for suite.ipynb.", "It waits for suite.ipynb."),
    ],
)
def test_no_sentence_ends_twice(message: str, told: str) -> None:
    error = DeployFeedbackError(message, remedy=message)

    assert (error.message, error.remedy) == (told, told)
