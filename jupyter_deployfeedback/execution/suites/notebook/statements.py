"""What can be told of a cell by its text: whether there is anything in it that could fail.

A cell could fail where it has an ``assert`` of something that varies, a ``raise``, a call whose name begins with
``assert`` (numpy, pandas, unittest), ``raise_for_status()``, ``sys.exit()``, or a test runner (pytest, unittest,
doctest, behave), also as a shell command.
"""

import ast
import re

_RUNNERS = frozenset({"pytest", "unittest", "doctest", "ipytest"})
_OF_PYTHON = re.compile(r"%%(time|timeit|capture|prun|debug|ipytest)\b")
_COMMAND = re.compile(r"^(?P<indent>[ \t]*)(?:[!%?].*|.*\?)$", re.MULTILINE)
_ASSIGNED = re.compile(r"(?<=[^=!<>])=[ \t]*[!%].*$", re.MULTILINE)
_SHELL = re.compile(r"^[ \t]*(?:\w+[ \t]*=[ \t]*)?[!%].*\b(?:pytest|unittest|doctest|behave)\b", re.MULTILINE)
_WORDS = re.compile(r"^[ \t]*(?:assert|raise)\b|\bassert\w*\(|\braise_for_status\(", re.MULTILINE)


def could_fail(source: str) -> bool:
    """Say whether a cell of Python holds anything that is there to fail."""
    tree = _parse(source)
    if _SHELL.search(source):
        return True
    return bool(_WORDS.search(source)) if tree is None else any(map(_is_a_limit, ast.walk(tree)))


def _parse(source: str) -> ast.AST | None:
    """Return the Python of a cell without what only IPython knows; None where the rest cannot be read either."""
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        if not _OF_PYTHON.match(first):
            return ast.Module([], [])  # of another language
        source = rest
    for text in (source, _COMMAND.sub(r"\g<indent>pass", _ASSIGNED.sub("= None", source))):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _is_a_limit(node: ast.AST) -> bool:
    match node:
        case ast.Assert(test=ast.Constant() | ast.Tuple()):  # always true, or never
            return False
        case ast.Assert() | ast.Raise():
            return True
        case ast.Call(func=ast.Name() | ast.Attribute()):
            *path, last = ast.unparse(node.func).split(".")
            return last.lower().startswith("assert") or last == "raise_for_status" or _runs_tests([*path, last])
        case _:
            return False


def _runs_tests(path: list[str]) -> bool:
    return path[0] in _RUNNERS or path == ["sys", "exit"]
