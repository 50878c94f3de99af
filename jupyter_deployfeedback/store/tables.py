"""The tables, in types that SQLite and PostgreSQL share."""

from datetime import UTC, datetime

import sqlalchemy as sa


class UtcTime(sa.TypeDecorator[datetime]):
    """An aware UTC time; SQLite forgets the zone, so it is put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn any aware time into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData()

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),  # the order of runs; a clock can be set back
    sa.Column("run_id", sa.String, nullable=False, unique=True),
    sa.Column("project_file", sa.String, nullable=False),
    sa.Column("project", sa.String, nullable=False),
    sa.Column("target", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("verdict", sa.String),
    sa.Column("baseline", sa.String),
    sa.Column("message", sa.Text),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("commit", sa.Text),
    sa.Column("commit_sha", sa.String),  # as in ``commit``, to be searched
    sa.Column(
        "is_attempt", sa.Boolean, nullable=False
    ),  # begun anew here: neither continues another run nor is imported
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime),
    sa.Column("finished_at", UtcTime),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("owner_host", sa.String, nullable=False),
    sa.Column("owner_pid", sa.Integer, nullable=False),
    sa.Column("owner_started", sa.Float, nullable=False),
    sa.Column("alive_at", UtcTime, nullable=False),  # the newest sign of life
    sa.Index("runs_by_project", "project_file", "number"),
    sa.Index("runs_by_commit", "project_file", "commit_sha"),
    sa.Index("runs_by_state", "state"),
    sqlite_autoincrement=True,
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("encoding", sa.String, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

releases = sa.Table(
    "releases",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("project_file", sa.String, nullable=False),
    sa.Column("tag", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("commit", sa.String, nullable=False),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("verdict", sa.String, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("pushed_to", sa.String),
    sa.Column("notices", sa.Text, nullable=False),
    sa.UniqueConstraint("project_file", "tag", name="releases_by_tag"),
    sqlite_autoincrement=True,
)

waivers = sa.Table(
    "waivers",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
    sa.Column("finding", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Index("waivers_by_run", "run_id", "number"),
    sqlite_autoincrement=True,
)

data_sets = sa.Table(
    "data_sets",
    metadata,
    sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("project_file", sa.String, nullable=False),
    sa.Index("data_sets_by_digest", "project_file", "digest"),
)
