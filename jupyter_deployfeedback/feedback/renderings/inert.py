"""Text of others inside markdown: it is read, never acted on."""

from __future__ import annotations

import re

from jupyter_deployfeedback.feedback.escaping import one_line

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
