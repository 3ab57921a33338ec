"""Try a draft before it gets a number: can it be printed, and is the e-invoice that the law asks for valid?

Only where the answer is not known beforehand: our own templates are tried by the tests, and consumers get no e-invoice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from worker.access_points.account import why_none
from worker.branding import brand_of
from worker.domain import peppol
from worker.domain.document import Document, Draft, Problem
from worker.domain.order import Order
from worker.domain.shop import PeppolSettings, Shop
from worker.domain.text_limits import is_ordinary
from worker.errors import Rejected
from worker.message import Message
from worker.rendering import Brand, preview_pdf
from worker.services import Services

MOST_LETTERS = 20  # that a message names


@dataclass
class Preflight:
    """Remembers what it tried: before the shop's lock it may take its time, and inside the lock the answers are there."""

    services: Services
    printed: dict[str, tuple[Draft, Brand, Problem | None]] = field(default_factory=dict)
    checked: dict[str, tuple[Draft, tuple[Problem, ...]]] = field(default_factory=dict)
    connections: dict[PeppolSettings, tuple[Problem, ...]] = field(default_factory=dict)

    def is_needed(self, shop: Shop, order: Order) -> bool:
        """Whether anything of *order* may have to be tried."""
        return (
            self.services.settings.templates is not None
            or (bool(order.vat_number_given) and shop.seller.address.country == "BE")
            or not is_ordinary(order, shop.seller, shop.texts, shop.terms)
        )

    def try_all(self, shop: Shop, drafts: Iterable[Draft]) -> None:
        """Try *drafts* now, before the lock. Raises Unavailable."""
        for draft in drafts:
            self.print_problem(shop, draft)
            self.einvoice_problems(shop, draft)

    def print_problem(self, shop: Shop, draft: Draft) -> Problem | None:
        """Why *draft* cannot be printed, or not with all its letters. The same draft is not printed twice. Raises Unavailable."""
        if self.services.settings.templates is None and is_ordinary(draft):
            return None
        draft, brand = replace(draft, problems=()), brand_of(self.services, shop)
        before = self.printed.get(draft.cause)
        if before is None or before[:2] != (draft, brand):
            before = self.printed[draft.cause] = (draft, brand, print_problem(draft, brand, test=shop.test))
        return before[2]

    def einvoice_problems(self, shop: Shop, draft: Draft) -> tuple[Problem, ...]:
        """Why *draft*, which must go by Peppol, cannot: nobody sends it, or it is no valid e-invoice. The same draft is not checked twice.

        What only asks a person is of no account here: once answered, it is issued.
        """
        if any(not problem.asks for problem in draft.problems) or not peppol.is_required(draft):
            return ()
        draft = replace(draft, problems=())
        before = self.checked.get(draft.cause)
        if before is None or before[0] != draft:
            before = self.checked[draft.cause] = (draft, einvoice_problems(self.numbered(draft)))
        return (*self.connection_problems(shop), *before[1])

    def connection_problems(self, shop: Shop) -> tuple[Problem, ...]:
        """Why nobody sends by Peppol for *shop* yet."""
        if shop.peppol not in self.connections:
            secrets = self.services.connected(shop.shop_id).secrets
            reason = why_none(shop, secrets, self.services.settings)
            self.connections[shop.peppol] = (Problem(peppol.NOT_CONNECTED, reason),) if reason else ()
        return self.connections[shop.peppol]

    def numbered(self, draft: Draft) -> Document:
        """*draft* as if it were issued now."""
        now = self.services.now()
        return Document(0, "", "", "1", 1, now.date(), now, draft)


def print_problem(draft: Draft, brand: Brand, *, test: bool) -> Problem | None:
    try:
        printed = preview_pdf(replace(draft, test=draft.test or test), brand=brand)
    except Rejected as error:
        return Problem(error.code, with_way_out(error))
    if not printed.missing:
        return None
    message = Message(
        "Order {number} is written with letters that no font here has: {letters}. Issued all the same, it shows “?” in their place; "
        "or write them another way in WooCommerce first.",
        number=draft.order_number,
        letters=printed.missing[:MOST_LETTERS],
    )
    return Problem("letters_missing", message, asks=True)


def with_way_out(error: Rejected) -> Message:
    """Why a document cannot be printed, and what its shop can do; a template is for whoever runs the server to mend."""
    if error.code != "cannot_print":
        return error.message
    return Message(
        "{reason} Make its texts shorter in WooCommerce, or issue it with a reason: it is then printed as plain lines of text.",
        reason=error.message,
    )


def einvoice_problems(document: Document) -> tuple[Problem, ...]:
    """Why there is no valid e-invoice of *document*."""
    # Imported here: XML and a thousand rules, for business invoices only.
    from worker.einvoice import rules

    obstacle = peppol.obstacle_of(document.draft)
    if obstacle:
        return (Problem(f"{peppol.FINDING}obstacle", obstacle),)
    return rules.written(document).problems
