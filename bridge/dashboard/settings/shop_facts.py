"""What the shop said of itself when its plugin connected, as lines of the page of the connection."""

from collections.abc import Iterator

from babel import Locale

from bridge.dashboard.labels import setting_name
from bridge.i18n.translate import _, translator
from worker.domain.payment_method import Means, known_method
from worker.domain.shop_facts import ShopFacts
from worker.store.plugins import Plugin


def facts_of(plugin: Plugin | None) -> list[tuple[str, str]]:
    """Label and value of each; nothing where no plugin is connected, or one that tells nothing."""
    return list(lines(plugin.facts)) if plugin is not None and plugin.facts != ShopFacts() else []


def lines(facts: ShopFacts) -> Iterator[tuple[str, str]]:
    locale = Locale.parse(translator().language)
    for name, value in facts.taken.items():
        shown = locale.territories.get(value, value) if name == "seller.address.country" else value
        yield setting_name(name), str(shown)
    if facts.currency:
        yield _("Currency"), facts.currency
    if facts.languages:
        yield _("Languages of the shop"), ", ".join(language_name(code, locale) for code in facts.languages)
    yield _("Prices in the shop"), prices(charges_vat=facts.charges_vat, with_vat=facts.prices_with_vat)
    for method in facts.payment_methods:
        yield method.title or method.method, how_it_is_paid(method.method, method.title)


def language_name(code: str, locale: Locale) -> str:
    """`nl_BE` and `nl_NL_formal` by their language, in the reader's own."""
    language = code.replace("-", "_").partition("_")[0]
    return str(locale.languages.get(language, code))


def prices(*, charges_vat: bool, with_vat: bool) -> str:
    if not charges_vat:
        return _("the shop charges no VAT")
    return _("entered with VAT") if with_vat else _("entered without VAT")


def how_it_is_paid(method_id: str, title: str) -> str:
    """What documents say of a payment method while the money has not come; the page of payments can say otherwise."""
    method = known_method(method_id, title)
    if method is None:
        return _("not known here: documents go by what the shop says of the order")
    if method.on_account:
        return _("on account: invoiced, then paid by transfer")
    return {
        Means.TRANSFER: _("by transfer: documents show account and reference"),
        Means.ON_DELIVERY: _("on delivery"),
        Means.PROVIDER_TRANSFER: _("by transfer to {provider}", provider=method.provider),
        Means.ONLINE: _("online"),
    }[method.means]
