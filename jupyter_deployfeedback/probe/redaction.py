"""The secrets that this process resolved, taken out of whatever leaves it, in each form in which they may come back.

A target can send back what it was sent, in an answer as in an error. What cannot be caught: a value that is reversed,
encrypted, split in pieces or part of a picture. Where no secret was resolved, nothing is looked at.
"""

import base64
import html
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 8  # characters; a shorter value cannot be told from ordinary text
_PRIVATE = 0o600
_known: dict[str, str] = {}  # reference -> value
_learning = Lock()
_forms: list[tuple[str, str]] = []  # what may be seen -> what is written in its place, the longest first
_ESCAPES: tuple[Callable[[str], str], ...] = (
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    lambda text: re.sub(r"[<>&'\"+/=]", lambda each: f"\\u{ord(each[0]):04x}", text),
    lambda text: repr(text)[1:-1],
    html.escape,
    lambda text: html.escape(text, quote=False),
    lambda text: html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    lambda text: html.escape(text).replace("&#x27;", "&apos;"),
    quote,
    quote_plus,
    lambda text: quote(text, safe=""),
    lambda text: re.sub("%..", lambda each: each[0].lower(), quote(text, safe="")),
    lambda text: text.replace("'", "'\"'\"'"),  # in a shell's quotes
    re.escape,
    str.lower,  # as the name of a host is written
)


def learn(secrets: Mapping[str, str]) -> None:
    """Keep secrets, reference -> value, out of all that leaves this process from now on, its log among it."""
    with _learning:
        _learn(secrets)


def _learn(secrets: Mapping[str, str]) -> None:
    new = {each: value for each, value in secrets.items() if len(value) >= SHORTEST and _known.get(each) != value}
    if new and not isinstance(logging.getLogRecordFactory(), _Silent):
        logging.setLogRecordFactory(_Silent(logging.getLogRecordFactory()))
    for reference, value in new.items():
        marker = f"[secret:{re.sub(r'[^A-Za-z0-9_:./-]', '_', reference)}]"
        found = {**dict(_forms), **dict.fromkeys(_forms_of(value), marker)}
        _known[reference] = value
        _forms[:] = sorted(found.items(), key=lambda each: -len(each[0]))


def known() -> dict[str, str]:
    """Return all that was learned, reference -> value, to be told to a process of ours and to nobody else."""
    return dict(_known)


def redact(text: str) -> str:
    """Return a text without any of the known secrets; the same text where it holds none."""
    for form, marker in tuple(_forms):
        text = text.replace(form, marker)
    return text


def redact_tree(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return a value of JSON without any of the known secrets, in its keys neither."""
    if not _forms:
        return value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact_tree(key): redact_tree(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [redact_tree(each) for each in value]
    return value


def redact_files(folder: Path, *, stem: str) -> None:
    """Rewrite what holds a secret of the files and folders whose names begin so; only this user may read it then."""
    tops = [path for path in folder.iterdir() if path.name.startswith(f"{stem}.")] if _forms else []
    for path in [*tops, *(below for top in tops for below in top.rglob("*"))]:
        text = "" if path.is_symlink() or not path.is_file() else path.read_bytes().decode(errors="surrogateescape")
        if (clean := redact(text)) != text:
            whole = path.with_name(f"{path.name}.clean")
            whole.touch(mode=_PRIVATE, exist_ok=False)
            whole.write_bytes(clean.encode(errors="surrogateescape"))
            whole.replace(path)


def _forms_of(value: str) -> Iterator[str]:
    """Yield how a secret may be written, one escape inside another too."""
    once = {value, *(escape(value) for escape in _ESCAPES)}
    yield from once
    yield from {escape(text) for text in once for escape in _ESCAPES}
    raw = value.encode()
    yield from (raw.hex(), raw.hex().upper())
    for before in range(3):  # where it stands in what is encoded decides how it looks; the ends depend on neighbours
        bits = 8 * (before + len(raw))
        standard = base64.b64encode(bytes(before) + raw).decode()[-(-8 * before // 6) : bits // 6]
        yield from (standard, standard.replace("+", "-").replace("/", "_"))


class _Silent:
    """Makes log records as before, without secrets."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *arguments: Any, **settings: Any) -> logging.LogRecord:  # noqa: ANN401 - those of logging
        record = self._make(*arguments, **settings)
        said = str(record.msg) if not record.args else record.getMessage()
        if (clean := redact(said)) != said:
            record.msg, record.args = clean, None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return record
