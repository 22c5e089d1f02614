"""The outbox is read in order for one target, and a tool's name for a ticket leads back to it."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Indexes by state and target in the order of sending, and by what the target calls a ticket."""
    op.drop_index("ix_outbox_due", "outbox")
    op.create_index("ix_outbox_due", "outbox", ["state", "target", "id"])
    op.create_index("ix_outbox_named", "outbox", ["target", "remote_id"])


def downgrade() -> None:
    """As before."""
    op.drop_index("ix_outbox_named", "outbox")
    op.drop_index("ix_outbox_due", "outbox")
    op.create_index("ix_outbox_due", "outbox", ["state", "next_at_ms"])
