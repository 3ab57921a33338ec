"""Invites, and what we know of each shop's plugin"""

import sqlalchemy as sa
from alembic import op

from worker.store.database.tables import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invites",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("signing_key", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name="fk_invites_shop_id"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_invites"),
    )
    op.create_table(
        "plugins",
        sa.Column("plugin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop_id", sa.String(length=40), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("connected_at", Instant(), nullable=False),
        sa.Column("heartbeat_at", Instant(), nullable=True),
        sa.Column("said", sa.Text(), server_default="{}", nullable=False),
        sa.Column("check_state", sa.String(length=12), nullable=False),
        sa.Column("check_code", sa.String(length=60), server_default="", nullable=False),
        sa.Column("check_sentence", sa.Text(), server_default="", nullable=False),
        sa.Column("checked_at", Instant(), nullable=True),
        sa.Column("heard_at", Instant(), nullable=True),
        sa.Column("told_up_to", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("check_state IN ('waiting','done','failed')", name="ck_plugins_check_state"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.shop_id"], name="fk_plugins_shop_id"),
        sa.PrimaryKeyConstraint("plugin_id", name="pk_plugins"),
        sa.UniqueConstraint("shop_id", name="uq_plugins_shop_id"),
    )
