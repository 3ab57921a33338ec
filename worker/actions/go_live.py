"""From test to live: what must be right before the first real number is given, and what is good to know.

Orders of the time of testing stay tests: going live moves the shop's beginning (`orders.since`) to that moment, so an order
placed before it makes no real document by itself. A person may choose an earlier beginning; an order that has a test document
keeps it, and its credit note is a test too (`invoicing.cores.builtin`), so that no real number ever rests on one that is not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, exists, func, select

from worker.actions import Installation
from worker.domain.access_point import ELSEWHERE
from worker.domain.completeness import missing_of_seller
from worker.domain.document import KIND_TERMS, Kind
from worker.domain.numbering import TEST_SERIES
from worker.domain.online_payment import why_not
from worker.domain.other_invoices import OtherInvoices, OtherMaker, printed_next
from worker.domain.place_of_supply import EU
from worker.domain.shop import Shop, VatRegime
from worker.errors import Rejected
from worker.message import Message, by_count
from worker.store import counters, deliveries, plugins, senders, shops
from worker.store.database.tables import documents, orders


@dataclass(frozen=True)
class ReadinessCheck:
    """One line of the checklist. Only what is *needed* prevents a shop from going live."""

    name: str
    good: bool
    needed: bool
    message: Message


def checklist(
    connection: Connection, shop: Shop, installation: Installation, *, now: datetime
) -> tuple[ReadinessCheck, ...]:
    """What is ready and what is not, for *shop* as it would be live."""
    return (
        seller_check(shop),
        *number_checks(connection, shop, now=now),
        mail_check(connection, shop, installation),
        *online_check(shop),
        *others_checks(connection, shop, now=now),
    )


def first_run_checklist(
    connection: Connection, shop: Shop, installation: Installation, *, now: datetime
) -> tuple[ReadinessCheck, ...]:
    """The checklist, with more for a new shop: that it delivers, what was made while testing, and what must go by Peppol."""
    return (
        *checklist(connection, shop, installation, now=now),
        delivery_check(connection, shop, installation),
        tests_check(connection, shop),
        *oss_check(shop),
        *peppol_check(shop),
    )


def oss_check(shop: Shop) -> tuple[ReadinessCheck, ...]:
    """Whose VAT consumers in other member states pay: nothing assumes it, so the owner reads it before the first real number."""
    country = shop.seller.address.country
    if shop.vat.regime is VatRegime.SMALL_BUSINESS or country not in EU:
        return ()
    if shop.vat.oss and shop.vat.oss_since:
        message = Message(
            "From {day} on consumers in other EU countries pay the VAT of their own country, by the One Stop Shop (OSS).",
            day=shop.vat.oss_since,
        )
    elif shop.vat.oss:
        message = Message(
            "Consumers in other EU countries pay the VAT of their own country, by the One Stop Shop (OSS)."
        )
    else:
        message = Message(
            "Consumers in other EU countries pay the VAT of your own country. If the company declares them in the One Stop Shop "
            "(OSS), say so and since when, under VAT."
        )
    return (ReadinessCheck("oss", good=True, needed=False, message=message),)


def peppol_check(shop: Shop) -> tuple[ReadinessCheck, ...]:
    """What the owner of a Belgian shop must know before a business buys there (art. 53 §2bis VAT code)."""
    if shop.seller.address.country != "BE" or not {Kind.INVOICE} & {rule.kind for rule in shop.rules}:
        return ()
    if shop.peppol.sender == ELSEWHERE:
        message = Message("Businesses in Belgium get their invoices by Peppol, from another system.")
    elif shop.peppol.sender and not shop.peppol.sandbox:
        message = Message("Businesses in Belgium get their invoices by Peppol.")
    else:
        message = Message(
            "Businesses in Belgium must get their invoices by Peppol, and no access point is connected: their invoices wait as drafts. "
            "Connect one, or say that another system sends them, under Peppol."
        )
        return (ReadinessCheck("peppol", good=False, needed=False, message=message),)
    return (ReadinessCheck("peppol", good=True, needed=False, message=message),)


def online_check(shop: Shop) -> tuple[ReadinessCheck, ...]:
    """Whether the button to pay online, where there is one, goes on working."""
    why = why_not(replace(shop, test=False))
    return (ReadinessCheck("mollie", good=False, needed=False, message=why),) if why else ()


def delivery_check(connection: Connection, shop: Shop, installation: Installation) -> ReadinessCheck:
    """Whether orders come in. *connection* is what the shop lacks that is not connected at all."""
    if deliveries.last_delivered_at(connection, shop.shop_id) is not None:
        message = Message("The shop reports each order that comes in.")
        return ReadinessCheck("last_delivery", good=True, needed=False, message=message)
    if not is_connected(connection, shop.shop_id, installation):
        message = Message("The shop is not connected yet.")
        return ReadinessCheck("connection", good=False, needed=False, message=message)
    message = Message("The shop is connected, and no order has come in yet: place a test order.")
    return ReadinessCheck("last_delivery", good=False, needed=False, message=message)


def is_connected(connection: Connection, shop_id: str, installation: Installation) -> bool:
    """By its plugin, or by a REST key that somebody made by hand."""
    has_plugin = plugins.of_shop(connection, installation.encryption, shop_id) is not None
    return has_plugin or shops.get_secrets(connection, installation.encryption, shop_id).has_rest


def others_checks(connection: Connection, shop: Shop, *, now: datetime) -> tuple[ReadinessCheck, ...]:
    """Other plugins of the shop that make invoices too, and how far their numbers are."""
    others, _ = plugins.other_invoices(connection, shop.shop_id)
    return (
        *(other_maker_check(maker, beside=others.beside) for maker in others.making),
        *other_numbers_check(connection, shop, others, now=now),
    )


def other_maker_check(maker: OtherMaker, *, beside: bool) -> ReadinessCheck:
    """That *maker* is still at work. Whoever runs this *beside* it as a test must first say that the test is over."""
    if beside:
        message = Message(
            "You run Facturelay beside {name} as a test. To go live, switch the invoices of {name} off, and untick that choice in "
            "WooCommerce > Settings > Facturelay.",
            name=maker.name,
        )
    elif not maker.known:
        message = Message(
            "{name} is active in the shop and may make invoices of the same orders. Look there, and switch them off before you go live.",
            name=maker.name,
        )
    else:
        message = Message(
            "{name} makes invoices of the same orders: your customers get two for one, and the VAT on both is owed. Switch them off "
            "in WordPress, under {where}.",
            name=maker.name,
            where=maker.where,
        )
    return ReadinessCheck("other_invoices", good=False, needed=beside, message=message)


def other_numbers_check(
    connection: Connection, shop: Shop, others: OtherInvoices, *, now: datetime
) -> tuple[ReadinessCheck, ...]:
    """Whether our first invoice goes on after the other plugin's last; once ours has a number it is too late to ask."""
    maker = others.with_numbers
    if maker is None or maker.numbers is None or has_real_invoice(connection, shop.shop_id):
        return ()
    ours = counters.next_numbers(connection, shop, today=shop.day_of(now))[Kind.INVOICE]
    year = now.astimezone(shop.zoneinfo).year
    theirs = printed_next(maker.numbers, shop.numbering.series[Kind.INVOICE], year=year)
    if theirs == ours:
        message = Message("Your invoices go on after those of {name}, with {number}.", name=maker.name, number=theirs)
    else:
        message = Message(
            "The next invoice of {name} is {number}; here it would be {ours}.",
            name=maker.name,
            number=theirs,
            ours=ours,
        )
    return (ReadinessCheck("other_numbers", good=theirs == ours, needed=False, message=message),)


def has_real_invoice(connection: Connection, shop_id: str) -> bool:
    mine = (documents.c.shop_id == shop_id, documents.c.kind == Kind.INVOICE, documents.c.test.is_(False))
    return bool(connection.execute(select(exists().where(*mine))).scalar_one())


def tests_check(connection: Connection, shop: Shop) -> ReadinessCheck:
    mine = (documents.c.shop_id == shop.shop_id, documents.c.series == TEST_SERIES.name, documents.c.test.is_(True))
    made = int(connection.execute(select(func.count()).select_from(documents).where(*mine)).scalar_one())
    if made:
        message = by_count(
            made,
            Message("One test document was made. It stays a test, and its order makes no real document by itself."),
            Message(
                "{count} test documents were made. They stay tests, and their orders make no real documents by themselves.",
                count=made,
            ),
        )
    elif (waiting := waits_for_payment(connection, shop)) is not None:
        message = Message(
            "Order {number} waits for its payment, and its document with it: set it to “Processing” in WooCommerce, as you do when "
            "the money has come.",
            number=waiting,
        )
    else:
        message = Message("No test document was made yet: place a sample order and see what comes of it.")
    return ReadinessCheck("tests", good=bool(made), needed=False, message=message)


def waits_for_payment(connection: Connection, shop: Shop) -> str | None:
    """The number of the newest order since the beginning that is to be paid by bank transfer, or otherwise later."""
    newest = (
        select(orders.c.order_number)
        .where(orders.c.shop_id == shop.shop_id, orders.c.status == "on-hold", orders.c.ordered_at >= shop.orders.since)
        .order_by(orders.c.ordered_at.desc(), orders.c.order_id.desc())
        .limit(1)
    )
    return connection.execute(newest).scalar_one_or_none()


def seller_check(shop: Shop) -> ReadinessCheck:
    missing = missing_of_seller(shop)
    if missing:
        message = Message("The seller's details lack: {missing}. Fill them in first, under Company.", missing=missing)
    elif shop.seller.name == shop.name:
        message = Message("The seller is complete. Its name is that of the shop: check that it is the legal one too.")
    else:
        message = Message("The seller is complete.")
    return ReadinessCheck("seller", good=not missing, needed=True, message=message)


def number_checks(connection: Connection, shop: Shop, *, now: datetime) -> tuple[ReadinessCheck, ...]:
    """The number that comes first, of each kind that the shop makes."""
    made = {rule.kind for rule in shop.rules}
    kinds = [kind for kind in Kind if kind in made or (kind is Kind.CREDIT_NOTE and Kind.INVOICE in made)]
    return tuple(
        ReadinessCheck(
            f"number_{kind}",
            good=True,
            needed=False,
            message=Message("The next {kind} is {number}.", kind=KIND_TERMS[kind], number=number),
        )
        for kind, number in counters.next_numbers(connection, shop, today=shop.day_of(now)).items()
        if kind in kinds
    )


def mail_check(connection: Connection, shop: Shop, installation: Installation) -> ReadinessCheck:
    """Whether mail leaves, and as whom: by the operator's server a shop writes only from an address that was proved."""
    settings = installation.settings
    has_own_server = bool(shops.get_secrets(connection, installation.encryption, shop.shop_id).smtp_url)
    if not (has_own_server or settings.smtp_url):
        message = Message(
            "No mail server is set, so documents are made but not mailed. Fill in the shop's own under Mail."
        )
        return ReadinessCheck("mail", good=False, needed=False, message=message)
    if not (shop.own_sender or settings.mail_from):
        message = Message("No sender is set for mails; give the seller's mail address.")
        return ReadinessCheck("mail", good=False, needed=False, message=message)
    if not has_own_server and shop.own_sender and not senders.is_proved(connection, shop.shop_id, shop.own_sender):
        return unproved_sender(shop.own_sender, instead=settings.mail_address)
    return ReadinessCheck("mail", good=True, needed=False, message=Message("A mail server is set."))


def unproved_sender(address: str, *, instead: str) -> ReadinessCheck:
    if instead:
        message = Message(
            "Nobody has proved yet that {address} is yours, so mail leaves from {other} and answers go to you.",
            address=address,
            other=instead,
        )
    else:
        message = Message("Nobody has proved yet that {address} is yours, so no mail leaves.", address=address)
    return ReadinessCheck("sender", good=False, needed=False, message=message)


def is_ready(checks: Iterable[ReadinessCheck]) -> bool:
    """Whether all that is needed is there."""
    return all(check.good or not check.needed for check in checks)


def make_live(shop: Shop, checks: tuple[ReadinessCheck, ...], *, since: datetime) -> Shop:
    """*shop* gone live, beginning at *since*. Raises Rejected when something needed is missing."""
    for check in checks:
        if check.needed and not check.good:
            raise Rejected(
                "{shop} cannot go live yet. {reason}",
                shop=shop.name,
                reason=check.message,
                code=f"{check.name}_incomplete",
            )
    return replace(shop, test=False).with_orders_since(max(shop.orders.since, since))
