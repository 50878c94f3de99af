"""The worker: the process that runs suites, what is said to it and by it, and how it is stopped."""

import sys


def skip_iri_grammar() -> None:
    """Keep jsonschema from building a grammar for IRIs when it is imported; call it before nbformat is imported.

    Where rfc3987_syntax is installed (jupyter_events asks for it) jsonschema imports it for the format "iri", which
    builds a parser: 1.1 s of CPU measured, up to 8 s where that makes the allocator thrash. No schema of nbformat has
    an IRI, and jsonschema does without. For processes of our own only, never for a user's server.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None: Python's own way to say "not there"
