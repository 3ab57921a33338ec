"""The plugin's judge of held mails (HoldRules.php) in Python, so that the rules of both sides meet the same cases."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from worker.domain.document import Kind
from worker.domain.mail_holds import ON_HOLD, ON_HOLD_RENEWAL, REFUNDS, RENEWAL_INVOICE, HoldCondition, HoldRules
from worker.domain.rules import BuyerFilter

# The documents that say how to pay. Only a bank transfer: what other methods tell the shopper, we do not know.
PAYABLE = (Kind.INVOICE, Kind.ORDER_CONFIRMATION, Kind.PAYMENT_REQUEST)
TRANSFER = "bacs"
# The mails that say how to pay, and for which methods ours do: a renewal by hand has none yet, and is paid by transfer or its link.
METHODS = {ON_HOLD: (TRANSFER,), ON_HOLD_RENEWAL: (TRANSFER,), RENEWAL_INVOICE: ("", TRANSFER)}


@dataclass(frozen=True)
class OrderFacts:
    """What the plugin can see of an order when WooCommerce is about to write *mail*. *made*: kinds that exist or are on their way."""

    mail: str
    paid: bool
    method: str
    business: bool
    country: str
    total: Decimal
    placed_at: datetime
    downloads: bool = False
    made: tuple[Kind, ...] = ()


def kinds_mailed(rules: HoldRules, facts: OrderFacts) -> tuple[Kind, ...]:
    """The documents that will be mailed in place of this mail; none: WooCommerce's own goes its way."""
    found = rules.mails.get(facts.mail, ())
    if facts.downloads or facts.placed_at < rules.since:
        return ()
    if facts.mail in REFUNDS:
        # A credit note corrects an invoice; without one the refund makes no document.
        return tuple(condition.kind for condition in found) if Kind.INVOICE in facts.made else ()
    if facts.mail in METHODS and facts.paid:
        # Its money was taken back: the invoice waits for a person.
        found = tuple(condition for condition in found if condition.kind is not Kind.INVOICE)
    kinds = dict.fromkeys(c.kind for c in found if c.kind not in facts.made and fits(c, facts))
    if Kind.INVOICE in kinds or Kind.INVOICE in facts.made or (facts.mail in METHODS and facts.paid):
        kinds.pop(Kind.PAYMENT_REQUEST, None)  # made only where no invoice asks for the money
    if facts.mail in METHODS and not tells_how_to_pay(rules, facts, tuple(kinds)):
        return ()
    return tuple(kinds)


def tells_how_to_pay(rules: HoldRules, facts: OrderFacts, kinds: tuple[Kind, ...]) -> bool:
    return facts.method in METHODS[facts.mail] and rules.transfers and any(kind in PAYABLE for kind in kinds)


def fits(condition: HoldCondition, facts: OrderFacts) -> bool:
    return (
        (facts.paid or not condition.needs_paid)
        and (condition.buyer is BuyerFilter.EVERYONE or (condition.buyer is BuyerFilter.BUSINESS) == facts.business)
        and (not condition.methods or facts.method in condition.methods)
        and (not condition.countries or facts.country in condition.countries)
        and (condition.minimum is None or facts.total >= condition.minimum)
    )
