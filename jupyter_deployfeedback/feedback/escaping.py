"""Text that came from others, made harmless: what cannot be seen is shown as an escape, markdown is never acted on."""

import re
import unicodedata

_COLOUR_CODES = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]")
_KEPT_FORMATS = frozenset("\u200c\u200d\ufe0e\ufe0f")  # joiners and emoji variants: names and emoji need them
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "|": "&#124;",
    "`": "&#96;",
    "\\": "&#92;",
    "*": "&#42;",
    "~": "&#126;",
    "$": "&#36;",
    "@": "&#64;&#8203;",  # forges look for mentions in the rendered text: only a zero-width space stops them
    "#": "&#35;&#8203;",  # the same for "closes #1"
}
_SPECIAL = re.compile(
    r"""(?P<start>^(?:\[|[-+](?=[-+\s]|$)|\d+[.)](?=\s|$)))  # a list, a task or a definition, where a list item begins
    |(?P<entity>[&<>|`\\*~$@#])
    |(?P<underscore>(?<![^\W_])_|_(?![^\W_]))     # inside a word it means nothing
    |(?P<bracket>!(?=\[)|\](?=\s*[\[(]))          # what makes a link or an image of brackets
    |(?P<address>:(?=//)|(?<=\bwww)\.|(?<=\bmailto):|(?<=\bxmpp):)
    |(?P<issue>(?<=\bGH)-(?=\d))""",
    re.VERBOSE | re.IGNORECASE,
)


def visible(text: str) -> str:
    r"""Return the text with controls, bidi overrides, lone surrogates and noncharacters as escapes (``\u202e``).

    Line breaks and tabs stay, terminal colour codes go. What it returns encodes to UTF-8 and is legal in XML 1.0.
    """
    plain = _COLOUR_CODES.sub("", text).replace("\r\n", "\n")
    if plain.isascii() and plain.replace("\n", "").replace("\t", "").isprintable():
        return plain
    return "".join(character if _can_be_seen(character) else _escape(character) for character in plain)


def one_line(text: str, *, limit: int = 300) -> str:
    r"""Return visible text on one line, its breaks as ``\n``, cut with an ellipsis beyond ``limit`` characters."""
    head = text.strip()[: limit + 1]
    line = visible(head).replace("\n", "\\n").replace("\t", " ")
    return line if len(head) <= limit else line[: limit - 1] + "…"


def block(text: str, *, limit: int = 20_000) -> str:
    """Return visible text with its lines; of a longer one the end, which says what went wrong."""
    shown = visible(text[-limit:]).strip("\n")
    return shown if len(text) <= limit else f"… ({len(text) - limit:,} characters left out)\n{shown}"


def _can_be_seen(character: str) -> bool:
    if character in "\n\t" or character in _KEPT_FORMATS:
        return True
    if ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
        return False
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escape(character: str) -> str:
    point = ord(character)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"


def inert(text: str, *, limit: int = 300) -> str:
    """Return the text for one place in markdown: no markup, mention, reference or link comes of it.

    It stays on one line, cut beyond ``limit`` characters; invisible characters are shown as escapes.
    """
    return _SPECIAL.sub(_escaped, one_line(text, limit=limit))


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if match["entity"]:
        return _ENTITIES[character]
    entity = f"{character[:-1]}&#{ord(character[-1])};"
    return f"{entity}&#8203;" if match["address"] or match["issue"] else entity
