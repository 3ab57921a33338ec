"""The tables. What must never happen (two documents for one cause, a changed invoice) is refused here, by the database."""

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
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
    text,
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, the same on both engines (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; instants are aware UTC")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Amount(TypeDecorator[Decimal]):
    """Money as whole thousandths (some currencies have three decimals): exact, and the database can add it up."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        scaled = value.scaleb(3)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than three decimals")
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        amount = Decimal(value).scaleb(-3)
        return amount.quantize(Decimal("0.01")) if value % 10 == 0 else amount


# SQLite gives rowids of its own only to INTEGER; on PostgreSQL ids are bigints.
Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

shops = Table(
    "shops",
    metadata,
    Column("shop_id", String(40), primary_key=True),
    # A small number of our own, part of the structured communication.
    Column("seed", Integer, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("settings", Text, nullable=False),  # JSON of domain.shop.Shop
    Column("secrets", Text, nullable=False),  # encrypted: webhook secrets (newest first), REST key and secret
    Column("created_at", Instant, nullable=False),
    Column("polled_until", Instant),  # the shop was asked for changes up to here
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("source", String(12), nullable=False),  # webhook | poll | person
    Column("topic", String(40), nullable=False),
    Column("order_id", BigInteger),
    Column("received_at", Instant, nullable=False),
    Column("body", LargeBinary),
    Column("body_sha256", String(64), nullable=False),
    Column("headers", Text, nullable=False, server_default="[]"),
    Column("state", String(12), nullable=False),  # waiting | running | done | failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Instant, nullable=False),
    Column("lease", String(36)),
    Column("lease_until", Instant),
    Column("outcome_code", String(60), nullable=False, server_default=""),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("finished_at", Instant),
    CheckConstraint("state IN ('waiting','running','done','failed')", name="state"),
    Index("ix_deliveries_state_next_at", "state", "next_at"),
    Index("ix_deliveries_shop_order", "shop_id", "order_id"),
)

signature_failures = Table(
    "signature_failures",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("order_id", BigInteger, primary_key=True),
    # Ids come back after a shop is restored from a backup; the key does not.
    Column("order_key", String(80), primary_key=True),
    Column("order_number", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("total", Text, nullable=False),
    Column("buyer", Text, nullable=False),
    Column("ordered_at", Instant, nullable=False),
    Column("paid_at", Instant),
    Column("looked_at", Instant, nullable=False),
    Column("findings", Text, nullable=False),  # JSON: every rule with why it fired or not
    Column("flags", Text, nullable=False),  # JSON: what a person must know, as problems
)

documents = Table(
    "documents",
    metadata,
    Column("document_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("cause", String(120), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("series", String(40), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("period", Integer, nullable=False),
    Column("number", String(60), nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("order_key", String(80), nullable=False),
    Column("order_number", Text, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("net", Amount, nullable=False),
    Column("vat", Amount, nullable=False),
    Column("total", Amount, nullable=False),
    Column("language", String(8), nullable=False),
    Column("buyer", Text, nullable=False),
    Column("corrects", ForeignKey("documents.document_id")),
    Column("test", Boolean, nullable=False),
    Column("snapshot", Text, nullable=False),  # JSON of domain.document.Draft
    Column("snapshot_sha256", String(64), nullable=False),
    UniqueConstraint("shop_id", "cause", "order_key"),
    UniqueConstraint("shop_id", "number"),
    UniqueConstraint("shop_id", "series", "period", "sequence"),
    Index("ix_documents_shop_order", "shop_id", "order_id"),
)

drafts = Table(
    "drafts",
    metadata,
    Column("draft_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("cause", String(120), nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("order_key", String(80), nullable=False),
    Column("state", String(12), nullable=False),  # open | discarded | issued
    Column("kept_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("snapshot", Text, nullable=False),
    CheckConstraint("state IN ('open','discarded','issued')", name="state"),
    UniqueConstraint("shop_id", "cause", "order_key"),
    Index("ix_drafts_shop_order", "shop_id", "order_id"),
)

series = Table(
    "series",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("series", String(40), primary_key=True),
    Column("period", Integer, nullable=False),  # the year, or 0 where numbers never start again
    Column("last_number", Integer, nullable=False),
    Column("last_date", Date),
)

register = Table(
    "register",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("document_id", ForeignKey("documents.document_id"), nullable=False, unique=True),
    Column("number", String(60), nullable=False),
    Column("snapshot_sha256", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("document_id", ForeignKey("documents.document_id"), primary_key=True),
    Column("mark", String(12), primary_key=True),  # paid | revoked
    Column("marked_at", Instant, nullable=False),
    Column("on_date", Date),
    Column("by", Text, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("document_id", ForeignKey("documents.document_id"), primary_key=True),
    Column("format", String(12), primary_key=True),  # pdf | xml
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("stored_at", Instant, nullable=False),
)

steps = Table(
    "steps",
    metadata,
    Column("step_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("document_id", ForeignKey("documents.document_id"), nullable=False),
    Column("name", String(12), nullable=False),  # render | mail | write_back
    Column("together", String(36), nullable=False),  # documents of one look share it and ride in one mail
    Column("state", String(12), nullable=False),  # waiting | running | done | failed | skipped
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("lease", String(36)),
    Column("lease_until", Instant),
    Column("reason_code", String(60), nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),  # the Message-ID; the note's id
    Column("done_at", Instant),
    CheckConstraint("state IN ('waiting','running','done','failed','skipped')", name="state"),
    UniqueConstraint("document_id", "name"),
    Index("ix_steps_state_next_at", "state", "next_at"),
    Index("ix_steps_together", "together"),
)

events = Table(
    "events",
    metadata,
    Column("event_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("order_id", BigInteger),
    Column("document_id", BigInteger),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("code", String(60), nullable=False),
    Column("sentence", Text, nullable=False),
    Index("ix_events_shop_order", "shop_id", "order_id"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("alarm_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("code", String(60), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
    Column("closed_at", Instant),
    Column("told_at", Instant),  # a person was mailed about it
    Index(
        "uq_alarms_open",
        "shop_id",
        "code",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

reports = Table(
    "reports",
    metadata,
    Column("report_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id")),  # None: about all shops
    Column("name", String(40), nullable=False),  # reconcile:2026-11, digest, refunds …
    Column("made_at", Instant, nullable=False),
    Column("content", Text, nullable=False),  # JSON
    Index("ix_reports_shop_name", "shop_id", "name", "made_at"),
)

errands = Table(
    "errands",
    metadata,
    Column("errand_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("kind", String(40), nullable=False),  # what a person asked for: preview, test_mail, check, credit …
    Column("argument", Text, nullable=False),  # JSON
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("state", String(12), nullable=False),  # waiting | running | done | failed
    Column("lease", String(36)),
    Column("lease_until", Instant),
    Column("answer", Text, nullable=False, server_default=""),  # JSON
    Column("finished_at", Instant),
    CheckConstraint("state IN ('waiting','running','done','failed')", name="state"),
    Index("ix_errands_state", "state"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", String(60), nullable=False),
    Column("until", Instant, nullable=False),
)

invites = Table(
    "invites",
    metadata,
    # Of the code itself nothing is kept that would let anybody type it: a hash to find it by, and what it signs with, encrypted.
    Column("code_hash", String(64), primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("signing_key", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

plugins = Table(
    "plugins",
    metadata,
    Column("plugin_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False, unique=True),
    Column("secret", Text, nullable=False),  # encrypted; both sides sign with it
    Column("site", Text, nullable=False),
    Column("version", String(40), nullable=False),
    Column("connected_at", Instant, nullable=False),
    Column("heartbeat_at", Instant),
    Column("said", Text, nullable=False, server_default="{}"),  # JSON: what the last heartbeat said
    Column("check_state", String(12), nullable=False),  # waiting | done | failed
    Column("check_code", String(60), nullable=False, server_default=""),
    Column("check_sentence", Text, nullable=False, server_default=""),
    Column("checked_at", Instant),
    Column("heard_at", Instant),  # the plugin last answered a call of ours
    Column("told_up_to", BigInteger, nullable=False, server_default="0"),  # documents up to this id are in the shop
    CheckConstraint("check_state IN ('waiting','done','failed')", name="check_state"),
)
