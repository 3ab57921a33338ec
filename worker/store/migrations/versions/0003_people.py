"""People, their sign-ins and tokens, webhooks out, and indexes for pages that stay fast with a million documents"""

import sqlalchemy as sa
from alembic import op

from worker.store.tables import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column("act_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("address", sa.String(length=45), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("act_id", name="pk_acts"),
    )
    op.create_index("ix_acts_shop", "acts", ["shop_id", "act_id"], unique=False)
    op.create_table(
        "hours",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("hour", Instant(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "hour", name="pk_hours"),
    )
    op.create_table(
        "tries",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tries"),
    )
    op.create_table(
        "users",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("totp", sa.Text(), server_default="", nullable=False),
        sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recovery", sa.Text(), server_default="[]", nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("signed_in_at", Instant(), nullable=True),
        sa.Column("suspended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("token_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name="fk_api_tokens_shop_id"),
        sa.PrimaryKeyConstraint("token_id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )
    op.create_index("ix_api_tokens_shop", "api_tokens", ["shop_id"], unique=False)
    op.create_table(
        "hooks",
        sa.Column("hook_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("stopped_at", Instant(), nullable=True),
        sa.Column("stopped_because", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name="fk_hooks_shop_id"),
        sa.PrimaryKeyConstraint("hook_id", name="pk_hooks"),
    )
    op.create_index("ix_hooks_shop", "hooks", ["shop_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.CheckConstraint("role IN ('admin','viewer')", name="ck_memberships_role"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name="fk_memberships_shop_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_memberships_user_id"),
        sa.PrimaryKeyConstraint("user_id", "shop_id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_shop", "memberships", ["shop_id"], unique=False)
    op.create_table(
        "order_words",
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column(
            "word", sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name="fk_order_words_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", "word", "order_id", name="pk_order_words"),
    )
    op.create_index("ix_order_words_shop_order", "order_words", ["shop_id", "order_id"], unique=False)
    op.create_table(
        "passes",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=True),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.CheckConstraint("purpose IN ('setup','invite','password')", name="ck_passes_purpose"),
        sa.CheckConstraint("role IN ('operator','admin','viewer')", name="ck_passes_role"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name="fk_passes_shop_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_passes"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_sessions_user_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user", "sessions", ["user_id"], unique=False)
    op.create_table(
        "hook_calls",
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hook_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("lease", sa.String(length=36), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.CheckConstraint("state IN ('waiting','running','done','failed')", name="ck_hook_calls_state"),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name="fk_hook_calls_document_id"),
        sa.ForeignKeyConstraint(["hook_id"], ["hooks.hook_id"], name="fk_hook_calls_hook_id"),
        sa.PrimaryKeyConstraint("call_id", name="pk_hook_calls"),
        sa.UniqueConstraint("hook_id", "event", "document_id", name="uq_hook_calls_hook_id_event_document_id"),
    )
    op.create_index("ix_hook_calls_state_next_at", "hook_calls", ["state", "next_at"], unique=False)
    op.create_index("ix_deliveries_received_at", "deliveries", ["received_at"], unique=False)
    op.create_index("ix_deliveries_shop_state", "deliveries", ["shop_id", "state"], unique=False)
    op.create_index("ix_documents_issued_at", "documents", ["issued_at"], unique=False)
    op.create_index("ix_documents_shop_document", "documents", ["shop_id", "document_id"], unique=False)
    op.create_index("ix_documents_shop_issued_on", "documents", ["shop_id", "issued_on", "document_id"], unique=False)
    op.create_index("ix_documents_shop_kind", "documents", ["shop_id", "kind", "document_id"], unique=False)
    op.create_index("ix_drafts_shop_state", "drafts", ["shop_id", "state", "draft_id"], unique=False)
    op.create_index("ix_events_shop_event", "events", ["shop_id", "event_id"], unique=False)
    op.create_index("ix_orders_shop_looked_at", "orders", ["shop_id", "looked_at"], unique=False)
    op.create_index("ix_orders_shop_ordered_at", "orders", ["shop_id", "ordered_at"], unique=False)
    op.create_index("ix_steps_done_at", "steps", ["done_at"], unique=False)
    op.create_index("ix_steps_shop_state", "steps", ["shop_id", "state", "step_id"], unique=False)
