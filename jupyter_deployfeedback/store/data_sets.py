"""Rows of the data_sets table: which runs were judged by which data, so that their use can be counted."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from jupyter_deployfeedback.domain.run import Evidence, Run
from jupyter_deployfeedback.store.tables import data_sets


def keep(connection: Connection, run: Run, evidence: Evidence) -> None:
    """Note the data that a finished run evaluated."""
    digests = {
        each.dataset_digest for suite in evidence.suites for each in suite.evaluations if each.ids and each.pairs
    }
    rows = [
        {"run_id": run.run_id, "digest": digest, "project_file": run.request.project_file} for digest in sorted(digests)
    ]
    if rows:
        connection.execute(insert(data_sets), rows)


def count(connection: Connection, project_file: str, digests: set[str]) -> dict[str, int]:
    """Return by how many runs of a project each of these data were used; data nobody used are left out."""
    known = (data_sets.c.project_file == project_file) & data_sets.c.digest.in_(digests)
    query = select(data_sets.c.digest, func.count()).where(known).group_by(data_sets.c.digest)
    return {row[0]: row[1] for row in connection.execute(query)}
