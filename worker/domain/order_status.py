"""The statuses of an order: WooCommerce's own, and what they mean for its documents."""

from worker.message import Message

DELETED = "deleted"  # for good, past the bin: WooCommerce has no word for it
GONE = Message("The shop no longer has this order; nothing is made for it.")
DISCARDED = Message("Its draft was discarded.")
DRAFT_STATUSES = ("checkout-draft", "auto-draft")
OVER_STATUSES = ("cancelled", "failed", "refunded")
CREATED_STATUSES = ("on-hold", "processing", "completed")
# In which any status of the shop's own may still come.
EARLY_STATUSES = (*DRAFT_STATUSES, "trash", "pending", "on-hold", "processing")

# WooCommerce's own statuses; those of plugins are shown as they are.
_STATUS_TERMS = {
    "pending": Message("pending"),
    "on-hold": Message("on-hold"),
    "processing": Message("processing"),
    "completed": Message("completed"),
    "cancelled": Message("cancelled"),
    "refunded": Message("refunded"),
    "failed": Message("payment failed"),
}


def status_term(status: str) -> str | Message:
    return _STATUS_TERMS.get(status, status)
