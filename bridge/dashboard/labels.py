"""The words for what became of orders and documents."""

from bridge.i18n.translate import _, kind_name, translate_message, translator
from worker.domain.document import Kind
from worker.domain.rule_conditions import ORDER_KIND_TERMS
from worker.domain.rules import BuyerFilter, OrderKind, Rule
from worker.domain.step import STEPS
from worker.domain.zero_reason import Untaxed


def step_name(name: str) -> str:
    return translate_message(STEPS[name].label) if name in STEPS else name


def state_label(state: str) -> tuple[str, str, str]:
    """A state of work as word, tone and icon."""
    return {
        "waiting": (_("waiting"), "attention", "clock"),
        "running": (_("being done"), "soft", "clock"),
        "done": (_("done"), "good", "tick"),
        "failed": (_("failed"), "refused", "stop"),
        "skipped": (_("not needed"), "soft", "dash"),
        "open": (_("draft"), "attention", "clock"),
        "discarded": (_("discarded"), "soft", "dash"),
    }.get(state, (state, "soft", "dash"))


def source_name(source: str) -> str:
    return {
        "webhook": _("webhook"),
        "poll": _("task"),
        "person": _("by hand"),
        "plugin": _("plugin"),
        "vies": "VIES",
    }.get(source, source)


def status_name(status: str) -> str:
    """WooCommerce's own order statuses by their usual names; a custom one as it is."""
    return {
        "pending": _("pending payment"),
        "on-hold": _("on hold"),
        "processing": _("processing"),
        "completed": _("completed"),
        "cancelled": _("cancelled"),
        "refunded": _("refunded"),
        "failed": _("payment failed"),
        "trash": _("in the bin"),
        "checkout-draft": _("unfinished checkout"),
    }.get(status, status)


def response_name(code: str) -> str:
    """What a buyer answered to an invoice, by its code (UNCL 4343)."""
    return {
        "AB": _("the buyer's system took it in"),
        "IP": _("the buyer is looking at it"),
        "UQ": _("the buyer asks something first"),
        "CA": _("the buyer accepts it under conditions"),
        "RE": _("the buyer rejects it"),
        "AP": _("the buyer accepts it"),
        "PD": _("the buyer says that it is paid"),
    }.get(code, code)


def vat_reason(key: str) -> str:
    """Why a sale is taxed as it is, by the key of its sentence; empty for the seller's own VAT."""
    return {
        "intra_eu": _("goods to a business in another EU country"),
        "reverse_charge": _("service to a business in another EU country"),
        "export": _("goods that leave the EU"),
        "outside_scope": _("service to a customer outside the EU"),
        "outside_scope_beside": _("service to a customer outside the EU"),
        "small_business": _("small business, exempt (franchise)"),
        "co_contractor": _("co-contractor"),
        "eu_institution": _("EU institution"),
        "diplomat": _("diplomat"),
        "oss": _("OSS"),
        **dict(untaxed_words()),
    }.get(key, key)


def untaxed_words() -> tuple[tuple[str, str], ...]:
    """What a thing without VAT may be said to be, and what that means."""
    return (
        (Untaxed.VOUCHER, _("gift voucher for several things: VAT is due when it is spent")),
        (Untaxed.PACKAGING, _("deposit on packaging that comes back")),
        (Untaxed.DISBURSEMENT, _("paid in the customer's name and for his account")),
        (Untaxed.TIP, _("tip or gift for which nothing is owed")),
        (Untaxed.MARGIN, _("second-hand goods under the margin scheme")),
        (Untaxed.EXEMPT, _("exempt by art. 44")),
        (Untaxed.ZERO_RATED, _("taxed at 0 % by law, like newspapers and recovered materials")),
    )


def trigger_name(trigger: str) -> str:
    return {
        "created": _("placed"),
        "paid": _("paid"),
        "processing": _("in processing"),
        "completed": _("completed"),
    }.get(trigger, trigger)


def rule_name(rule: str) -> str:
    """A rule or a cause by its stored name: `invoice:paid:send`, `refund:301`, `cancel:F2026-00042`, `credit_note`."""
    name, _colon, rest = rule.partition(":")
    if name in list(Kind) and rest:
        kind = kind_name(name)
        trigger, _colon, send_mode = rest.partition(":")
        when = _("{kind} when {moment}", kind=kind, moment=trigger_name(trigger))
        mode = _("sent") if send_mode.startswith("send") else _("saved as a draft")
        return ", ".join([f"{when}, {mode}", *condition_names(rule)])
    if name == "refund":
        return _("refund {number}", number=rest)
    if name == "cancel":
        return _("cancelling {number}", number=rest)
    return kind_name(name) if name in list(Kind) else rule


def condition_names(rule: str) -> list[str]:
    """Which orders a rule is for, as far as it says; nothing for one that an older version wrote otherwise."""
    try:
        found = Rule.parse(rule)
    except ValueError:
        return []
    kinds = tuple(map(order_kind_name, found.order_kinds))
    buyer = {BuyerFilter.BUSINESS: _("businesses"), BuyerFilter.CONSUMER: _("consumers")}.get(found.buyer, "")
    named = (
        (_("for"), (buyer,) if buyer else ()),
        (_("country"), found.countries),
        (_("payment method"), found.payment_methods),
        (_("from"), () if found.minimum_total is None else (str(found.minimum_total),)),
        (_("order"), kinds),
        (_("category"), found.categories),
        (_("tax class"), found.tax_classes),
        (_("shipping"), found.shipping_methods),
        (_("coupon"), found.coupons),
    )
    return [f"{name} {' / '.join(values)}" for name, values in named if values]


def order_kind_name(kind: str) -> str:
    return translate_message(ORDER_KIND_TERMS[OrderKind(kind)]) if kind in list(OrderKind) else kind


def kind_within(kind: str) -> str:
    """A kind of document within a sentence: lower case, but German writes its nouns with a capital everywhere."""
    name = kind_name(kind)
    return name if translator().language == "de" else name.lower()
