"""The first tables: runs, their events, documents, waivers and data sets, releases."""

import sqlalchemy as sa
from alembic import op

from jupyter_deployfeedback.store.tables import UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _make_runs()
    op.create_table(
        "events",
        sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("encoding", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    _make_waivers()
    _make_data_sets()
    _make_releases()


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
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
        sa.Column("commit_sha", sa.String),
        sa.Column("is_attempt", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime),
        sa.Column("finished_at", UtcTime),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("owner_host", sa.String, nullable=False),
        sa.Column("owner_pid", sa.Integer, nullable=False),
        sa.Column("owner_started", sa.Float, nullable=False),
        sa.Column("alive_at", UtcTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("runs_by_project", "runs", ["project_file", "number"])
    op.create_index("runs_by_commit", "runs", ["project_file", "commit_sha"])
    op.create_index("runs_by_state", "runs", ["state"])


def _make_waivers() -> None:
    op.create_table(
        "waivers",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
        sa.Column("finding", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("waivers_by_run", "waivers", ["run_id", "number"])


def _make_data_sets() -> None:
    op.create_table(
        "data_sets",
        sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("project_file", sa.String, nullable=False),
    )
    op.create_index("data_sets_by_digest", "data_sets", ["project_file", "digest"])


def _make_releases() -> None:
    op.create_table(
        "releases",
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
