"""The tables. What must never happen (two documents for one cause, a changed invoice) is refused here, by the database."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
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

from worker.store.database.column_types import Amount, Encrypted, Id, Instant, MessageText

# The rows of small indexes in big tables. A query that wants such an index repeats the words: SQLite compares them literally.
FLAGGED = "flags <> '[]'"
FAILED = "state = 'failed'"
# What the audit trail says of people and what they may see; the pages "Team" and "Users" show it.
ACCESS_CODES = (
    "invited", "joined", "member_removed", "password_changed", "password_link", "role_changed", "second_factor_off",
    "second_factor_on", "sessions_ended", "shop_created", "sign_in_failed", "signed_in", "user_created", "user_removed",
    "user_resumed", "user_suspended", "withdrawn",
)  # fmt: skip
ACCESS = f"code IN ({', '.join(repr(code) for code in ACCESS_CODES)})"
PENDING = "state IN ('waiting','running','failed')"
ATTEMPT_OPEN = "status IN ('open','pending','authorized')"
LINE_WAITS = "state = 'waiting'"
PASSING = "kind IN ('settle_order','task','webhook_event')"  # not kept for ever


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows alone of which *where* is true."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


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
    Column("secrets", Encrypted, nullable=False),  # webhook secrets (newest first), REST key and secret
    Column("created_at", Instant, nullable=False),
    Column("polled_until", Instant),  # changes up to here were polled
    # Where the next poll goes on in a list that was longer than one poll reads; none: a little before polled_until.
    Column("poll_after", Instant),
    Column("poll_page", Integer),
)

# Work that is leased: an order to look at, a step of a document, a task, a webhook event. One row each, whatever it is.
jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),  # process_order | settle_order | step | task | webhook_event
    # Of orders as their kind; of steps render, transmit, mail; of tasks and events theirs.
    Column("name", String(40), nullable=False),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("queue", String(12), nullable=False),  # mail | pdf | orders | calls | tasks | bulk
    # What it is about, as its kind wants.
    Column("order_id", BigInteger),
    Column("document_id", ForeignKey("documents.document_id")),
    Column("endpoint_id", ForeignKey("webhook_endpoints.endpoint_id")),
    Column("group_id", String(36)),  # mails of one group leave as one; an order that is settled
    Column("state", String(12), nullable=False),  # waiting | running | done | failed | skipped
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("lease", String(36)),
    Column("lease_until", Instant),
    Column("code", String(60), nullable=False, server_default=""),
    Column("message", MessageText, nullable=False, server_default=""),
    # The Message-ID; the note's id; the key of an order to settle.
    Column("detail", Text, nullable=False, server_default=""),
    # Where a mail goes in place of the address on its document; empty: there.
    Column("mail_to", Text, nullable=False, server_default=""),
    Column("done_at", Instant),
    Column("of_many", Boolean, nullable=False, server_default="0"),  # waits behind all else of its shop and queue
    CheckConstraint("kind IN ('process_order','settle_order','step','task','webhook_event')", name="kind"),
    CheckConstraint("state IN ('waiting','running','done','failed','skipped')", name="state"),
    partial_index("ix_jobs_due", "kind", "state", "next_at", where=PENDING),
    partial_index("ix_jobs_turn", "queue", "state", "shop_id", "of_many", "next_at", "job_id", where=PENDING),
    partial_index("ix_jobs_pending", "state", "created_at", "job_id", where=PENDING),
    partial_index("ix_jobs_kind_pending", "kind", "state", "created_at", "job_id", where=PENDING),
    partial_index("ix_jobs_shop_pending", "shop_id", "state", "created_at", "job_id", where=PENDING),
    partial_index("ix_jobs_shop_kind_pending", "shop_id", "kind", "state", "created_at", "job_id", where=PENDING),
    partial_index("ix_jobs_failed", "name", "document_id", where=FAILED),
    partial_index("ix_jobs_shop_failed", "shop_id", "name", "document_id", where=FAILED),
    partial_index("ix_jobs_done_at", "done_at", where="done_at IS NOT NULL"),
    # With what is asked of those that are done: their rows are anywhere in a large table.
    partial_index("ix_jobs_shop_done_at", "shop_id", "done_at", "kind", "document_id", where="done_at IS NOT NULL"),
    partial_index("ix_jobs_passing", "kind", "done_at", where=PASSING),
    partial_index("ix_jobs_lease", "lease", where="lease IS NOT NULL"),
    partial_index("ix_jobs_order", "shop_id", "order_id", where="order_id IS NOT NULL"),
    partial_index("ix_jobs_group", "group_id", where="group_id IS NOT NULL"),
    partial_index("ix_jobs_endpoint", "endpoint_id", "state", where="endpoint_id IS NOT NULL"),
    partial_index("uq_jobs_step", "document_id", "name", where="kind = 'step'", unique=True),
    partial_index(
        "uq_jobs_webhook_event", "document_id", "name", "endpoint_id", where="kind = 'webhook_event'", unique=True
    ),
)

# The shops that held a worker for long lately, and with work of which queue.
slow_work = Table(
    "slow_work",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("queue", String(12), primary_key=True),
    Column("until", Instant, nullable=False),
)

# The queues of which nothing is begun until somebody resumes them.
paused_queues = Table(
    "paused_queues",
    metadata,
    Column("queue", String(12), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("paused_by", Text, nullable=False),
)

# What came in, as it came in; its job says what became of it.
deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", ForeignKey("jobs.job_id"), primary_key=True, autoincrement=False),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("source", String(12), nullable=False),  # webhook | plugin | poll | person
    Column("topic", String(40), nullable=False),
    Column("order_id", BigInteger),
    Column("received_at", Instant, nullable=False),
    Column("body", LargeBinary),
    Column("body_sha256", String(64), nullable=False),
    Column("headers", Text, nullable=False, server_default="[]"),
    Index("ix_deliveries_shop_order", "shop_id", "order_id"),
    Index("ix_deliveries_received_at", "received_at", "delivery_id"),
    Index("ix_deliveries_shop_received_at", "shop_id", "received_at", "delivery_id"),
    # Whether a shop itself told of anything: of one that never did, no other index knows it without all its rows.
    Index("ix_deliveries_shop_source", "shop_id", "source", "received_at"),
    partial_index("ix_deliveries_body", "received_at", "delivery_id", where="body IS NOT NULL"),
)

# A way to a shop's server on which nobody answers; the first answer deletes the row.
roads = Table(
    "roads",
    metadata,
    Column("shop_id", String(40), primary_key=True),  # empty: of all shops that have none of their own
    Column("kind", String(12), primary_key=True),  # rest | plugin | mail | shared_mail | webhooks
    Column("target", String(40), primary_key=True),  # the id of a webhook's endpoint; else empty
    Column("failures", Integer, nullable=False),  # in a row
    Column("failing_since", Instant, nullable=False),
    Column("rested_until", Instant),  # nothing is asked until then; none before it failed often enough
    Column("message", MessageText, nullable=False),
)

# When somebody last answered on a road, to some minutes. What was never heard is not called well.
roads_heard = Table(
    "roads_heard",
    metadata,
    Column("shop_id", String(40), primary_key=True),  # as in roads
    Column("kind", String(12), primary_key=True),
    Column("heard_at", Instant, nullable=False),
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
    # Its total when the shop first said that it is paid: `date_paid` stays when it is changed.
    Column("paid_total", Text),
    Column("paid_by", Text),  # the method and transaction of that
    Column("reported", Text),  # what the shop says of its money: a JSON ReportedMoney
    Column("taxable_at", Instant),  # when VAT fell due: the earlier of delivery and payment
    Column("fetched_at", Instant, nullable=False),
    Column("seen_statuses", Text, nullable=False, server_default=""),  # all that it was seen in, with spaces between
    Column("main_order_id", BigInteger),  # of which a marketplace plugin made this one for a vendor
    Column("is_split", Boolean, nullable=False, server_default="0"),  # such orders were made of it
    Column("rule_results", Text, nullable=False),  # JSON: every rule with why it fired or not
    Column("flags", Text, nullable=False),  # JSON: what a person must know, as problems
    # Of the worst flag; empty where all only inform.
    Column("flag_code", String(60), nullable=False, server_default=""),
    Column("ignored_flags", Text, nullable=False, server_default="[]"),  # JSON: flags that a person said need nothing
    Index("ix_orders_shop_fetched_at", "shop_id", "fetched_at"),
    Index("ix_orders_shop_order_number", "shop_id", "order_number"),
    Index("ix_orders_main_order", "shop_id", "main_order_id"),
    Index("ix_orders_ordered_at", "ordered_at", "order_id"),
    Index("ix_orders_shop_taxable_at", "shop_id", "taxable_at"),
    # All that a row is known by, and what a search tries of it: neither looks into the table.
    Index("ix_orders_shop_ordered_at", "shop_id", "ordered_at", "order_id", "order_key"),
    Index("ix_orders_status", "status", "ordered_at", "order_id"),
    Index("ix_orders_shop_status", "shop_id", "status", "ordered_at", "order_id"),
    partial_index("ix_orders_flagged", "ordered_at", "order_id", where=FLAGGED),
    # By its name made after the others of a shop: of indexes that seem as good, SQLite takes the newest.
    partial_index("ix_orders_shop_with_flags", "shop_id", "ordered_at", "order_id", where=FLAGGED),
)

# How people said that orders are treated for VAT: only ever added.
order_treatments = Table(
    "order_treatments",
    metadata,
    Column("treatment_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("name", String(40)),  # of domain.order_treatment; none: what was said before is taken back
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_order_treatments_shop_order", "shop_id", "order_id", "treatment_id"),
)

# The methods that orders came with, so that the owner can say what each means.
payment_methods = Table(
    "payment_methods",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("method", Text, primary_key=True),
    Column("title", Text, nullable=False),
)

order_statuses = Table(
    "order_statuses",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("status", Text, primary_key=True),
    Column("name", Text, nullable=False),
)

# What an order is found by: the words of its buyer, its mail address, its number and those of its documents.
order_search = Table(
    "order_search",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    # In the order of the bytes, so that a beginning is a range of the index.
    Column("word", String(60).with_variant(String(60, collation="C"), "postgresql"), primary_key=True),
    Column("order_id", BigInteger, primary_key=True),
    Index("ix_order_search_shop_order", "shop_id", "order_id", "word"),
    Index("ix_order_search_word", "word", "shop_id", "order_id"),
)

# What each shop said of its products: an order does not say which of its lines are goods and which services.
products = Table(
    "products",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("product_id", BigInteger, primary_key=True, autoincrement=False),  # of a product or of a variation
    # All but *ask_again_at* are empty while the shop has not said.
    Column("virtual", Boolean),
    Column("downloadable", Boolean),
    Column("categories", Text, nullable=False, server_default="[]"),  # JSON: their names
    Column("seen_at", Instant),
    Column("ask_again_at", Instant, nullable=False),
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
    Column("due_on", Date),  # by when its buyer is asked to pay
    Column("test", Boolean, nullable=False),
    Column("snapshot", Text, nullable=False),  # JSON of domain.document.Draft
    Column("snapshot_sha256", String(64), nullable=False),
    UniqueConstraint("shop_id", "cause", "order_key"),
    UniqueConstraint("shop_id", "number"),
    UniqueConstraint("shop_id", "series", "period", "sequence"),
    Index("ix_documents_shop_order", "shop_id", "order_id"),
    Index("ix_documents_shop_order_number", "shop_id", "order_number"),
    Index("ix_documents_shop_document", "shop_id", "document_id"),
    Index("ix_documents_issued_on", "issued_on", "document_id"),
    Index("ix_documents_kind", "kind", "issued_on", "document_id"),
    Index("ix_documents_shop_kind", "shop_id", "kind", "issued_on", "document_id"),
    # And the order, which is what a search tries of a row: it does not look into the table.
    Index("ix_documents_shop_issued_on", "shop_id", "issued_on", "document_id", "order_id"),
    Index("ix_documents_issued_at", "issued_at", "shop_id"),
    Index("ix_documents_shop_issued_at", "shop_id", "issued_at", "document_id"),
    Index("ix_documents_shop_total", "shop_id", "total", "document_id"),
    partial_index("ix_documents_corrects", "corrects", where="corrects IS NOT NULL"),
)

# Documents that wait for their money: invoices of which an amount is open, and of an order without one the document by which
# its buyer is to transfer the money. That is counted from several tables, so which ones they are is stored here: a shop whose
# customers all pay would have its whole past read to find that nobody owes anything.
unpaid = Table(
    "unpaid",
    metadata,
    Column("document_id", ForeignKey("documents.document_id"), primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("kind", String(24), nullable=False),  # domain.document.Kind
    Column("issued_on", Date, nullable=False),
    # When it is looked at whether its buyer is to be reminded; a new one soon.
    Column("remind_at", Instant, nullable=False, server_default="2000-01-01 00:00:00"),
    Index("ix_unpaid_issued_on", "kind", "issued_on", "document_id"),
    Index("ix_unpaid_remind_at", "remind_at", "document_id"),
    Index("ix_unpaid_shop_issued_on", "shop_id", "kind", "issued_on", "document_id"),
)

# What buyers were reminded of, and what was asked and announced then; the step of the same name says whether it left.
reminders = Table(
    "reminders",
    metadata,
    Column("document_id", ForeignKey("documents.document_id"), primary_key=True),
    Column("kind", String(24), primary_key=True),  # domain.reminder.ReminderKind
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("sent_on", Date, nullable=False),  # in the seller's zone, of the last try
    Column("currency", String(3), nullable=False),
    Column("open", Amount, nullable=False),
    Column("costs", Amount, nullable=False),
    Column("interest", Amount, nullable=False),
    Column("announced_costs", Amount, nullable=False),
    Column("announced_percent", Amount, nullable=False),
    Index("ix_reminders_shop_sent_on", "shop_id", "sent_on", "document_id"),
)

# Documents of which a person said that nobody is reminded any more.
reminder_stops = Table(
    "reminder_stops",
    metadata,
    Column("document_id", ForeignKey("documents.document_id"), primary_key=True),
    Column("stopped_at", Instant, nullable=False),
    Column("stopped_by", Text, nullable=False),
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
    Column("created_at", Instant, nullable=False),
    # Since when it waits for what its code says, or no more.
    Column("changed_at", Instant, nullable=False),
    # Of the problem that does the most harm; empty where there is none: the shop's own rule keeps it.
    Column("code", String(60), nullable=False, server_default=""),
    Column("snapshot", Text, nullable=False),
    CheckConstraint("state IN ('open','discarded','issued')", name="state"),
    UniqueConstraint("shop_id", "cause", "order_key"),
    Index("ix_drafts_shop_order", "shop_id", "order_id"),
    Index("ix_drafts_state", "state", "draft_id"),
    Index("ix_drafts_shop_state", "shop_id", "state", "draft_id"),
)

number_series = Table(
    "number_series",
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

# Money that came in for an order. What is open of a document is its total less its credit notes less its shares of
# payments; it is never stored.
payments = Table(
    "payments",
    metadata,
    Column("payment_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("order_key", String(80), nullable=False),
    # Below zero: the payment that it reverses did not come, or went back; or the shop gave back a part of all that came.
    Column("amount", Amount, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("method", Text, nullable=False, server_default=""),
    Column("reference", Text, nullable=False, server_default=""),  # the transaction's id, the bank's reference
    Column("source", String(12), nullable=False),  # payment.PaymentSource
    # By which it is known when it is told of again; in the order of the bytes, so that those of a bank line are a range.
    Column("outside_ref", Text().with_variant(Text(collation="C"), "postgresql")),
    Column("reverses", ForeignKey("payments.payment_id"), unique=True),
    # What was only reported of the same money, before the bank confirmed it.
    Column("replaces", ForeignKey("payments.payment_id")),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    CheckConstraint("source IN ('order','person','bank','mollie')", name="source"),
    UniqueConstraint("shop_id", "outside_ref"),
    Index("ix_payments_shop_order", "shop_id", "order_id"),
    Index("ix_payments_shop_created_at", "shop_id", "created_at"),
)

# Which invoices of its order a payment pays. What came before there was an invoice is shared when there is one.
payment_shares = Table(
    "payment_shares",
    metadata,
    Column("share_id", Id, primary_key=True),
    Column("payment_id", ForeignKey("payments.payment_id"), nullable=False),
    Column("document_id", ForeignKey("documents.document_id"), nullable=False),
    Column("amount", Amount, nullable=False),  # below zero: it moves to another invoice, or the payment was reversed
    Column("created_at", Instant, nullable=False),
    Index("ix_payment_shares_payment", "payment_id"),
    Index("ix_payment_shares_document", "document_id"),
    Index("ix_payment_shares_created_at", "created_at"),
)

# What buyers were sent to Mollie for. Money is counted in payments; an attempt that comes to nothing changes nothing.
payment_attempts = Table(
    "payment_attempts",
    metadata,
    Column("attempt_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("order_key", String(80), nullable=False),
    Column("document_id", ForeignKey("documents.document_id"), nullable=False),
    Column("amount", Amount, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("payment_ref", String(80)),  # Mollie's own id, tr_…; none while its answer is not there
    Column("status", String(12), nullable=False),  # new, or as Mollie said it last
    Column("gone_back", Amount, nullable=False, server_default="0"),  # refunded or charged back, as Mollie said it last
    Column("created_at", Instant, nullable=False),
    Column("asked_at", Instant, nullable=False),  # when Mollie last said
    UniqueConstraint("shop_id", "payment_ref"),
    Index("ix_payment_attempts_document", "document_id"),
    partial_index("ix_payment_attempts_open", "shop_id", "asked_at", where=ATTEMPT_OPEN),
)

# The references that issued documents ask buyers to pay under, as their twelve digits.
payment_references = Table(
    "payment_references",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("reference", String(12), primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_key", String(80), primary_key=True),
    Index("ix_payment_references_order", "shop_id", "order_id", "reference"),
)

# The files of a bank that were read, and their lines with what became of each. A line counts once, in whichever file it comes.
bank_files = Table(
    "bank_files",
    metadata,
    Column("file_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(40), nullable=False),  # CODA, CAMT.053, MT940, the bank whose CSV it is
    Column("last_day", Date),  # of its newest line
    Column("read_at", Instant, nullable=False),
    Column("read_by", Text, nullable=False),
    UniqueConstraint("shop_id", "sha256"),
    Index("ix_bank_files_shop_last_day", "shop_id", "last_day"),
    Index("ix_bank_files_shop_file", "shop_id", "file_id"),
)

# The rows of which something before is missing carry how the one before ended.
bank_statements = Table(
    "bank_statements",
    metadata,
    Column("statement_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("account", String(40), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("opening", Amount, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("closing", Amount, nullable=False),
    Column("closed_on", Date, nullable=False),
    Column("ends", Amount),
    Column("ended_on", Date),
    Column("well_by", Text, nullable=False, server_default=""),  # who said that nothing is missing
    Column("well_at", Instant),
    Index("ix_bank_statements_shop_account", "shop_id", "account", "currency"),
    partial_index("ix_bank_statements_missing", "shop_id", where="ended_on IS NOT NULL AND well_at IS NULL"),
)

bank_lines = Table(
    "bank_lines",
    metadata,
    Column("line_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("key", Text, nullable=False),  # the same whenever the bank tells of this line
    Column("file_id", ForeignKey("bank_files.file_id"), nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("amount", Amount, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("line", Text, nullable=False),  # JSON of domain.bank_line.BankLine
    Column("verdict", String(20), nullable=False),  # domain.bank_match.Verdict, when it was read
    Column("state", String(12), nullable=False),  # waiting | counted | done
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("decided_at", Instant),
    CheckConstraint("state IN ('waiting','counted','done')", name="state"),
    UniqueConstraint("shop_id", "key"),
    Index("ix_bank_lines_shop_state", "shop_id", "state", "booked_on", "line_id"),
    Index("ix_bank_lines_shop_booked_on", "shop_id", "booked_on", "line_id"),
    Index("ix_bank_lines_file", "file_id"),
    partial_index("ix_bank_lines_waiting", "shop_id", "line_id", where=LINE_WAITS),
)

# What VIES answered when it was asked for a VAT number: the proof for a sale without VAT, kept as long as its invoice.
vat_checks = Table(
    "vat_checks",
    metadata,
    Column("check_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("order_key", String(80), nullable=False),
    Column("number", String(20), nullable=False),  # with its prefix
    Column("requester", String(20), nullable=False),  # the seller's own number
    Column("asked_at", Instant, nullable=False),
    Column("valid", Boolean),  # None: VIES could not say
    Column("code", String(40), nullable=False),  # why it could not
    Column("request_identifier", String(60), nullable=False),
    Column("answer", Text, nullable=False),  # as it came
    Column("answer_sha256", String(64), nullable=False),
    Column("reuses", ForeignKey("vat_checks.check_id")),  # the check of another order whose answer this is
    Index("ix_vat_checks_shop_order", "shop_id", "order_id"),
    Index("ix_vat_checks_number", "shop_id", "number", "asked_at"),
)

# Orders whose invoice waits until VIES answers; the row goes when it did.
vat_check_waits = Table(
    "vat_check_waits",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("order_id", BigInteger, primary_key=True),
    Column("order_key", String(80), primary_key=True),
    Column("number", String(20), nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant),  # None: waited long enough, a person decides
    Index("ix_vat_check_waits_next_at", "shop_id", "next_at"),
)

# What of VIES does not answer: a member state's register, or all of it (*). Until then nobody asks again.
vies_outages = Table(
    "vies_outages",
    metadata,
    Column("scope", String(4), primary_key=True),
    Column("code", String(40), nullable=False),
    Column("failures", Integer, nullable=False),
    Column("until", Instant, nullable=False),
)

# An e-invoice on its way by Peppol. What is noted here before each call makes it leave once, whatever is cut off in between.
transmissions = Table(
    "transmissions",
    metadata,
    Column("document_id", ForeignKey("documents.document_id"), primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("provider", String(40), nullable=False),
    Column("recipient", String(60), nullable=False),  # 0208:0403170701
    Column("prepared", Text, nullable=False, server_default=""),  # what the access point gave before anything was sent
    Column("tried_at", Instant),  # from then on it may have left
    Column("reference", Text, nullable=False, server_default=""),  # its id there, once it was taken
    Column("state", String(12), nullable=False),  # open | unknown | accepted | delivered | failed
    Column("reason", Text, nullable=False, server_default=""),  # why it failed, in the access point's words
    Column("evidence", Text, nullable=False, server_default=""),  # ids of the message on the network
    Column("responses", Text, nullable=False, server_default=""),  # of the buyer, separated by spaces
    Column("sent_at", Instant),
    Column("follow_until", Instant),  # what was delivered may still be rejected
    Column("next_at", Instant),  # when it is asked what became of it; None: no more
    Column("told_at", Instant),  # when a mail told the buyer that it went by Peppol
    CheckConstraint("state IN ('open','unknown','accepted','delivered','failed')", name="state"),
    partial_index("ix_transmissions_next_at", "shop_id", "next_at", where="next_at IS NOT NULL"),
    Index("ix_transmissions_shop_sent", "shop_id", "sent_at"),
)

# What access points answered: whether a buyer can receive, what they took, what became of it. The proof of how a document went.
peppol_answers = Table(
    "peppol_answers",
    metadata,
    Column("answer_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("document_id", ForeignKey("documents.document_id")),
    Column("provider", String(40), nullable=False),
    Column("about", String(12), nullable=False),  # lookup | sent | status
    Column("address", String(60), nullable=False),
    Column("kind", String(24), nullable=False),  # of document: a buyer may take invoices and no credit notes
    Column("verdict", String(12), nullable=False),  # yes | no | unclear | accepted | delivered | failed
    Column("asked_at", Instant, nullable=False),
    Column("answer", Text, nullable=False),  # as it came
    Column("answer_sha256", String(64), nullable=False),
    Index("ix_peppol_answers_address", "shop_id", "address", "kind", "asked_at"),
    partial_index("ix_peppol_answers_document", "document_id", where="document_id IS NOT NULL"),
)

# Only of documents whose links were ever revoked.
document_links = Table(
    "document_links",
    metadata,
    Column("document_id", ForeignKey("documents.document_id"), primary_key=True),
    Column("revoked_at", Instant, nullable=False),
    Column("renewed_at", Instant),  # links made from then on open the document again
    Index("ix_document_links_revoked_at", "revoked_at"),
    Index("ix_document_links_renewed_at", "renewed_at"),
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

# What happened and who did it: in orders and shops, and at the door (signing in, inviting, suspending).
audit_trail = Table(
    "audit_trail",
    metadata,
    Column("entry_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id")),  # None: about no one shop
    Column("order_id", BigInteger),
    Column("document_id", BigInteger),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("code", String(60), nullable=False),
    Column("message", MessageText, nullable=False),
    Column("address", String(45), nullable=False, server_default=""),  # the network address of who signed in, invited …
    Index("ix_audit_trail_shop_order", "shop_id", "order_id"),
    Index("ix_audit_trail_shop_at", "shop_id", "at", "entry_id"),
    # With what tells signing in and the like from what happened in the shop: so many are counted, and their rows are anywhere.
    Index("ix_audit_trail_shop_entry", "shop_id", "entry_id", "code"),
    # After ix_audit_trail_shop_entry by name and so in the migration: SQLite takes the later one of two that seem equal.
    partial_index("ix_audit_trail_users", "entry_id", where=ACCESS),
    partial_index("ix_audit_trail_shop_users", "shop_id", "entry_id", where=ACCESS),
)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("code", String(60), nullable=False),
    Column("message", MessageText, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
    Column("closed_at", Instant),
    Column("news_at", Instant),  # when it last said something new after it was opened
    Column("notified_at", Instant),  # a person was last mailed about it; kept, as it also says when the last mail left
    Column("told_at", Instant),  # every channel of the shop is owed it
    partial_index("uq_alerts_open", "shop_id", "code", where="closed_at IS NULL", unique=True),
)

# Where people hear of alerts besides by mail. What each is owed stays on its row until the address took it.
channels = Table(
    "channels",
    metadata,
    Column("channel_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("user_id", ForeignKey("users.user_id")),  # None: the shop's own
    Column("kind", String(12), nullable=False),  # webhook | ntfy | slack
    Column("url", Encrypted, nullable=False),  # who knows it may write there
    Column("secret", Encrypted, nullable=False),  # signs the calls of a webhook
    Column("threshold", Integer, nullable=False),  # the least harm that is told: domain.attention.Harm
    Column("owed", Text, nullable=False, server_default="[]"),  # JSON: ids of alerts
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("failing_since", Instant),
    Column("next_at", Instant, nullable=False),
    Column("message", MessageText, nullable=False, server_default=""),  # why it was not taken
    Column("told_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    CheckConstraint("kind IN ('webhook','ntfy','slack')", name="kind"),
    Index("ix_channels_shop", "shop_id"),
)

# What a person dismissed, or wants to hear of again on a day: an alert, a draft, an order's flag, failed work, for what is wrong now.
set_aside = Table(
    "set_aside",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("source", String(12), primary_key=True),  # alert | bank | draft | flag | work
    Column("item_id", BigInteger, primary_key=True),
    Column("code", String(60), primary_key=True),
    Column("until", Instant),  # None: for good
    Column("set_at", Instant, nullable=False),
    CheckConstraint("source IN ('alert','bank','draft','flag','work')", name="source"),
)

reports = Table(
    "reports",
    metadata,
    Column("report_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id")),  # None: about all shops
    Column("name", String(40), nullable=False),  # reconcile:2026-11, digest, refunds …
    Column("created_at", Instant, nullable=False),
    Column("content", Text, nullable=False),  # JSON
    Index("ix_reports_shop_name", "shop_id", "name", "created_at"),
)

# What a person asked for, and what came of it; its job says how far it is.
tasks = Table(
    "tasks",
    metadata,
    Column("task_id", ForeignKey("jobs.job_id"), primary_key=True, autoincrement=False),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("kind", String(40), nullable=False),  # preview, test_mail, check, credit …
    Column("argument", Text, nullable=False),  # JSON
    Column("requested_by", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("answer", Text, nullable=False, server_default=""),  # JSON
    Index("ix_tasks_shop_kind", "shop_id", "kind", "requested_at", "task_id"),
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
    # Nothing of the code is stored by which anybody could use it: a hash to find it by, and what it signs with, encrypted.
    Column("code_hash", String(64), primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("signing_key", Encrypted, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

plugins = Table(
    "plugins",
    metadata,
    Column("plugin_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False, unique=True),
    Column("secret", Encrypted, nullable=False),  # both sides sign with it
    Column("site", Text, nullable=False),
    Column("version", String(40), nullable=False),
    Column("facts", Text, nullable=False, server_default="{}"),  # JSON: what the shop said when it connected
    Column("connected_at", Instant, nullable=False),
    Column("heartbeat_at", Instant),
    Column("last_report", Text, nullable=False, server_default="{}"),  # JSON: what the last heartbeat said
    Column("check_state", String(12), nullable=False),  # waiting | done | failed
    Column("check_code", String(60), nullable=False, server_default=""),
    Column("check_message", MessageText, nullable=False, server_default=""),
    Column("checked_at", Instant),
    Column("last_response_at", Instant),  # the plugin last answered a call of ours
    # Documents up to this id are in the shop.
    Column("synced_document_id", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("check_state IN ('waiting','done','failed')", name="check_state"),
)

# Of the plugins' signed requests, so that none is done twice.
plugin_nonces = Table(
    "plugin_nonces",
    metadata,
    Column("shop_id", String(40), primary_key=True),
    Column("nonce", String(64), primary_key=True),
    Column("seen_at", Instant, nullable=False),
    Index("ix_plugin_nonces_seen_at", "seen_at"),
)

# Mails of WooCommerce's own that left in the place of documents of ours, as a plugin told when it went; kept for a day.
own_mails = Table(
    "own_mails",
    metadata,
    Column("shop_id", String(40), primary_key=True),
    Column("order_id", BigInteger, primary_key=True),
    Column("refund_id", BigInteger, primary_key=True),  # 0: the mail is about the sale
    Column("kind", String(24), primary_key=True),  # of the document
    Column("left_at", Instant, nullable=False),
    Index("ix_own_mails_left_at", "left_at"),
)

users = Table(
    "users",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),  # in lower case
    Column("name", Text, nullable=False),
    Column("password", Encrypted, nullable=False),  # werkzeug's hash (scrypt)
    Column("language", String(8), nullable=False),
    Column("operator", Boolean, nullable=False),  # sees all shops
    Column("totp", Encrypted, nullable=False, server_default=""),  # empty: no second factor
    Column("totp_step", BigInteger, nullable=False, server_default="0"),  # the last code used: each works once
    # JSON: hashes of codes that replace the second factor.
    Column("recovery", Text, nullable=False, server_default="[]"),
    Column("created_at", Instant, nullable=False),
    Column("signed_in_at", Instant),
    Column("suspended_at", Instant),
)

memberships = Table(
    "memberships",
    metadata,
    Column("user_id", ForeignKey("users.user_id"), primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("role", String(12), nullable=False),  # admin | viewer
    Column("place", Integer, nullable=False),  # 1 is who came into the shop first, whatever the role
    CheckConstraint("role IN ('admin','viewer')", name="role"),
    Index("ix_memberships_shop", "shop_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.user_id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("agent", Text, nullable=False),
    Index("ix_sessions_user", "user_id"),
)

# One-time links: the first set-up, an invitation, a forgotten password.
one_time_links = Table(
    "one_time_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("purpose", String(12), nullable=False),  # setup | invite | password
    Column("email", String(254), nullable=False),
    Column("shop_id", ForeignKey("shops.shop_id")),
    Column("role", String(12), nullable=False),  # operator | admin | viewer
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    CheckConstraint("purpose IN ('setup','invite','password')", name="purpose"),
    CheckConstraint("role IN ('operator','admin','viewer')", name="role"),
)

# Mails about accounts and senders that have not left yet. No secret is in *argument*: a link is made when the mail leaves.
account_mails = Table(
    "account_mails",
    metadata,
    Column("mail_id", Id, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("email", String(254), nullable=False),
    Column("language", String(8), nullable=False),
    Column("argument", Text, nullable=False),  # JSON
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Index("ix_account_mails_next_at", "next_at"),
)

# From which addresses a shop may write by the operator's mail server.
proved_senders = Table(
    "proved_senders",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("address", String(254), primary_key=True),  # in lower case
    Column("proved_by", Text, nullable=False),
    Column("proved_at", Instant, nullable=False),
)

# How many mails of a shop left by the operator's server on a day (UTC).
mail_counts = Table(
    "mail_counts",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("mails", Integer, nullable=False),
)

# How often something was tried (a sign-in by address or by mail address) since *began_at*.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("began_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),  # separated by spaces: documents orders webhooks
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    Index("ix_api_tokens_shop", "shop_id"),
)

# Outgoing webhooks: which addresses a shop has its events sent to.
webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("endpoint_id", Id, primary_key=True),
    Column("shop_id", ForeignKey("shops.shop_id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Encrypted, nullable=False),
    Column("events", Text, nullable=False),  # separated by spaces: document.issued document.paid document.credited
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("stopped_at", Instant),  # by a person, or by itself after a day of failures
    Column("stop_message", MessageText, nullable=False, server_default=""),
    Index("ix_webhook_endpoints_shop", "shop_id"),
)

# What happened in each hour, per shop and for all ('' as the shop), so that no page counts a month of rows.
hourly_stats = Table(
    "hourly_stats",
    metadata,
    Column("shop_id", String(40), primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("documents", Integer, nullable=False),
    Column("mails", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("latency_ms", Integer),  # median from what came in to the mail that left; None: nothing was mailed
)

# What invoices and credit notes of each day sold, and took back, at each rate: added to where a document is stored, so that a journal
# reads days and no documents. The fields are those of domain.sold.JournalRow.
daily_sales = Table(
    "daily_sales",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("issued_on", Date, primary_key=True),
    Column("tax_month", Date, primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("country", Text, primary_key=True),
    Column("vat_country", Text, primary_key=True),
    Column("category", Text, primary_key=True),
    Column("rate", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("documents", Integer, nullable=False),
    Column("base", Amount, nullable=False),
    Column("vat", Amount, nullable=False),
    Column("base_eur", Amount),  # None: a document in another currency had no exchange rate
    Column("vat_eur", Amount),
)

# All of a day, of each kind and currency.
daily_totals = Table(
    "daily_totals",
    metadata,
    Column("shop_id", ForeignKey("shops.shop_id"), primary_key=True),
    Column("issued_on", Date, primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("documents", Integer, nullable=False),
    Column("net", Amount, nullable=False),
    Column("vat", Amount, nullable=False),
    Column("rounding", Amount, nullable=False),
    Column("total", Amount, nullable=False),
)

# What was counted whole lately: how many rows there were up to a place in their order. What came since is counted when it is asked.
whole_counts = Table(
    "whole_counts",
    metadata,
    Column("shop_id", String(40), primary_key=True),  # empty: of all shops
    Column("name", String(12), primary_key=True),  # documents | jobs | series | register
    Column("label", String(80), primary_key=True),  # a kind; a kind, name and state; a series and period
    Column("number", BigInteger, nullable=False),
    Column("up_to", BigInteger, nullable=False),  # an id, a number, a position; of jobs: seconds of the epoch
    Column("counted_at", Instant, nullable=False),
)
