"""The tables, in types that SQLite and PostgreSQL share."""

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn any aware time into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # the order of runs; a clock can be set back
    Column("run_id", String, nullable=False, unique=True),
    Column("project_file", String, nullable=False),
    Column("project", String, nullable=False),
    Column("target", String, nullable=False),
    Column("state", String, nullable=False),
    Column("verdict", String),
    Column("baseline", String),
    Column("message", Text),
    Column("request", Text, nullable=False),
    Column("commit", Text),
    Column("commit_sha", String),  # as in ``commit``, to be searched
    Column("is_attempt", Boolean, nullable=False),  # begun anew here: neither continues another run nor is imported
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("seq", Integer, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("owner_host", String, nullable=False),
    Column("owner_pid", Integer, nullable=False),
    Column("owner_started", Float, nullable=False),
    Column("alive_at", UtcTime, nullable=False),  # the newest sign of life
    Index("runs_by_project", "project_file", "number"),
    Index("runs_by_commit", "project_file", "commit_sha"),
    Index("runs_by_state", "state"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("run_id", String, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("run_id", String, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("encoding", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("project_file", String, nullable=False),
    Column("tag", String, nullable=False),
    Column("version", String, nullable=False),
    Column("commit", String, nullable=False),
    Column("run_id", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("pushed_to", String),
    Column("notices", Text, nullable=False),
    UniqueConstraint("project_file", "tag", name="releases_by_tag"),
    sqlite_autoincrement=True,
)

waivers = Table(
    "waivers",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String, ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
    Column("finding", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", Date, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("waivers_by_run", "run_id", "number"),
    sqlite_autoincrement=True,
)

data_sets = Table(
    "data_sets",
    metadata,
    Column("run_id", String, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String, primary_key=True),
    Column("project_file", String, nullable=False),
    Index("data_sets_by_digest", "project_file", "digest"),
)
