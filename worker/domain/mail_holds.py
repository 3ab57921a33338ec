"""Which of WooCommerce's mails the shop holds back, because a document of ours will be mailed in their place. Pure.

The rules are compiled into a small table that the shop's plugin asks in the customer's own request, so it may ask only for
what the plugin can see there. The plugin judges each mail by them (HoldRules.php; cases: tests/contracts/mail_holds.json).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from worker.domain.completeness import missing_of_seller
from worker.domain.document import Kind, SendMode
from worker.domain.rules import BuyerFilter, OrderKind, Rule, Trigger
from worker.domain.shop import Shop

ON_HOLD = "customer_on_hold_order"
PROCESSING = "customer_processing_order"
COMPLETED = "customer_completed_order"
# What WooCommerce Subscriptions mails of a renewal, in the place of WooCommerce's own mails (read in its source of October 2024:
# class-wc-subscriptions-email.php). The invoice of a renewal asks for the money of one that is paid by hand. Its mail about a
# switch tells what becomes of the subscription, which no document of ours does: that one leaves.
ON_HOLD_RENEWAL = "customer_on_hold_renewal_order"
PROCESSING_RENEWAL = "customer_processing_renewal_order"
COMPLETED_RENEWAL = "customer_completed_renewal_order"
RENEWAL_INVOICE = "customer_renewal_invoice"
RENEWALS = (ON_HOLD_RENEWAL, PROCESSING_RENEWAL, COMPLETED_RENEWAL, RENEWAL_INVOICE)
# Those that tell the customer how to pay; so must the document that goes in their place.
ASKING = (ON_HOLD, ON_HOLD_RENEWAL, RENEWAL_INVOICE)
# A partial refund goes out under a name of its own (docs/woocommerce-contract.md §8).
REFUNDS = ("customer_refunded_order", "customer_partially_refunded_order")

# The triggers that an order has reached when WooCommerce writes this mail. "paid" is checked on the order itself, except where
# completed counts as paid.
REACHED_TRIGGERS = {
    ON_HOLD: (Trigger.CREATED,),
    PROCESSING: (Trigger.CREATED, Trigger.PROCESSING),
    COMPLETED: (Trigger.CREATED, Trigger.PROCESSING, Trigger.COMPLETED, Trigger.PAID),
    RENEWAL_INVOICE: (Trigger.CREATED,),
}
REACHED_TRIGGERS |= {
    ON_HOLD_RENEWAL: REACHED_TRIGGERS[ON_HOLD],
    PROCESSING_RENEWAL: REACHED_TRIGGERS[PROCESSING],
    COMPLETED_RENEWAL: REACHED_TRIGGERS[COMPLETED],
}
DEADLINE_S = 600


@dataclass(frozen=True)
class HoldCondition:
    """A document that is mailed with *kind*, for orders that fit. Empty = all."""

    kind: Kind
    needs_paid: bool = False
    buyer: BuyerFilter = BuyerFilter.EVERYONE
    methods: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    minimum: Decimal | None = None


@dataclass(frozen=True)
class HoldRules:
    """What the plugin applies. *since*: orders placed before it make nothing. An empty *mails* holds nothing."""

    since: datetime
    deadline_s: int = DEADLINE_S
    transfers: bool = False  # the seller's bank account is on our documents
    mails: dict[str, tuple[HoldCondition, ...]] = field(default_factory=dict)


def compile_hold_rules(shop: Shop, *, can_mail: bool) -> HoldRules:
    """The table of *shop*. Where its documents do not reach customers by themselves, it holds nothing."""
    quiet = shop.test or shop.suspended or not can_mail or bool(missing_of_seller(shop))
    mails: dict[str, tuple[HoldCondition, ...]] = {}
    if not quiet:
        sent = [rule for rule in shop.rules if rule.send_mode is SendMode.SEND]
        mails = {mail: hold_conditions(_made_by(mail, sent), reached) for mail, reached in REACHED_TRIGGERS.items()}
        if shop.credit_notes is SendMode.SEND:
            mails |= {mail: (HoldCondition(Kind.CREDIT_NOTE),) for mail in REFUNDS}
    return HoldRules(
        since=shop.orders.since,
        transfers=bool(shop.seller.iban),
        mails={mail: found for mail, found in mails.items() if found},
    )


def is_seen_at_checkout(rule: Rule, mail: str) -> bool:
    """Whether the plugin can judge it. A mail too many is the smaller evil: for the others it holds nothing back.

    Of the kinds of order it sees one: a mail about a renewal is of a renewal.
    """
    knows_kind = not rule.order_kinds or (mail in RENEWALS and OrderKind.RENEWAL in rule.order_kinds)
    return knows_kind and not (rule.categories or rule.tax_classes or rule.shipping_methods or rule.coupons)


def _made_by(mail: str, rules: Sequence[Rule]) -> list[Rule]:
    """Those that the plugin can judge, without those for payment requests once the order is paid or prepared."""
    seen = (rule for rule in rules if is_seen_at_checkout(rule, mail))
    return [rule for rule in seen if rule.kind is not Kind.PAYMENT_REQUEST or mail in ASKING]


def hold_conditions(rules: Sequence[Rule], triggers: tuple[Trigger, ...]) -> tuple[HoldCondition, ...]:
    return tuple(
        HoldCondition(
            kind=rule.kind,
            needs_paid=rule.trigger not in triggers,
            buyer=rule.buyer,
            methods=rule.payment_methods,
            countries=rule.countries,
            minimum=rule.minimum_total,
        )
        for rule in rules
        if rule.trigger in triggers or rule.trigger is Trigger.PAID
    )


def settings_for_plugin(shop: Shop, *, can_mail: bool) -> dict[str, object]:
    """The shop's state for its plugin: by which rules it holds mails, and whether it makes real documents."""
    return {
        "hold_rules": hold_rules_as_json(compile_hold_rules(shop, can_mail=can_mail)),
        "shop": {"name": shop.name, "test": shop.test, "suspended": shop.suspended, "payee": payee_as_json(shop)},
    }


def payee_as_json(shop: Shop) -> dict[str, object] | None:
    """Whom the plugin asks buyers to pay by transfer, under references that begin with *seed*; None where nobody may be asked.

    *earlier*: of orders placed before a second of the epoch, with what they begin, the oldest first.
    """
    if shop.test or not shop.seller.iban:
        return None
    country = shop.seller.address.country
    return {
        "iban": shop.seller.account,
        "name": shop.seller.full_name,
        "country": country,
        "seed": shop.reference_digits,
        "earlier": [[int(one.until.timestamp()), one.digits] for one in shop.earlier_digits],
    }


def hold_rules_as_json(rules: HoldRules) -> dict[str, object]:
    """The table as it travels to the plugin and as the shared cases have it."""
    return {
        "since": int(rules.since.timestamp()),
        "deadline_s": rules.deadline_s,
        "transfers": rules.transfers,
        "mails": {mail: [condition_as_json(one) for one in found] for mail, found in rules.mails.items()},
    }


def condition_as_json(condition: HoldCondition) -> dict[str, object]:
    return {
        "kind": str(condition.kind),
        "needs_paid": condition.needs_paid,
        "buyer": str(condition.buyer),
        "methods": list(condition.methods),
        "countries": list(condition.countries),
        "minimum": None if condition.minimum is None else str(condition.minimum),
    }
