"""People, their sign-ins and tokens, webhooks out, and indexes for pages that stay fast with a million documents"""

import json

import sqlalchemy as sa
from alembic import op

from worker.store import order_search
from worker.store.database.tables import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AT_ONCE = 500


def upgrade() -> None:
    op.add_column("orders", sa.Column("silent", sa.Text(), server_default="[]", nullable=False))
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
    op.create_table(
        "unpaid",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name="fk_unpaid_document_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name="fk_unpaid_shop_id"),
        sa.PrimaryKeyConstraint("document_id", name="pk_unpaid"),
    )
    for name, table, columns in INDEXES:
        op.create_index(name, table, list(columns), unique=False)
    for name, table, columns, where in INDEXES_OF_SOME_ROWS:
        rows = sa.text(where)
        op.create_index(name, table, list(columns), unique=False, sqlite_where=rows, postgresql_where=rows)
    fill_unpaid(op.get_bind())
    fill_words(op.get_bind())


INDEXES = (
    ("ix_deliveries_received_at", "deliveries", ("received_at", "delivery_id")),
    ("ix_deliveries_shop_received_at", "deliveries", ("shop_id", "received_at", "delivery_id")),
    ("ix_deliveries_state", "deliveries", ("state", "received_at", "delivery_id")),
    ("ix_deliveries_shop_state", "deliveries", ("shop_id", "state", "received_at", "delivery_id")),
    ("ix_documents_issued_at", "documents", ("issued_at",)),
    ("ix_documents_issued_on", "documents", ("issued_on", "document_id")),
    ("ix_documents_kind", "documents", ("kind", "issued_on", "document_id")),
    ("ix_documents_shop_document", "documents", ("shop_id", "document_id")),
    ("ix_documents_shop_issued_on", "documents", ("shop_id", "issued_on", "document_id")),
    ("ix_documents_shop_kind", "documents", ("shop_id", "kind", "issued_on", "document_id")),
    ("ix_drafts_state", "drafts", ("state", "draft_id")),
    ("ix_drafts_shop_state", "drafts", ("shop_id", "state", "draft_id")),
    ("ix_errands_shop_state", "errands", ("shop_id", "state", "asked_at")),
    ("ix_events_shop_event", "events", ("shop_id", "event_id")),
    ("ix_hook_calls_hook_state", "hook_calls", ("hook_id", "state")),
    ("ix_orders_shop_looked_at", "orders", ("shop_id", "looked_at")),
    ("ix_orders_ordered_at", "orders", ("ordered_at", "order_id")),
    ("ix_orders_shop_ordered_at", "orders", ("shop_id", "ordered_at", "order_id")),
    ("ix_orders_status", "orders", ("status", "ordered_at", "order_id")),
    ("ix_orders_shop_status", "orders", ("shop_id", "status", "ordered_at", "order_id")),
    ("ix_order_words_shop_order", "order_words", ("shop_id", "order_id", "word")),
    ("ix_order_words_word", "order_words", ("word", "shop_id", "order_id")),
    ("ix_steps_state", "steps", ("state", "created_at", "step_id")),
    ("ix_steps_shop_state", "steps", ("shop_id", "state", "created_at", "step_id")),
    ("ix_steps_done_at", "steps", ("done_at",)),
    ("ix_steps_shop_done_at", "steps", ("shop_id", "done_at")),
    ("ix_unpaid_issued_on", "unpaid", ("issued_on", "document_id")),
    ("ix_unpaid_shop_issued_on", "unpaid", ("shop_id", "issued_on", "document_id")),
)
INDEXES_OF_SOME_ROWS = (
    ("ix_documents_corrects", "documents", ("corrects",), "corrects IS NOT NULL"),
    ("ix_orders_flagged", "orders", ("ordered_at", "order_id"), "flags <> '[]'"),
    ("ix_orders_shop_flagged", "orders", ("shop_id", "ordered_at", "order_id"), "flags <> '[]'"),
    ("ix_steps_failed", "steps", ("name", "document_id"), "state = 'failed'"),
    ("ix_steps_shop_failed", "steps", ("shop_id", "name", "document_id"), "state = 'failed'"),
)


def fill_unpaid(connection: sa.Connection) -> None:
    """Invoices without the mark that they are paid, of which something is left after their credit notes."""
    connection.execute(
        sa.text(
            "INSERT INTO unpaid (document_id, shop_id, issued_on) SELECT document_id, shop_id, issued_on FROM documents "
            "WHERE kind = 'invoice' AND NOT test AND total > 0 AND snapshot LIKE :no_day AND document_id NOT IN (SELECT document_id FROM marks WHERE mark = 'paid') "
            "AND total > coalesce((SELECT sum(back.total) FROM documents AS back WHERE back.corrects = documents.document_id), 0)"
        ),
        {"no_day": '%"paid_on":null%'},
    )


def fill_words(connection: sa.Connection) -> None:
    """As `finding` writes them from now on. The e-mail address of an order without a document comes with its next look."""
    ids = connection.execute(sa.text("SELECT document_id FROM documents ORDER BY document_id")).scalars().all()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start], ids[min(start + AT_ONCE, len(ids)) - 1]
        made = connection.execute(
            sa.text(
                "SELECT shop_id, order_id, order_number, number, snapshot FROM documents WHERE document_id BETWEEN :first AND :last"
            ),
            {"first": some[0], "last": some[1]},
        ).all()
        for row in made:
            buyer = json.loads(row.snapshot)["buyer"]
            words = order_search.words_of(
                row.order_number, buyer["name"], buyer.get("company", ""), buyer.get("email", "")
            )
            order_search.add(connection, row.shop_id, row.order_id, words | order_search.words_of_number(row.number))
    seen = connection.execute(sa.text("SELECT shop_id, order_id, order_number, buyer FROM orders")).all()
    for row in seen:
        order_search.add(connection, row.shop_id, row.order_id, order_search.words_of(row.order_number, row.buyer))
