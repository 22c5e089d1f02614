"""What is remembered of alerts from Alertmanager."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row for each alert: its last occurrence."""
    op.create_table(
        "alerts",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("starts_ms", sa.BigInteger, nullable=False),
        sa.Column("ticket_id", sa.String(255), nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("over", sa.Boolean, nullable=False),
    )
    op.create_index("ix_alerts_over", "alerts", ["over"])


def downgrade() -> None:
    """Forget them."""
    op.drop_table("alerts")
