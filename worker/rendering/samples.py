"""Sample documents for previews and tests: every kind, four languages, and the awkward ones."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from PIL import Image, ImageDraw

from worker.domain import texts
from worker.domain.document import (
    Captions,
    Category,
    Document,
    Draft,
    Kind,
    Line,
    PaymentInstructions,
    Reference,
    Rounding,
    SendMode,
    VatLine,
)
from worker.domain.exchange_rate import vat_in_euro
from worker.domain.mentions import mention
from worker.domain.money import ZERO, to_cent, total_of
from worker.domain.order_payment import in_test
from worker.domain.party import Address, Buyer, Seller
from worker.domain.payment import Prepayment
from worker.domain.payment_method import Means
from worker.domain.payment_reference import creditor_reference
from worker.domain.shop import OrderSettings, Shop
from worker.i18n import LANGUAGES

SELLER = Seller(
    name="Brouwerij De Gentse Gist",
    legal_form="BV",
    address=Address("Nieuwewandeling 62", "", "9000", "Gent", "", "BE"),
    vat_number="BE0477472701",
    enterprise_number="0477472701",
    register="RPR Gent",
    email="hallo@gentsegist.example",
    phone="+32 9 123 45 67",
    website="www.gentsegist.example",
    iban="BE68539007547034",
    bic="GKCCBEBB",
)
SHOP = Shop(
    "gist", "De Gentse Gist", "https://gist.example", OrderSettings(datetime(2026, 1, 1, tzinfo=UTC)), seller=SELLER
)
CONSUMER = Buyer(
    "Jan Janssens", "", Address("Kerkstraat 12 bus 3", "", "2000", "Antwerpen", "", "BE"), "jan@example.org"
)
BUSINESS = Buyer(
    "Anne-Sophie Delacroix",
    "Épicerie du Sablon SRL",
    Address("Rue de la Régence 17", "Boîte 4", "1000", "Bruxelles", "", "BE"),
    "compta@sablon.example",
    vat_number="BE0403170701",
)
UNPAID = PaymentInstructions(
    "238000001763", "BE68539007547034", "GKCCBEBB", "Brouwerij De Gentse Gist BV", date(2026, 12, 22)
)
SEK_RATE = Decimal("10.95")  # crowns for 1 EUR
NUMBERS = {
    Kind.INVOICE: "F2026-00017",
    Kind.CREDIT_NOTE: "C2026-00003",
    Kind.ORDER_CONFIRMATION: "B2026-00238",
    Kind.PAYMENT_REQUEST: "P2026-00009",
    Kind.DELIVERY_NOTE: "L2026-00112",
}


def a_line(
    description: str = "Gentse Tripel", quantity: str = "6", price: str = "2.479339", rate: str = "21", **more: object
) -> Line:
    """One line, its net worked out; *price* is per piece without VAT."""
    net = to_cent(Decimal(quantity) * Decimal(price))
    line = Line(description, Decimal(quantity), Decimal(price), net, Category.STANDARD, Decimal(rate))
    return replace(line, **more)  # type: ignore[arg-type]  # the fields of a line, by name


def some_lines() -> tuple[Line, ...]:
    return (
        a_line(sku="GT-33-06", details=("Flesje: 33 cl", "Geschenkdoos: ja")),
        a_line("Kookboek “Bier aan tafel”", "1", "23.54", "6", sku="BOEK-7"),
        a_line("Korting NAJAAR10", "1", "-3.00", is_product=False),
        a_line("Verzending met bpost", "1", "4.09", is_product=False),
    )


def a_draft(
    kind: Kind = Kind.INVOICE,
    language: str = "nl",
    lines: tuple[Line, ...] = (),
    *,
    rounding: Decimal = ZERO,
    roundings: tuple[Rounding, ...] = (),
    **more: object,
) -> Draft:
    """A draft whose totals are right; any field can be given."""
    lines = lines or some_lines()
    vat_lines = _vat_lines(lines, roundings)
    net, vat = total_of(v.base for v in vat_lines), total_of(v.vat for v in vat_lines)
    draft = Draft(
        cause=f"order:238:{kind}:1",
        kind=kind,
        send_mode=SendMode.SEND,
        order_id=238,
        order_key="wc_order_example",
        order_number="238",
        ordered_on=date(2026, 11, 20),
        currency="EUR",
        language=language,
        seller=SELLER,
        buyer=CONSUMER,
        lines=lines,
        net=net,
        vat=vat,
        total=net + vat + rounding,
        rounding=rounding,
        roundings=roundings,
        vat_lines=vat_lines,
        captions=texts.captions(SHOP, kind, paid=more.get("paid_on") is not None, language=language),
    )
    return replace(draft, **more)  # type: ignore[arg-type]  # the fields of a draft, by name


def _vat_lines(lines: tuple[Line, ...], roundings: tuple[Rounding, ...]) -> tuple[VatLine, ...]:
    parts = [(line.rate, line.category, line.net) for line in lines]
    parts += [(one.rate, one.category, one.amount) for one in roundings]
    keys = sorted({part[:2] for part in parts})
    found = []
    for rate, category in keys:
        base = total_of(amount for *key, amount in parts if key == [rate, category])
        vat = to_cent(base * rate / 100)
        found.append(VatLine(category, rate, base, vat, base + vat))
    return tuple(found)


def issued(draft: Draft) -> Document:
    return Document(
        document_id=17,
        shop_id="gist",
        series=draft.kind,
        number=NUMBERS[draft.kind],
        sequence=17,
        issued_on=date(2026, 11, 22),
        issued_at=datetime(2026, 11, 22, 10, 40, 12, tzinfo=UTC),
        draft=draft,
    )


def an_invoice(**more: object) -> Document:
    return issued(a_draft(**more))  # type: ignore[arg-type]  # the fields of a draft, by name


def of_kind(kind: Kind, language: str) -> Document:
    """The ordinary document of each kind: what the golden texts are made of."""
    match kind:
        case Kind.INVOICE:
            return issued(a_draft(kind, language, buyer=BUSINESS, payment=UNPAID, customer_note="Bel 3 aub.\nDank je!"))
        case Kind.ORDER_CONFIRMATION:
            return issued(a_draft(kind, language, paid_on=date(2026, 11, 20), payment_title="Bancontact"))
        case Kind.PAYMENT_REQUEST:
            return issued(a_draft(kind, language, payment=UNPAID))
        case Kind.DELIVERY_NOTE:
            ship_to = Address("Korenmarkt 1", "", "9000", "Gent", "", "BE")
            return issued(a_draft(kind, language, ship_to=ship_to, ship_to_name="Piet Peeters"))
        case Kind.CREDIT_NOTE:
            corrects = Reference(11, "F2026-00011", date(2026, 11, 2))
            return issued(
                a_draft(
                    kind,
                    language,
                    (a_line("Gentse Tripel", "2"),),
                    corrects=corrects,
                    reason="2 flesjes gebroken",
                    mentions=(mention("credit_note_be", language=language),),
                )
            )


def ordinary() -> dict[str, Document]:
    """Kind × language, by the name of its golden file."""
    return {f"{kind}-{language}": of_kind(kind, language) for kind in Kind for language in LANGUAGES}


def edge_cases() -> dict[str, Document]:
    """What goes wrong first: many lines, long words, markup, foreign money, no VAT, a test shop."""
    many = tuple(
        a_line(f"Artikel {n}", str(n % 7 + 1), f"{n % 13}.{n % 97:02d}", sku=f"A-{n:04d}") for n in range(1, 61)
    )
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    long_names = replace(
        BUSINESS,
        name="Wolfeschlegelsteinhausenbergerdorff-Vandersteenhuyzenberghe " * 2,
        company=word,
        address=Address(word, "Gebouw " + "C" * 70, "9000", "Sint-Denijs-Westrem " * 4, "", "NL"),
    )
    foreign = a_draft(
        language="en",
        currency="SEK",
        buyer=Buyer("Åsa Öberg", "", Address("Drottninggatan 5", "", "111 51", "Stockholm", "", "SE")),
        exchange_rate=SEK_RATE,
        paid_on=date(2026, 11, 21),
        payment_title="Klarna",
    )
    exempt = tuple(replace(line, category=Category.EXEMPT, rate=ZERO) for line in some_lines())
    roundings = (Rounding(Category.STANDARD, Decimal(21), Decimal("0.02")),)
    return {
        "many-lines": an_invoice(lines=many, payment=UNPAID),
        "long-words": an_invoice(
            lines=(a_line(word * 3, sku=word, details=(word * 2, "kleur: " + "zeer " * 60)), *some_lines()),
            buyer=long_names,
            customer_note=f"{word * 2}\n" + "Graag achterom leveren. " * 20,
            payment=replace(
                UNPAID, pay_url="https://shop.example/afrekenen/order-pay/238/?pay_for_order=true&key=wc_x"
            ),
        ),
        "markup": an_invoice(
            language="fr",
            customer_note="<b>pas gras</b> &amp; <img src='http://127.0.0.1:1/x'>\nProficiat 🎂 ❤️ 日本 – Nguyễn Żółć",
            lines=(a_line("Bière <script>alert(1)</script> & co", details=("<i>taille</i>: 33 cl",)),),
        ),
        "foreign-money": issued(replace(foreign, vat_eur=vat_in_euro(foreign.vat, SEK_RATE))),
        "prices-paid": an_invoice(
            lines=tuple(
                replace(line, gross=Decimal(gross))
                for line, gross in zip(some_lines(), ("18.00", "24.95", "-3.63", "4.95"), strict=True)
            ),
            payment=UNPAID,
        ),
        "small-business": an_invoice(
            lines=exempt,
            vat_lines=(),
            net=total_of(line.net for line in exempt),
            vat=ZERO,
            total=total_of(line.net for line in exempt),
            mentions=(mention("small_business", language="nl"),),
        ),
        "rounded": issued(a_draft(payment=UNPAID, rounding=Decimal("0.01"), roundings=roundings)),
        "own-words": an_invoice(
            payment=UNPAID,
            buyer=replace(CONSUMER, name="<b>Jan</b> {total}"),
            captions=Captions(
                "Beste {buyer}, hierbij {document} {number} van {date}.\nGraag {total} vóór {due} op {iban}.",
                "Met dank,\n\nAn & Piet van {shop} – {seller} {onbekend} 100 %",
                "Algemene voorwaarden. " + "Op al onze verkopen zijn onze voorwaarden van toepassing. " * 40,
                "De Gist {number}",
            ),
        ),
        "on-delivery": an_invoice(payment=PaymentInstructions(means=Means.ON_DELIVERY)),
        "providers-transfer": an_invoice(
            language="fr", payment=PaymentInstructions(means=Means.PROVIDER_TRANSFER, provider="Mollie")
        ),
        "online": an_invoice(
            payment=PaymentInstructions(means=Means.ONLINE, pay_url="https://gist.example/order-pay/238/")
        ),
        "abroad": an_invoice(language="fr", payment=replace(UNPAID, reference=creditor_reference(UNPAID.reference))),
        "gift-card": an_invoice(
            payment=UNPAID,
            prepaid=(Prepayment(Decimal("10.00"), code="…5678"), Prepayment(Decimal("4.27"), name="Winkeltegoed")),
        ),
        "test-shop": an_invoice(language="de", test=True, payment=in_test(UNPAID)),
        "two-languages": two_languages(),
        "right-to-left": right_to_left(),
    }


def samples() -> dict[str, Document]:
    """All of them, by name."""
    return {**ordinary(), "paid": paid(), **edge_cases()}


def paid() -> Document:
    return an_invoice(paid_on=date(2026, 11, 21), payment_title="Bancontact")


def two_languages() -> Document:
    """A Flemish shop's invoice to a business in Liège, with everything that stands on one twice."""
    said = tuple(mention(key, language="nl", second="fr") for key in ("intra_eu", "credit_note_be"))
    return an_invoice(
        buyer=BUSINESS,
        payment=UNPAID,
        customer_note="Livrer par la porte arrière.",
        ship_to=Address("Korenmarkt 1", "", "9000", "Gent", "", "BE"),
        ship_to_name="Piet Peeters",
        purchase_order="PO-4711",
        supplied_on=date(2026, 11, 20),
        second_language="fr",
        mentions=said,
    )


def right_to_left() -> Document:
    """A buyer in Israel and a book in Arabic, among text that runs left to right."""
    buyer = Buyer(
        "יוסי כהן",
        'חברת הספרים (בע"מ) 2000',
        Address("רחוב הרצל 12, דירה 3", "", "6688312", "תל אביב-יפו", "", "IL"),
        "yossi@example.org",
    )
    lines = (
        a_line("חולצה כחולה – XL (100% כותנה)", sku="IL-1", details=("צבע: כחול",)),
        a_line("كتاب الطبخ العربي, 2. oplage", details=("اللون: أزرق غامق",)),
    )
    return an_invoice(
        language="en", buyer=buyer, customer_note="נא להתקשר לפני המסירה, 050-1234567. " * 4 + "\nThanks!", lines=lines
    )


def a_logo() -> bytes:
    """A wide picture with a transparent ground, as shops have them."""
    picture = Image.new("RGBA", (900, 260), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((10, 10, 250, 250), fill=(15, 118, 110, 255))
    pen.rectangle((300, 100, 880, 160), fill=(26, 31, 30, 255))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
