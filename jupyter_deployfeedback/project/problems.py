"""What pydantic found -> problems in the words of the file, each with what to write instead."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from jupyter_deployfeedback.domain.fields import OURS
from jupyter_deployfeedback.errors import Problem
from jupyter_deployfeedback.project.document import Document, Path
from jupyter_deployfeedback.project.schema import ProjectFile

_EXPECTED = {
    "string": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "list": "a list",
    "tuple": "text or a list of texts",
    "dict": "keys with values",
    "model": "keys with values",
}
_NO_TEXT = frozenset({"null", "~", "true", "false"})
"""What nobody types who means text; ``no`` and ``on`` are words."""

_NOT_YET = {
    "experiment": 'is carried out by Chaos Toolkit: its journal can be a suite ("results: PATH").',
}


def translate_all(errors: Sequence[ErrorDetails], document: Document) -> list[Problem]:
    """Make problems of all of pydantic's errors; a suite of a kind that is not supported is one problem, not two."""
    of_other_kind = {
        error["loc"][:2] for error in errors if error["loc"][0] == "suites" and error["loc"][-1] in _NOT_YET
    }
    return [
        translate(error, document)
        for error in errors
        if not (error["type"] == "missing" and error["loc"][:2] in of_other_kind)
    ]


def translate(error: ErrorDetails, document: Document) -> Problem:
    """Make a problem of one of pydantic's errors; values are not repeated, because they may be secret."""
    path: Path = tuple(step for step in error["loc"] if step != "[key]")
    kind, context = error["type"], error.get("ctx", {})
    if kind == OURS:
        return document.problem(path, context["problem"], context["remedy"])
    if kind == "extra_forbidden":
        return _unknown_key(path, document)
    if kind == "missing":
        return document.problem(path, "is missing.", _example(path))
    if kind in {"enum", "literal_error"}:
        return _unknown_choice(path, error["input"], context["expected"], document)
    expected = _EXPECTED.get(kind.split("_")[0])
    if expected and kind.endswith(("_type", "_parsing")):
        return document.problem(
            path, f"must be {expected}, not {_said(error['input'])}.", _rewrite(path, kind, document)
        )
    said = error["msg"].removeprefix("Input ").removesuffix(".")
    return document.problem(path, f"{said[:1].lower()}{said[1:]}.", _example(path))


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a question after the nearest known name, empty where none is near."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f'Did you mean "{close[0]}"? ' if close else ""


def _unknown_key(path: Path, document: Document) -> Problem:
    key = str(path[-1])
    if path[0] == "suites" and key in _NOT_YET:
        return document.problem(path, _NOT_YET[key], "Delete this suite, or list a notebook instead.")
    known = _known_keys(path[:-1])
    return document.problem(path, "is not a known key.", f"{nearest(key, known)}Known here: {', '.join(known)}.")


def _unknown_choice(path: Path, given: object, expected: str, document: Document) -> Problem:
    known = [word.strip(" '") for word in expected.replace(" or ", ", ").split(", ")]
    shown = f'"{given}"' if isinstance(given, str | int | float) else _said(given)
    remedy = f"{nearest(str(given), known)}Supported: {', '.join(known)}."
    return document.problem(path, f"{shown} is not supported.", remedy)


def _said(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, Mapping):
        return "keys with values"
    return "a list" if isinstance(value, list | tuple) else "text"


def _rewrite(path: Path, kind: str, document: Document) -> str:
    """Quote a number or a word such as no that was meant as text, as it was typed: 2.10 must not become 2.1."""
    typed = document.written.get(path)
    secret = "auth" in path or "headers" in path
    if kind == "string_type" and typed and typed not in _NO_TEXT and not secret and isinstance(path[-1], str):
        return f'Write it in quotes: {path[-1]}: "{typed}".'
    return _example(path)


def _example(path: Path) -> str:
    """Show how a key is written, from the examples of the file's schema."""
    known = _field(path)
    if known is None or not known.examples:
        return ""
    key, example = next(step for step in reversed(path) if isinstance(step, str)), known.examples[0]
    if key not in _keys_around(path) and isinstance(example, dict):
        example = next(iter(example.values()))  # an entry under a name of the user's own
    text = yaml.safe_dump({key: example}, default_flow_style=True, width=1000, sort_keys=False)
    return f"Write for example: {text.strip()[1:-1]}."


def _keys_around(path: Path) -> list[str]:
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return _known_keys(path[:-1])


def _known_keys(path: Path) -> list[str]:
    section = _section(path)
    return [field.alias or name for name, field in section.model_fields.items()] if section else []


def _field(path: Path) -> FieldInfo | None:
    """Return the declaration of the key at ``path``, or of the list or mapping it is an item of."""
    for length in range(len(path), 0, -1):
        section = _section(path[: length - 1])
        if section is not None:
            fields = {field.alias or name: field for name, field in section.model_fields.items()}
            return fields.get(str(path[length - 1]))
    return None


def _section(path: Path) -> type[BaseModel] | None:
    """Return the part of the schema that describes what stands at ``path``."""
    annotation: Any = ProjectFile
    for step in path:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
            annotation = fields[str(step)].annotation if str(step) in fields else None
        elif get_origin(annotation) in {dict, list}:
            annotation = get_args(annotation)[-1]
        else:
            return None
        annotation = get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
