"""The tables as they begin."""

import sqlalchemy as sa
from alembic import op

from worker.store.database.column_types import Amount, Id, Instant, MessageText

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Of the audit trail: what it says of people and what they may see.
ACCESS = (
    "code IN ('invited', 'joined', 'member_removed', 'password_changed', 'password_link', 'role_changed', 'second_factor_off', "
    "'second_factor_on', 'sessions_ended', 'shop_created', 'sign_in_failed', 'signed_in', 'user_created', 'user_removed', "
    "'user_resumed', 'user_suspended', 'withdrawn')"
)


def partial_index(name: str, table: str, columns: list[str], *, where: str, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    op.create_table(
        "account_mails",
        sa.Column("mail_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("argument", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_account_mails")),
    )
    op.create_index("ix_account_mails_next_at", "account_mails", ["next_at"])
    op.create_table(
        "hourly_stats",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("hour", Instant(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "hour", name=op.f("pk_hourly_stats")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=60), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "own_mails",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("left_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "refund_id", "kind", name=op.f("pk_own_mails")),
    )
    op.create_index("ix_own_mails_left_at", "own_mails", ["left_at"])
    op.create_table(
        "paused_queues",
        sa.Column("queue", sa.String(length=12), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("paused_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_paused_queues")),
    )
    op.create_table(
        "plugin_nonces",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "nonce", name=op.f("pk_plugin_nonces")),
    )
    op.create_index("ix_plugin_nonces_seen_at", "plugin_nonces", ["seen_at"])
    op.create_table(
        "rate_limits",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rate_limits")),
    )
    op.create_table(
        "roads",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("target", sa.String(length=40), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", Instant(), nullable=False),
        sa.Column("rested_until", Instant(), nullable=True),
        sa.Column("message", MessageText(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "kind", "target", name=op.f("pk_roads")),
    )
    op.create_table(
        "roads_heard",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("heard_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "kind", name=op.f("pk_roads_heard")),
    )
    op.create_table(
        "shops",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("polled_until", Instant(), nullable=True),
        sa.Column("poll_after", Instant(), nullable=True),
        sa.Column("poll_page", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_shops")),
        sa.UniqueConstraint("seed", name=op.f("uq_shops_seed")),
    )
    op.create_table(
        "users",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("totp", sa.Text(), server_default="", nullable=False),
        sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recovery", sa.Text(), server_default="[]", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("signed_in_at", Instant(), nullable=True),
        sa.Column("suspended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "vies_outages",
        sa.Column("scope", sa.String(length=4), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_vies_outages")),
    )
    op.create_table(
        "whole_counts",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=12), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("up_to", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "name", "label", name=op.f("pk_whole_counts")),
    )
    op.create_table(
        "alerts",
        sa.Column("alert_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("message", MessageText(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("news_at", Instant(), nullable=True),
        sa.Column("notified_at", Instant(), nullable=True),
        sa.Column("told_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_alerts_shop_id")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alerts")),
    )
    partial_index("uq_alerts_open", "alerts", ["shop_id", "code"], where="closed_at IS NULL", unique=True)
    op.create_table(
        "api_tokens",
        sa.Column("token_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_api_tokens_shop_id")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_index("ix_api_tokens_shop", "api_tokens", ["shop_id"])
    op.create_table(
        "audit_trail",
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("message", MessageText(), nullable=False),
        sa.Column("address", sa.String(length=45), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_audit_trail_shop_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_trail")),
    )
    op.create_index("ix_audit_trail_shop_at", "audit_trail", ["shop_id", "at", "entry_id"])
    op.create_index("ix_audit_trail_shop_entry", "audit_trail", ["shop_id", "entry_id", "code"])
    op.create_index("ix_audit_trail_shop_order", "audit_trail", ["shop_id", "order_id"])
    partial_index("ix_audit_trail_shop_users", "audit_trail", ["shop_id", "entry_id"], where=ACCESS)
    partial_index("ix_audit_trail_users", "audit_trail", ["entry_id"], where=ACCESS)
    op.create_table(
        "bank_files",
        sa.Column("file_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("read_at", Instant(), nullable=False),
        sa.Column("read_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_bank_files_shop_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_bank_files")),
        sa.UniqueConstraint("shop_id", "sha256", name=op.f("uq_bank_files_shop_id_sha256")),
    )
    op.create_index("ix_bank_files_shop_file", "bank_files", ["shop_id", "file_id"])
    op.create_index("ix_bank_files_shop_last_day", "bank_files", ["shop_id", "last_day"])
    op.create_table(
        "bank_statements",
        sa.Column("statement_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opening", Amount(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closing", Amount(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("ends", Amount(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("well_by", sa.Text(), server_default="", nullable=False),
        sa.Column("well_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_bank_statements_shop_id")),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_bank_statements")),
    )
    op.create_index("ix_bank_statements_shop_account", "bank_statements", ["shop_id", "account", "currency"])
    partial_index(
        "ix_bank_statements_missing", "bank_statements", ["shop_id"], where="ended_on IS NOT NULL AND well_at IS NULL"
    )
    op.create_table(
        "channels",
        sa.Column("channel_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("owed", sa.Text(), server_default="[]", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("message", MessageText(), server_default="", nullable=False),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('webhook','ntfy','slack')", name=op.f("ck_channels_kind")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_channels_shop_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_channels_user_id")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_channels")),
    )
    op.create_index("ix_channels_shop", "channels", ["shop_id"])
    op.create_table(
        "daily_sales",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("tax_month", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("vat_country", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("base", Amount(), nullable=False),
        sa.Column("vat", Amount(), nullable=False),
        sa.Column("base_eur", Amount(), nullable=True),
        sa.Column("vat_eur", Amount(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_daily_sales_shop_id")),
        sa.PrimaryKeyConstraint(
            "shop_id",
            "issued_on",
            "tax_month",
            "kind",
            "currency",
            "country",
            "vat_country",
            "category",
            "rate",
            "reason",
            name=op.f("pk_daily_sales"),
        ),
    )
    op.create_table(
        "daily_totals",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("net", Amount(), nullable=False),
        sa.Column("vat", Amount(), nullable=False),
        sa.Column("rounding", Amount(), nullable=False),
        sa.Column("total", Amount(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_daily_totals_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "issued_on", "kind", "currency", name=op.f("pk_daily_totals")),
    )
    op.create_table(
        "documents",
        sa.Column("document_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("net", Amount(), nullable=False),
        sa.Column("vat", Amount(), nullable=False),
        sa.Column("total", Amount(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("corrects", Id, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("snapshot_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["corrects"], ["documents.document_id"], name=op.f("fk_documents_corrects")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_documents_shop_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_documents")),
        sa.UniqueConstraint("shop_id", "cause", "order_key", name=op.f("uq_documents_shop_id_cause_order_key")),
        sa.UniqueConstraint("shop_id", "number", name=op.f("uq_documents_shop_id_number")),
        sa.UniqueConstraint(
            "shop_id", "series", "period", "sequence", name=op.f("uq_documents_shop_id_series_period_sequence")
        ),
    )
    partial_index("ix_documents_corrects", "documents", ["corrects"], where="corrects IS NOT NULL")
    op.create_index("ix_documents_issued_at", "documents", ["issued_at", "shop_id"])
    op.create_index("ix_documents_issued_on", "documents", ["issued_on", "document_id"])
    op.create_index("ix_documents_kind", "documents", ["kind", "issued_on", "document_id"])
    op.create_index("ix_documents_shop_document", "documents", ["shop_id", "document_id"])
    op.create_index("ix_documents_shop_issued_at", "documents", ["shop_id", "issued_at", "document_id"])
    op.create_index("ix_documents_shop_issued_on", "documents", ["shop_id", "issued_on", "document_id", "order_id"])
    op.create_index("ix_documents_shop_kind", "documents", ["shop_id", "kind", "issued_on", "document_id"])
    op.create_index("ix_documents_shop_order", "documents", ["shop_id", "order_id"])
    op.create_index("ix_documents_shop_order_number", "documents", ["shop_id", "order_number"])
    op.create_index("ix_documents_shop_total", "documents", ["shop_id", "total", "document_id"])
    op.create_table(
        "drafts",
        sa.Column("draft_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=120), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("code", sa.String(length=60), server_default="", nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open','discarded','issued')", name=op.f("ck_drafts_state")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_drafts_shop_id")),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("shop_id", "cause", "order_key", name=op.f("uq_drafts_shop_id_cause_order_key")),
    )
    op.create_index("ix_drafts_shop_order", "drafts", ["shop_id", "order_id"])
    op.create_index("ix_drafts_shop_state", "drafts", ["shop_id", "state", "draft_id"])
    op.create_index("ix_drafts_state", "drafts", ["state", "draft_id"])
    op.create_table(
        "invites",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("signing_key", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_invites_shop_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_invites")),
    )
    op.create_table(
        "mail_counts",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_mail_counts_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "day", name=op.f("pk_mail_counts")),
    )
    op.create_table(
        "memberships",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.CheckConstraint("role IN ('admin','viewer')", name=op.f("ck_memberships_role")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_memberships_shop_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_memberships_user_id")),
        sa.PrimaryKeyConstraint("user_id", "shop_id", name=op.f("pk_memberships")),
    )
    op.create_index("ix_memberships_shop", "memberships", ["shop_id"])
    op.create_table(
        "number_series",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_number_series_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "series", name=op.f("pk_number_series")),
    )
    op.create_table(
        "one_time_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=True),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.CheckConstraint("purpose IN ('setup','invite','password')", name=op.f("ck_one_time_links_purpose")),
        sa.CheckConstraint("role IN ('operator','admin','viewer')", name=op.f("ck_one_time_links_role")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_one_time_links_shop_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_one_time_links")),
    )
    op.create_table(
        "order_search",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column(
            "word", sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_order_search_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "word", "order_id", name=op.f("pk_order_search")),
    )
    op.create_index("ix_order_search_shop_order", "order_search", ["shop_id", "order_id", "word"])
    op.create_index("ix_order_search_word", "order_search", ["word", "shop_id", "order_id"])
    op.create_table(
        "order_statuses",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_order_statuses_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "status", name=op.f("pk_order_statuses")),
    )
    op.create_table(
        "order_treatments",
        sa.Column("treatment_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_order_treatments_shop_id")),
        sa.PrimaryKeyConstraint("treatment_id", name=op.f("pk_order_treatments")),
    )
    op.create_index("ix_order_treatments_shop_order", "order_treatments", ["shop_id", "order_id", "treatment_id"])
    op.create_table(
        "orders",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("ordered_at", Instant(), nullable=False),
        sa.Column("paid_at", Instant(), nullable=True),
        sa.Column("paid_total", sa.Text(), nullable=True),
        sa.Column("paid_by", sa.Text(), nullable=True),
        sa.Column("reported", sa.Text(), nullable=True),
        sa.Column("taxable_at", Instant(), nullable=True),
        sa.Column("fetched_at", Instant(), nullable=False),
        sa.Column("seen_statuses", sa.Text(), server_default="", nullable=False),
        sa.Column("main_order_id", sa.BigInteger(), nullable=True),
        sa.Column("is_split", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("rule_results", sa.Text(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("flag_code", sa.String(length=60), server_default="", nullable=False),
        sa.Column("ignored_flags", sa.Text(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_orders_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "order_key", name=op.f("pk_orders")),
    )
    partial_index("ix_orders_flagged", "orders", ["ordered_at", "order_id"], where="flags <> '[]'")
    op.create_index("ix_orders_main_order", "orders", ["shop_id", "main_order_id"])
    op.create_index("ix_orders_ordered_at", "orders", ["ordered_at", "order_id"])
    op.create_index("ix_orders_shop_fetched_at", "orders", ["shop_id", "fetched_at"])
    op.create_index("ix_orders_shop_order_number", "orders", ["shop_id", "order_number"])
    op.create_index("ix_orders_shop_ordered_at", "orders", ["shop_id", "ordered_at", "order_id", "order_key"])
    op.create_index("ix_orders_shop_status", "orders", ["shop_id", "status", "ordered_at", "order_id"])
    op.create_index("ix_orders_shop_taxable_at", "orders", ["shop_id", "taxable_at"])
    partial_index("ix_orders_shop_with_flags", "orders", ["shop_id", "ordered_at", "order_id"], where="flags <> '[]'")
    op.create_index("ix_orders_status", "orders", ["status", "ordered_at", "order_id"])
    op.create_table(
        "payment_methods",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_payment_methods_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "method", name=op.f("pk_payment_methods")),
    )
    op.create_table(
        "payment_references",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_payment_references_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "reference", "order_id", "order_key", name=op.f("pk_payment_references")),
    )
    op.create_index("ix_payment_references_order", "payment_references", ["shop_id", "order_id", "reference"])
    op.create_table(
        "payments",
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("method", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("outside_ref", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.Column("reverses", Id, nullable=True),
        sa.Column("replaces", Id, nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("source IN ('order','person','bank','mollie')", name=op.f("ck_payments_source")),
        sa.ForeignKeyConstraint(["replaces"], ["payments.payment_id"], name=op.f("fk_payments_replaces")),
        sa.ForeignKeyConstraint(["reverses"], ["payments.payment_id"], name=op.f("fk_payments_reverses")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_payments_shop_id")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payments")),
        sa.UniqueConstraint("reverses", name=op.f("uq_payments_reverses")),
        sa.UniqueConstraint("shop_id", "outside_ref", name=op.f("uq_payments_shop_id_outside_ref")),
    )
    op.create_index("ix_payments_shop_created_at", "payments", ["shop_id", "created_at"])
    op.create_index("ix_payments_shop_order", "payments", ["shop_id", "order_id"])
    op.create_table(
        "plugins",
        sa.Column("plugin_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.Text(), server_default="{}", nullable=False),
        sa.Column("connected_at", Instant(), nullable=False),
        sa.Column("heartbeat_at", Instant(), nullable=True),
        sa.Column("last_report", sa.Text(), server_default="{}", nullable=False),
        sa.Column("check_state", sa.String(length=12), nullable=False),
        sa.Column("check_code", sa.String(length=60), server_default="", nullable=False),
        sa.Column("check_message", MessageText(), server_default="", nullable=False),
        sa.Column("checked_at", Instant(), nullable=True),
        sa.Column("last_response_at", Instant(), nullable=True),
        sa.Column("synced_document_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("check_state IN ('waiting','done','failed')", name=op.f("ck_plugins_check_state")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_plugins_shop_id")),
        sa.PrimaryKeyConstraint("plugin_id", name=op.f("pk_plugins")),
        sa.UniqueConstraint("shop_id", name=op.f("uq_plugins_shop_id")),
    )
    op.create_table(
        "products",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("virtual", sa.Boolean(), nullable=True),
        sa.Column("downloadable", sa.Boolean(), nullable=True),
        sa.Column("categories", sa.Text(), server_default="[]", nullable=False),
        sa.Column("seen_at", Instant(), nullable=True),
        sa.Column("ask_again_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_products_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "product_id", name=op.f("pk_products")),
    )
    op.create_table(
        "proved_senders",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("proved_by", sa.Text(), nullable=False),
        sa.Column("proved_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_proved_senders_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "address", name=op.f("pk_proved_senders")),
    )
    op.create_table(
        "reports",
        sa.Column("report_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=True),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_reports_shop_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_reports")),
    )
    op.create_index("ix_reports_shop_name", "reports", ["shop_id", "name", "created_at"])
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_user", "sessions", ["user_id"])
    op.create_table(
        "set_aside",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("set_at", Instant(), nullable=False),
        sa.CheckConstraint("source IN ('alert','bank','draft','flag','work')", name=op.f("ck_set_aside_source")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_set_aside_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "source", "item_id", "code", name=op.f("pk_set_aside")),
    )
    op.create_table(
        "signature_failures",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_signature_failures_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "day", name=op.f("pk_signature_failures")),
    )
    op.create_table(
        "slow_work",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("queue", sa.String(length=12), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_slow_work_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "queue", name=op.f("pk_slow_work")),
    )
    op.create_table(
        "vat_check_waits",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_vat_check_waits_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "order_key", name=op.f("pk_vat_check_waits")),
    )
    op.create_index("ix_vat_check_waits_next_at", "vat_check_waits", ["shop_id", "next_at"])
    op.create_table(
        "vat_checks",
        sa.Column("check_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("requester", sa.String(length=20), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("request_identifier", sa.String(length=60), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answer_sha256", sa.String(length=64), nullable=False),
        sa.Column("reuses", Id, nullable=True),
        sa.ForeignKeyConstraint(["reuses"], ["vat_checks.check_id"], name=op.f("fk_vat_checks_reuses")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_vat_checks_shop_id")),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_vat_checks")),
    )
    op.create_index("ix_vat_checks_number", "vat_checks", ["shop_id", "number", "asked_at"])
    op.create_index("ix_vat_checks_shop_order", "vat_checks", ["shop_id", "order_id"])
    op.create_table(
        "webhook_endpoints",
        sa.Column("endpoint_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("stopped_at", Instant(), nullable=True),
        sa.Column("stop_message", MessageText(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_webhook_endpoints_shop_id")),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index("ix_webhook_endpoints_shop", "webhook_endpoints", ["shop_id"])
    op.create_table(
        "bank_lines",
        sa.Column("line_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("file_id", Id, nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.CheckConstraint("state IN ('waiting','counted','done')", name=op.f("ck_bank_lines_state")),
        sa.ForeignKeyConstraint(["file_id"], ["bank_files.file_id"], name=op.f("fk_bank_lines_file_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_bank_lines_shop_id")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_bank_lines")),
        sa.UniqueConstraint("shop_id", "key", name=op.f("uq_bank_lines_shop_id_key")),
    )
    op.create_index("ix_bank_lines_file", "bank_lines", ["file_id"])
    op.create_index("ix_bank_lines_shop_booked_on", "bank_lines", ["shop_id", "booked_on", "line_id"])
    op.create_index("ix_bank_lines_shop_state", "bank_lines", ["shop_id", "state", "booked_on", "line_id"])
    partial_index("ix_bank_lines_waiting", "bank_lines", ["shop_id", "line_id"], where="state = 'waiting'")
    op.create_table(
        "document_links",
        sa.Column("document_id", Id, nullable=False),
        sa.Column("revoked_at", Instant(), nullable=False),
        sa.Column("renewed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_document_links_document_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_links")),
    )
    op.create_index("ix_document_links_renewed_at", "document_links", ["renewed_at"])
    op.create_index("ix_document_links_revoked_at", "document_links", ["revoked_at"])
    op.create_table(
        "files",
        sa.Column("document_id", Id, nullable=False),
        sa.Column("format", sa.String(length=12), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_files_document_id")),
        sa.PrimaryKeyConstraint("document_id", "format", name=op.f("pk_files")),
    )
    op.create_table(
        "jobs",
        sa.Column("job_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("queue", sa.String(length=12), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("document_id", Id, nullable=True),
        sa.Column("endpoint_id", Id, nullable=True),
        sa.Column("group_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("lease", sa.String(length=36), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("code", sa.String(length=60), server_default="", nullable=False),
        sa.Column("message", MessageText(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("mail_to", sa.Text(), server_default="", nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("of_many", sa.Boolean(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "kind IN ('process_order','settle_order','step','task','webhook_event')", name=op.f("ck_jobs_kind")
        ),
        sa.CheckConstraint("state IN ('waiting','running','done','failed','skipped')", name=op.f("ck_jobs_state")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_jobs_document_id")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoints.endpoint_id"], name=op.f("fk_jobs_endpoint_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_jobs_shop_id")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_jobs")),
    )
    partial_index("ix_jobs_done_at", "jobs", ["done_at"], where="done_at IS NOT NULL")
    partial_index("ix_jobs_due", "jobs", ["kind", "state", "next_at"], where="state IN ('waiting','running','failed')")
    partial_index("ix_jobs_endpoint", "jobs", ["endpoint_id", "state"], where="endpoint_id IS NOT NULL")
    partial_index("ix_jobs_failed", "jobs", ["name", "document_id"], where="state = 'failed'")
    partial_index("ix_jobs_group", "jobs", ["group_id"], where="group_id IS NOT NULL")
    partial_index(
        "ix_jobs_kind_pending",
        "jobs",
        ["kind", "state", "created_at", "job_id"],
        where="state IN ('waiting','running','failed')",
    )
    partial_index("ix_jobs_lease", "jobs", ["lease"], where="lease IS NOT NULL")
    partial_index("ix_jobs_order", "jobs", ["shop_id", "order_id"], where="order_id IS NOT NULL")
    partial_index(
        "ix_jobs_passing", "jobs", ["kind", "done_at"], where="kind IN ('settle_order','task','webhook_event')"
    )
    partial_index(
        "ix_jobs_pending", "jobs", ["state", "created_at", "job_id"], where="state IN ('waiting','running','failed')"
    )
    partial_index(
        "ix_jobs_shop_done_at", "jobs", ["shop_id", "done_at", "kind", "document_id"], where="done_at IS NOT NULL"
    )
    partial_index("ix_jobs_shop_failed", "jobs", ["shop_id", "name", "document_id"], where="state = 'failed'")
    partial_index(
        "ix_jobs_shop_kind_pending",
        "jobs",
        ["shop_id", "kind", "state", "created_at", "job_id"],
        where="state IN ('waiting','running','failed')",
    )
    partial_index(
        "ix_jobs_shop_pending",
        "jobs",
        ["shop_id", "state", "created_at", "job_id"],
        where="state IN ('waiting','running','failed')",
    )
    partial_index(
        "ix_jobs_turn",
        "jobs",
        ["queue", "state", "shop_id", "of_many", "next_at", "job_id"],
        where="state IN ('waiting','running','failed')",
    )
    partial_index("uq_jobs_step", "jobs", ["document_id", "name"], where="kind = 'step'", unique=True)
    partial_index(
        "uq_jobs_webhook_event",
        "jobs",
        ["document_id", "name", "endpoint_id"],
        where="kind = 'webhook_event'",
        unique=True,
    )
    op.create_table(
        "payment_attempts",
        sa.Column("attempt_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column("document_id", Id, nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payment_ref", sa.String(length=80), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("gone_back", Amount(), server_default="0", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.document_id"], name=op.f("fk_payment_attempts_document_id")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_payment_attempts_shop_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_payment_attempts")),
        sa.UniqueConstraint("shop_id", "payment_ref", name=op.f("uq_payment_attempts_shop_id_payment_ref")),
    )
    op.create_index("ix_payment_attempts_document", "payment_attempts", ["document_id"])
    partial_index(
        "ix_payment_attempts_open",
        "payment_attempts",
        ["shop_id", "asked_at"],
        where="status IN ('open','pending','authorized')",
    )
    op.create_table(
        "payment_shares",
        sa.Column("share_id", Id, nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("document_id", Id, nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_payment_shares_document_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment_id"], name=op.f("fk_payment_shares_payment_id")),
        sa.PrimaryKeyConstraint("share_id", name=op.f("pk_payment_shares")),
    )
    op.create_index("ix_payment_shares_created_at", "payment_shares", ["created_at"])
    op.create_index("ix_payment_shares_document", "payment_shares", ["document_id"])
    op.create_index("ix_payment_shares_payment", "payment_shares", ["payment_id"])
    op.create_table(
        "peppol_answers",
        sa.Column("answer_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("document_id", Id, nullable=True),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=12), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answer_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_peppol_answers_document_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_peppol_answers_shop_id")),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_peppol_answers")),
    )
    op.create_index("ix_peppol_answers_address", "peppol_answers", ["shop_id", "address", "kind", "asked_at"])
    partial_index("ix_peppol_answers_document", "peppol_answers", ["document_id"], where="document_id IS NOT NULL")
    op.create_table(
        "register",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document_id", Id, nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("snapshot_sha256", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_register_document_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_register_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "position", name=op.f("pk_register")),
        sa.UniqueConstraint("document_id", name=op.f("uq_register_document_id")),
    )
    op.create_table(
        "reminder_stops",
        sa.Column("document_id", Id, nullable=False),
        sa.Column("stopped_at", Instant(), nullable=False),
        sa.Column("stopped_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_reminder_stops_document_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_reminder_stops")),
    )
    op.create_table(
        "reminders",
        sa.Column("document_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("open", Amount(), nullable=False),
        sa.Column("costs", Amount(), nullable=False),
        sa.Column("interest", Amount(), nullable=False),
        sa.Column("announced_costs", Amount(), nullable=False),
        sa.Column("announced_percent", Amount(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_reminders_document_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_reminders_shop_id")),
        sa.PrimaryKeyConstraint("document_id", "kind", name=op.f("pk_reminders")),
    )
    op.create_index("ix_reminders_shop_sent_on", "reminders", ["shop_id", "sent_on", "document_id"])
    op.create_table(
        "transmissions",
        sa.Column("document_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=60), nullable=False),
        sa.Column("prepared", sa.Text(), server_default="", nullable=False),
        sa.Column("tried_at", Instant(), nullable=True),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("responses", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("follow_until", Instant(), nullable=True),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("told_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open','unknown','accepted','delivered','failed')", name=op.f("ck_transmissions_state")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_transmissions_document_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_transmissions_shop_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_transmissions")),
    )
    partial_index("ix_transmissions_next_at", "transmissions", ["shop_id", "next_at"], where="next_at IS NOT NULL")
    op.create_index("ix_transmissions_shop_sent", "transmissions", ["shop_id", "sent_at"])
    op.create_table(
        "unpaid",
        sa.Column("document_id", Id, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("remind_at", Instant(), server_default="2000-01-01 00:00:00", nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name=op.f("fk_unpaid_document_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_unpaid_shop_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_unpaid")),
    )
    op.create_index("ix_unpaid_issued_on", "unpaid", ["kind", "issued_on", "document_id"])
    op.create_index("ix_unpaid_remind_at", "unpaid", ["remind_at", "document_id"])
    op.create_index("ix_unpaid_shop_issued_on", "unpaid", ["shop_id", "kind", "issued_on", "document_id"])
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", Id, autoincrement=False, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("headers", sa.Text(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["jobs.job_id"], name=op.f("fk_deliveries_delivery_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_deliveries_shop_id")),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_deliveries")),
    )
    partial_index("ix_deliveries_body", "deliveries", ["received_at", "delivery_id"], where="body IS NOT NULL")
    op.create_index("ix_deliveries_received_at", "deliveries", ["received_at", "delivery_id"])
    op.create_index("ix_deliveries_shop_order", "deliveries", ["shop_id", "order_id"])
    op.create_index("ix_deliveries_shop_received_at", "deliveries", ["shop_id", "received_at", "delivery_id"])
    op.create_index("ix_deliveries_shop_source", "deliveries", ["shop_id", "source", "received_at"])
    op.create_table(
        "tasks",
        sa.Column("task_id", Id, autoincrement=False, nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("argument", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", Instant(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name=op.f("fk_tasks_shop_id")),
        sa.ForeignKeyConstraint(["task_id"], ["jobs.job_id"], name=op.f("fk_tasks_task_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_shop_kind", "tasks", ["shop_id", "kind", "requested_at", "task_id"])
    for table in WRITTEN_ONCE:
        refuse_changes(table)


# What the law wants unaltered is refused by the database itself, whoever asks. With each table, what is unique in it.
WRITTEN_ONCE = {
    "documents": (
        ("document_id",),
        ("shop_id", "cause", "order_key"),
        ("shop_id", "number"),
        ("shop_id", "series", "period", "sequence"),
    ),
    "register": (("shop_id", "position"), ("document_id",)),
    "files": (("document_id", "format"),),
    "audit_trail": (("entry_id",),),
    "payments": (("payment_id",), ("shop_id", "outside_ref"), ("reverses",)),
    "payment_shares": (("share_id",),),
    "order_treatments": (("treatment_id",),),
    "vat_checks": (("check_id",),),
    "peppol_answers": (("answer_id",),),
}


def refuse_changes(table: str) -> None:
    message = f"{table}: rows are written once and never changed or deleted"
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
        # REPLACE INTO would remove the row that stands in its way, and no trigger above would hear of it.
        there = f"SELECT 1 FROM {table} WHERE "  # noqa: S608  # names of our own tables
        there += " OR ".join("(" + " AND ".join(f"{c} = NEW.{c}" for c in key) + ")" for key in WRITTEN_ONCE[table])
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS ({there}) BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {table}_written_once() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_written_once()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_written_once()"
    )
