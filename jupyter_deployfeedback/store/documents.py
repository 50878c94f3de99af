"""Evidence and report of a run, kept as JSON; large ones compressed."""

import zlib
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, insert, select

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.run import RunState
from jupyter_deployfeedback.errors import RunUnfinished, StoreUnavailable
from jupyter_deployfeedback.store.runs import find
from jupyter_deployfeedback.store.tables import documents

COMPRESS_FROM_BYTES = 4096

Document = TypeVar("Document", bound=BaseModel)


class DocumentKind(StrEnum):
    """What is kept of a finished run."""

    EVIDENCE = "evidence"
    REPORT = "report"


class _Encoding(StrEnum):
    JSON = "json"
    ZLIB = "zlib"


def keep(connection: Connection, run_id: str, *, kind: DocumentKind, document: Frozen) -> None:
    """Write one document of a run."""
    encoding, body = _pack(document.model_dump_json(by_alias=True).encode())
    connection.execute(insert(documents).values(run_id=run_id, kind=kind, encoding=encoding, body=body))


def read(connection: Connection, run_id: str, *, kind: DocumentKind, into: type[Document]) -> Document:
    """Return a document of a finished run.

    Raises RunUnfinished where there is none, RunNotFound for an unknown run, and StoreUnavailable where this version
    cannot read it.
    """
    state = find(connection, run_id).state
    row = connection.execute(
        select(documents.c.encoding, documents.c.body).where(documents.c.run_id == run_id, documents.c.kind == kind)
    ).one_or_none()
    if row is None:
        raise _unfinished(run_id, state)
    body = zlib.decompress(row.body) if row.encoding == _Encoding.ZLIB else row.body
    try:
        return into.model_validate_json(body, extra="ignore")  # a later version may have kept more
    except ValidationError as error:
        problem = f"The {kind} of run {run_id} was kept by another version of jupyter_deployfeedback."
        raise StoreUnavailable(problem, remedy="Run `pip install -U jupyter_deployfeedback`.") from error


def _pack(body: bytes) -> tuple[_Encoding, bytes]:
    if len(body) < COMPRESS_FROM_BYTES:
        return _Encoding.JSON, body
    return _Encoding.ZLIB, zlib.compress(body)


def _unfinished(run_id: str, state: RunState) -> RunUnfinished:
    if state.terminal:
        return RunUnfinished(f"Run {run_id} was {state} before it was judged.", remedy="Start a new run.")
    return RunUnfinished(f"Run {run_id} is still {state}.", remedy="Wait until it has finished.")
