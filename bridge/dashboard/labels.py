"""The words for what became of orders and documents."""

import re
from collections.abc import Mapping, Sequence

from flask import g
from markupsafe import Markup

from bridge.accounts.access import shop
from bridge.context import context
from bridge.i18n.translate import _, kind_name, translate_message, translator
from worker.domain.document import Category, Draft, Kind
from worker.domain.order_status import DELETED
from worker.domain.rule_conditions import ORDER_KIND_TERMS
from worker.domain.rule_words import rule_in_words
from worker.domain.rules import OrderKind, Rule
from worker.domain.setting_names import CHOICES, SETTING_NAMES, UNTAXED
from worker.domain.step import STEPS
from worker.domain.vat_cases import CATEGORY_TERMS
from worker.message import Message
from worker.store import order_statuses

Options = Sequence[tuple[str, str]]
# A number of a document within a sentence: F2026-00001. A browser would break the line at its hyphen.
NUMBER = re.compile(r"(?<![\w/@.-])\w[\w-]{0,20}-\d{1,12}(?![\w@-])")


def unbroken(sentence: str) -> Markup:
    """A sentence whose numbers of documents each stay on one line."""
    pieces, at = [], 0
    for found in NUMBER.finditer(sentence):
        pieces += [Markup.escape(sentence[at : found.start()]), Markup('<span class="keep">{}</span>').format(found[0])]
        at = found.end()
    return Markup("").join([*pieces, Markup.escape(sentence[at:])])


def setting_name(name: str) -> str:
    """What a setting of `settings_form.FIELDS` is called."""
    return translate_message(SETTING_NAMES[name])


def setting_choices(name: str) -> Options:
    """What may be chosen of a setting, each by what is stored."""
    return in_words(CHOICES[name])


def in_words(choices: Mapping[str, Message | str]) -> Options:
    return tuple(
        (str(key), word if isinstance(word, str) else translate_message(word)) for key, word in choices.items()
    )


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
        "webhook": _("from the shop"),
        "other_site": _("from another address"),
        "poll": _("looked up in the shop"),
        "person": _("by hand"),
        "plugin": _("from the plugin"),
        "vies": _("after an answer of VIES"),
        "refunds": _("looked up in the shop"),
        "reconcile": _("found when a month was compared"),
        "backfill": _("invoiced afterwards"),
    }.get(source, source)


def topic_name(topic: str) -> str:
    """What the shop reports, by the topic of its webhook; one of another program as it is."""
    return {
        "order.created": _("order placed"),
        "order.updated": _("order changed"),
        "order.deleted": _("order deleted"),
        "order.restored": _("order taken out of the bin"),
    }.get(topic, topic)


def actor_name(actor: str) -> str:
    """Who did something: a person by name; what happens by itself is done by Facturelay."""
    return {
        "worker": "Facturelay",
        "scheduler": "Facturelay",
        "facturelay": "Facturelay",
        "restore": "Facturelay",
        "plugin": _("the plugin"),
        "command line": _("the command line"),
        "bank folder": _("the folder of bank files"),
    }.get(actor, actor)


def status_name(status: str) -> str:
    """WooCommerce's own order statuses by their usual names; another by the name that the shop of this page gives it."""
    usual = {
        "pending": _("pending payment"),
        "on-hold": _("on hold"),
        "processing": _("processing"),
        "completed": _("completed"),
        "cancelled": _("cancelled"),
        "refunded": _("refunded"),
        "failed": _("payment failed"),
        "trash": _("in the bin"),
        DELETED: _("deleted in the shop"),
        "checkout-draft": _("unfinished checkout"),
    }
    return usual.get(status) or told_statuses().get(status, status)


def told_statuses() -> Mapping[str, str]:
    """What the shop of this page calls its statuses; read once, and only where one of its own is shown."""
    if "told_statuses" not in g:
        with context().store.read() as connection:
            g.told_statuses = order_statuses.of_shop(connection, shop().shop_id) if "shop" in g else {}
    told: Mapping[str, str] = g.told_statuses
    return told


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


def rounding_label(draft: Draft) -> str:
    """What the difference between the lines and the total is: no cents of rounding where the order does not add up."""
    if any(problem.code == "does_not_add_up" for problem in draft.problems):
        return _("Difference")
    return _("Rounding of the total")


def vat_category(code: str) -> str:
    """What a VAT category means, and the letter of EN 16931 for who knows it. Of VAT as charged the rate says all."""
    if code == Category.STANDARD or code not in list(Category):
        return ""
    return f"{translate_message(CATEGORY_TERMS[Category(code)])} ({code})"


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
        **{str(what): translate_message(words) for what, words in UNTAXED.items()},
    }.get(key, key)


def begun_large(words: str) -> str:
    """*words* as a line begins with them."""
    return words[:1].upper() + words[1:]


def rule_name(rule: str) -> str:
    """A rule or a cause by its stored name: `invoice:paid:send`, `refund:301`, `cancel:F2026-00042`, `credit_note`."""
    name, _colon, rest = rule.partition(":")
    if name in list(Kind) and rest:
        try:
            words = translate_message(rule_in_words(Rule.parse(rule)))
        except ValueError:  # as an older version wrote it
            return kind_name(name)
        return begun_large(words)
    if name == "refund":
        return _("refund {number}", number=rest)
    if name == "cancel":
        return _("cancelling {number}", number=rest)
    return kind_name(name) if name in list(Kind) else rule


def order_kind_name(kind: str) -> str:
    return translate_message(ORDER_KIND_TERMS[OrderKind(kind)]) if kind in list(OrderKind) else kind


def never_changed(kind: Kind | str) -> str:
    """What is said before a document of *kind* is issued: of invoices alone there are credit notes."""
    if kind == Kind.INVOICE:
        return _("An issued document is never changed, only credited.")
    return _("An issued document is never changed.")


def after_discarding() -> str:
    """What is said before drafts are discarded among which may be the credit note of a cancelled order."""
    return _(
        "Where the credit note of a cancelled order is discarded, its invoice stands: the buyer is asked to pay what is open "
        "of it. To take it back after all, credit the invoice on its page."
    )


def kind_within(kind: str) -> str:
    """A kind of document within a sentence: lower case, but German writes its nouns with a capital everywhere."""
    name = kind_name(kind)
    return name if translator().language == "de" else name.lower()
