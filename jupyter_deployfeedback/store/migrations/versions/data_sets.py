"""Data sets: which runs were judged by which data."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; what earlier runs used is not counted."""
    op.create_table(
        "data_sets",
        sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("project_file", sa.String, nullable=False),
    )
    op.create_index("data_sets_by_digest", "data_sets", ["project_file", "digest"])
