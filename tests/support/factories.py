"""Orders, shops and documents for tests: each shows only what a test is about; the rest is a plain Belgian sale."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from worker.domain.document import Document, Draft, History, Kind, Purpose, StoredDraft
from worker.domain.draft import draft_document
from worker.domain.money import to_cent
from worker.domain.order import Contact, LineKind, LineTax, Order, OrderLine, Refund, RefundSummary, TaxRate
from worker.domain.party import Address, Seller
from worker.domain.rules import Rule
from worker.domain.shop import OrderSettings, Shop
from worker.domain.vat_check import VatCheck
from worker.domain.vat_number import normalise_vat_number

PLACED_AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
GHENT = Address("Veldstraat 1", "", "9000", "Gent", "", "BE")

A_SELLER = Seller(
    name="De Gentse Gist",
    legal_form="BV",
    address=Address("Nieuwewandeling 62", "", "9000", "Gent", "", "BE"),
    vat_number="BE0477472701",
    enterprise_number="0477472701",
    register="RPR Gent, afdeling Gent",
    iban="BE68539007547034",
    bic="GKCCBEBB",
)


SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def an_address(country: str = "BE", *, postcode: str = "9000", street: str = "Veldstraat 1") -> Address:
    return Address(street, "", postcode, "Gent", "", country)


def a_shop(*rules: str, **more: object) -> Shop:
    """A complete Belgian shop, live since long ago; *rules* as `invoice:paid:send`, none for the default one."""
    shop = Shop("shop", "Gist", "https://shop.example", orders=OrderSettings(SINCE), seller=A_SELLER)
    if rules:
        shop = replace(shop, rules=tuple(Rule.parse(rule) for rule in rules))
    return replace(shop, **more)  # type: ignore[arg-type]  # the fields of a shop, by name


def a_line(
    total: str = "12.40",
    rate: str | None = "21",
    *,
    tax: str | None = None,
    quantity: str = "1",
    name: str = "Koffiemok",
    line_id: int = 1,
    kind: LineKind = LineKind.PRODUCT,
    **more: object,
) -> OrderLine:
    """A line of *total* without tax; its rate id is its rate in hundredths of a percent, its tax is worked out if not given."""
    net = Decimal(total)
    taxes: tuple[LineTax, ...] = ()
    if rate is not None:
        amount = to_cent(net * Decimal(rate) / 100) if tax is None else Decimal(tax)
        taxes = (LineTax(rate_id_of(rate), amount),)
    line = OrderLine(line_id, kind, name, Decimal(quantity), net, net, taxes)
    return replace(line, **more)  # type: ignore[arg-type]  # the fields of a line, by name


def shipping(total: str = "5.95", rate: str | None = "21", *, line_id: int = 90) -> OrderLine:
    return a_line(total, rate, name="Bpost", line_id=line_id, kind=LineKind.SHIPPING)


def rate_id_of(rate: str) -> int:
    return int(Decimal(rate) * 100)


def an_order(
    *lines: OrderLine,
    status: str = "processing",
    paid: bool = False,
    total: str | None = None,
    charged: dict[str, str] | None = None,
    country: str = "BE",
    postcode: str = "9000",
    company: str = "",
    ship_to: Address | None = None,
    refunds: Sequence[Refund] = (),
    **more: object,
) -> Order:
    """An order of *lines* (one mug of 12.40 + 2.60); total and tax per rate add up unless they are given."""
    lines = lines or (a_line(),)
    tax_rates = _tax_rates(lines, charged or {})
    tax = sum((rate.charged for rate in tax_rates), Decimal(0))
    billing = Contact("Jan", "Janssens", company, an_address(country, postcode=postcode), "jan@klant.example")
    order = Order(
        order_id=238,
        order_key="wc_order_abc",
        number="238",
        status=status,
        currency="EUR",
        total=Decimal(total) if total is not None else sum((line.total for line in lines), Decimal(0)) + tax,
        prices_include_tax=False,
        created_at=PLACED_AT,
        modified_at=PLACED_AT,
        paid_at=PLACED_AT if paid else None,
        completed_at=PLACED_AT if status == "completed" else None,
        created_via="checkout",
        payment_method="bacs",
        payment_title="Overschrijving",
        transaction_id="",
        billing=billing,
        shipping=replace(billing, address=ship_to) if ship_to else billing,
        customer_note="",
        lines=lines,
        tax_rates=tax_rates,
        refunds=tuple(RefundSummary(refund.refund_id, refund.amount, refund.reason) for refund in refunds),
    )
    order = replace(order, **more)  # type: ignore[arg-type]  # the fields of an order, by name
    return order if "vat_check" in more else confirmed(order)


def drafted(order: Order, shop: Shop | None = None, kind: Kind = Kind.INVOICE) -> Draft:
    return draft_document(order, shop or a_shop(), today=TODAY, purpose=Purpose(kind, "test"))


def confirmed(order: Order) -> Order:
    """*order* with VIES's word that its VAT number is valid, where it has one that another member state may have given."""
    number, _ = normalise_vat_number(order.vat_number_given, order.billing.address.country)
    if not number:
        return order
    check = VatCheck(number, True, A_SELLER.vat_number, PLACED_AT, "WAPIAAAAZWxhb3Jk")
    return replace(order, vat_check=check)


def a_refund(amount: str, *lines: OrderLine, refund_id: int = 301, reason: str = "") -> Refund:
    """A refund of *amount*; *lines* name by their line_id the order line that they take back."""
    return Refund(refund_id, Decimal(amount), reason, PLACED_AT.replace(day=23, minute=refund_id % 60), lines)


def issued(draft: Draft, *, document_id: int = 1, number: str = "F2026-00001") -> Document:
    """*draft* as it is stored once issued."""
    return Document(document_id, "shop", "invoice", number, document_id, TODAY, PLACED_AT, draft)


def a_history(*documents: Document, kept: Sequence[Draft] = (), discarded: Sequence[Draft] = ()) -> History:
    waiting = [StoredDraft(index, "shop", PLACED_AT, draft) for index, draft in enumerate(kept)]
    thrown = [
        StoredDraft(index, "shop", PLACED_AT, draft, discarded=True) for index, draft in enumerate(discarded, 100)
    ]
    return History(documents, (*waiting, *thrown))


def with_next(history: History, *drafts: Draft) -> History:
    """*history* after *drafts* were issued, in their order."""
    documents = list(history.documents)
    for draft in drafts:
        sequence = len(documents) + 1
        documents.append(issued(draft, document_id=sequence, number=f"N{sequence}"))
    return replace(history, documents=tuple(documents))


def _tax_rates(lines: Sequence[OrderLine], charged: dict[str, str]) -> tuple[TaxRate, ...]:
    amounts: dict[int | str, Decimal] = {}
    for tax in (tax for line in lines for tax in line.taxes):
        amounts[tax.rate_id] = amounts.get(tax.rate_id, Decimal(0)) + tax.amount
    amounts |= {rate_id_of(rate): Decimal(amount) for rate, amount in charged.items()}
    return tuple(
        TaxRate(rate_id, f"BTW {rate_id}", Decimal(rate_id) / 100, compound=False, charged=amount)
        for rate_id, amount in amounts.items()
    )
