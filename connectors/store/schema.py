"""The tables. What a list filters or sorts by is a column; the rest of a ticket is its fold as JSON."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pipeline.desk.ticket import HOLDS_KEY

METADATA: Final = MetaData()
SERIAL: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A growing key; SQLite grows only an INTEGER."""
HOLDING: Final = f"incident_key IS NOT NULL AND state IN ({', '.join(repr(state) for state in sorted(HOLDS_KEY))})"
"""Where the incident key must be unique: one open ticket per fault, held by the database itself."""

EVENTS: Final = Table(
    "ticket_events",
    METADATA,
    Column("position", SERIAL, primary_key=True, autoincrement=True),
    Column("ticket_id", String(255), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("data", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("ticket_id", "seq", name="uq_ticket_events_seq"),
)
TICKETS: Final = Table(
    "tickets",
    METADATA,
    Column("id", String(255), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("ticket_type", String(16), nullable=False),
    Column("queue", String(16), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("severity", String(4), nullable=False),
    Column("incident_key", String(255)),
    Column("life", Integer, nullable=False),
    Column("assignee", String(255)),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("owed_ms", BigInteger),
    Column("summary", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("fold", Text, nullable=False),
    Index("ix_tickets_list", "state", "severity", "opened_at_ms", "id"),
    Index("ix_tickets_opened", "opened_at_ms", "id"),
    Index("ix_tickets_life", "incident_key", "life"),
    Index("ix_tickets_owed", "owed_ms"),
)
Index(
    "uq_tickets_open_incident",
    TICKETS.c.incident_key,
    unique=True,
    sqlite_where=text(HOLDING),
    postgresql_where=text(HOLDING),
)
CUSTOMERS: Final = Table(
    "ticket_customers",
    METADATA,
    Column("ticket_id", String(255), primary_key=True),
    Column("customer", String(255), primary_key=True),
    Index("ix_ticket_customers_customer", "customer"),
)
OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("ticket_id", String(255), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("target", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at_ms", BigInteger, nullable=False),
    Column("remote_id", String(255)),
    Column("last_error", Text, nullable=False),
    UniqueConstraint("ticket_id", "seq", "target", name="uq_outbox_key"),
    Index("ix_outbox_due", "state", "target", "id"),
    Index("ix_outbox_named", "target", "remote_id"),
    Index("ix_outbox_remote", "ticket_id", "target"),
)
POSITIONS: Final = Table(
    "positions",
    METADATA,
    Column("source", String(500), primary_key=True),
    Column("next", BigInteger, nullable=False),
)
SNAPSHOTS: Final = Table(
    "snapshots",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("clock_ms", BigInteger),
    Column("watch", LargeBinary, nullable=False),
)
REJECTS: Final = Table(
    "rejects",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("line", BigInteger),
    Column("field", String(255)),
    Column("reason", String(64), nullable=False),
    Column("expected", Text, nullable=False),
    Column("raw", Text, nullable=False),
)
COUNTERS: Final = Table(
    "counters",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
ONCE: Final = Table(
    "idempotency_keys",
    METADATA,
    Column("actor", String(255), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("ticket_id", String(255), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("ix_idempotency_keys_at", "at_ms"),
)
MAIL: Final = Table(
    "mail_seen",
    METADATA,
    Column("message_id", String(255), primary_key=True),
    Column("ticket_id", String(255), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("ix_mail_seen_ticket", "ticket_id"),
)
SILENCES: Final = Table(
    "silences",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("match", Text, nullable=False),
    Column("starts_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("by", String(255), nullable=False),
    Column("hidden", Integer, nullable=False),
    Index("ix_silences_ends", "ends_ms"),
)
TOKENS: Final = Table(
    "tokens",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    Column("role", String(16), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("revoked_at_ms", BigInteger),
)
PEOPLE_SEEN: Final = Table(
    "people_seen",
    METADATA,
    Column("name", String(255), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)
AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", String(255), nullable=False),
    Column("action", String(64), nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
ALERTS: Final = Table(
    "alerts",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("starts_ms", BigInteger, nullable=False),
    Column("ticket_id", String(255), nullable=False),
    Column("source", String(255), nullable=False),
    Column("ended_ms", BigInteger),
    Column("over", Boolean, nullable=False),
    Index("ix_alerts_over", "over"),
)
