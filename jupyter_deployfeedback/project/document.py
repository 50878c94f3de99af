"""YAML text -> plain data that knows on which line each key stands.

PyYAML's node tree is walked here instead of ``yaml.safe_load``, because that drops the lines and lets the second of two
equal keys win without a word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeAlias, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from jupyter_deployfeedback.domain.fields import OURS
from jupyter_deployfeedback.errors import Problem, ProjectError
from jupyter_deployfeedback.project.schema import ProjectFile

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands: keys of mappings and positions in lists, from the top."""

MOST_VALUES = 10_000  # aliases make a small file arbitrarily large; no project file has this many values
DEEPEST = 100  # levels: YAML's scanner looks at each of them for every word inside
MOST_PROBLEMS = 50  # that are shown; whoever has more mends these first
MERGE = "tag:yaml.org,2002:merge"
COLLECTIONS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
TIMESTAMP = "tag:yaml.org,2002:timestamp"
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


@dataclass
class Document:
    """A YAML file as plain data. ``written`` holds the scalars as they were typed: 2.10 is not the text 2.1."""

    file: str
    data: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    written: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int | None:
        """Return the line (from 1) of a value's key, or of the nearest thing around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def problem(self, path: Path, problem: str, remedy: str) -> Problem:
        """Say what is wrong with the value at ``path``."""
        return Problem(self.file, self.line(path), spell(path), problem, remedy)


def spell(path: Path) -> str:
    """Write a path as people do: ``targets.candidate.url``, ``rules[0].pass[1]``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def read_document(text: str, *, file: str) -> Document:
    """Read YAML; duplicate keys become problems of the document. Raises ProjectError where the text is not YAML."""
    document = Document(file)
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is not None:
            document.data = _Reader(loader, document).read(root, (), ())
    except yaml.YAMLError as error:
        raise ProjectError([_syntax_problem(error, text, file)]) from None
    except RecursionError:
        what = f"is nested too deeply: {DEEPEST} levels are the most."
        raise ProjectError([Problem(file, None, "", what, "Flatten it.")]) from None
    return document


def _syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    remedy = "Mend the YAML there: check indentation, quotes and brackets."
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem(file, line, "", "holds a character that YAML does not allow.", "Delete the control character.")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return Problem(file, None, "", f"is not YAML: {error}.", remedy)
    said = getattr(error, "problem", None) or getattr(error, "context", None) or "unreadable"
    return Problem(file, mark.line + 1, "", f"is not YAML: column {mark.column + 1}: {said}.", remedy)


class _Loader(yaml.SafeLoader):
    """Ends where there is more than a project file holds; what follows is not even looked at."""

    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.nodes += 1
        if self.nodes > MOST_VALUES:
            raise yaml.YAMLError(f"too large: {MOST_VALUES} values are the most")
        if len(self.states) > DEEPEST:
            raise RecursionError
        return super().compose_node(parent, index)


class _Reader:
    """Walks the node tree once, writing lines, typed text and duplicate keys into the document."""

    def __init__(self, loader: yaml.SafeLoader, document: Document) -> None:
        self.loader = loader
        self.document = document
        self.values = 0

    def read(self, node: yaml.Node, path: Path, above: tuple[yaml.Node, ...]) -> object:
        """Return the node's plain value; ``above`` are the nodes it lies in, to notice a loop of aliases."""
        self.values += 1
        if node in above or self.values > MOST_VALUES:
            said = f"aliases make it endless or too large: {MOST_VALUES} values are the most"
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark)
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if not isinstance(node, yaml.ScalarNode) and node.tag not in COLLECTIONS:
            raise yaml.constructor.ConstructorError(None, None, f"{node.tag} is not allowed here", node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, (*above, node))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index), (*above, node)) for index, item in enumerate(node.value)]
        self.document.written[path] = self._typed(node)
        if node.tag == TIMESTAMP:
            return str(node.value)  # 2026-11-20 is a version or a name here, never a date
        try:
            value = self.loader.construct_object(node)
            str(value)  # a whole number may have more digits than Python writes
        except (ValueError, KeyError):
            said = f"cannot be read as {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark) from None
        return value

    def _typed(self, node: yaml.Node) -> str:
        """Return a scalar as it was typed; half a character, which an escape can write, can be kept nowhere."""
        try:
            node.value.encode()
        except UnicodeEncodeError:
            raise yaml.constructor.ConstructorError(None, None, "holds half a character", node.start_mark) from None
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path, above: tuple[yaml.Node, ...]) -> dict[str, object]:
        merged: dict[str, object] = {}
        own: dict[str, object] = {}
        for key_node, value_node in sorted(node.value, key=lambda pair: pair[0].tag != MERGE):  # own lines win
            if key_node.tag == MERGE:
                merged |= self._merged(value_node, path, above)
                continue
            key = self._key(key_node)
            if key in own:
                self._report_duplicate(key_node, (*path, key))
                continue
            self.document.lines[*path, key] = key_node.start_mark.line + 1
            own[key] = self.read(value_node, (*path, key), above)
        return merged | own

    def _merged(self, node: yaml.Node, path: Path, above: tuple[yaml.Node, ...]) -> dict[str, object]:
        """Return what ``<<`` brings in; of several the first wins, as YAML's merge key says."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, object] = {}
        for source in sources:
            value = self.read(source, path, above)
            if not isinstance(value, dict):
                raise yaml.constructor.ConstructorError(None, None, "<< takes a mapping", source.start_mark)
            merged = value | merged
        return merged

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a word", node.start_mark)
        return self._typed(node)

    def _report_duplicate(self, node: yaml.Node, path: Path) -> None:
        first = self.document.lines[path]
        self.document.problems.append(
            Problem(
                self.document.file,
                node.start_mark.line + 1,
                spell(path),
                f"stands here a second time (first on line {first}).",
                "Keep one of the two.",
            )
        )


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
