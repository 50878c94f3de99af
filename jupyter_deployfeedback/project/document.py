"""YAML text -> plain data that knows on which line each key stands.

PyYAML's node tree is walked here instead of ``yaml.safe_load``, because that drops the lines and lets the second of two
equal keys win without a word.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from jupyter_deployfeedback.errors import Problem, ProjectError

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands: keys of mappings and positions in lists, from the top."""

MOST_VALUES = 20_000  # aliases make a small file arbitrarily large; no project file has this many values
MERGE = "tag:yaml.org,2002:merge"
COLLECTIONS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
TIMESTAMP = "tag:yaml.org,2002:timestamp"


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
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is not None:
            document.data = _Reader(loader, document).read(root, (), ())
    except yaml.YAMLError as error:
        raise ProjectError([_syntax_problem(error, text, file)]) from None
    except RecursionError:
        raise ProjectError([Problem(file, None, "", "is nested too deeply.", "Flatten it.")]) from None
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
            raise yaml.constructor.ConstructorError(None, None, "aliases make it endless or too large", node.start_mark)
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if not isinstance(node, yaml.ScalarNode) and node.tag not in COLLECTIONS:
            raise yaml.constructor.ConstructorError(None, None, f"{node.tag} is not allowed here", node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, (*above, node))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index), (*above, node)) for index, item in enumerate(node.value)]
        self.document.written[path] = node.value
        if node.tag == TIMESTAMP:
            return str(node.value)  # 2026-11-20 is a version or a name here, never a date
        return self.loader.construct_object(node)

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
        return str(node.value)

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
