"""What the mail to a customer says for each kind, paid or not, in each language: subject, text, and what the HTML shows."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email.message import EmailMessage
from html import unescape
from pathlib import Path

import pytest

from worker.domain.document import Document, Kind, PaymentInstructions
from worker.domain.order_payment import in_test
from worker.domain.payment import Prepayment
from worker.domain.payment_method import Means
from worker.domain.payment_reference import creditor_reference
from worker.domain.shop import MailSettings
from worker.i18n import LANGUAGES
from worker.mail.customer_mail import Ways, compose
from worker.rendering.samples import SHOP, UNPAID, of_kind

FOLDER = Path(__file__).parent / "mails"


def mail_of(*documents: Document) -> EmailMessage:
    return compose(
        replace(SHOP, mail=MailSettings("winkel@gist.example")),
        tuple((document, b"%PDF-1.4") for document in documents),
        ways=Ways(lambda document: f"https://facturen.example/d/{document.number}"),
        message_id="<17@facturen.example>",
    )


def in_state(kind: Kind, language: str, *, paid: bool) -> Document:
    document = of_kind(kind, language)
    pay_url = "https://gist.example/pay" if kind is Kind.ORDER_CONFIRMATION else ""
    payment = replace(UNPAID, pay_url=pay_url)
    draft = replace(
        document.draft,
        payment=payment,
        paid_on=date(2026, 11, 21) if paid else None,
        payment_title="Bancontact" if paid else "",
    )
    return replace(document, draft=draft)


def read(mail: EmailMessage) -> str:
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return f"{mail['Subject']}\n{'=' * 40}\n{plain.get_content()}{'=' * 40}\n{seen(html.get_content())}\n"


def seen(html: str) -> str:
    """What a reader of the HTML part sees, a block a line, with where its links lead."""
    body = html.partition("<body")[2].partition(">")[2]
    linked = re.sub(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', r"[\2](\1)", body, flags=re.DOTALL)
    blocks = re.sub(r"</(?:p|td|div)>|<br>", "\n", linked)
    lines = (" ".join(line.split(" ")).strip() for line in unescape(re.sub(r"<[^>]+>", "", blocks)).split("\n"))
    return "\n".join(line for line in lines if line)


WAYS_TO_PAY = {
    "on-delivery": PaymentInstructions(means=Means.ON_DELIVERY),
    "providers-transfer": PaymentInstructions(means=Means.PROVIDER_TRANSFER, provider="Mollie"),
    "online": PaymentInstructions(means=Means.ONLINE, pay_url="https://gist.example/pay"),
    "abroad": replace(UNPAID, reference=creditor_reference(UNPAID.reference)),
    "test": in_test(UNPAID),
    "gift-card": UNPAID,
}
EXAMPLES = {
    f"{kind}-{'paid' if paid else 'unpaid'}-{language}": (kind, paid, language)
    for kind in Kind
    for paid in (False, True)
    for language in LANGUAGES
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_mail_says_what_it_said_before(name: str, update_golden: bool) -> None:
    kind, paid, language = EXAMPLES[name]

    compared(name, read(mail_of(in_state(kind, language, paid=paid))), update_golden=update_golden)


@pytest.mark.parametrize("way", WAYS_TO_PAY)
@pytest.mark.parametrize("language", ["nl", "fr"])
def test_a_mail_says_how_to_pay_in_each_way(way: str, language: str, update_golden: bool) -> None:
    invoice = of_kind(Kind.INVOICE, language)
    cards = (Prepayment(Decimal("10.00"), code="…5678"),) if way == "gift-card" else ()
    draft = replace(invoice.draft, payment=WAYS_TO_PAY[way], test=way == "test", prepaid=cards)

    compared(f"pay-{way}-{language}", read(mail_of(replace(invoice, draft=draft))), update_golden=update_golden)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_with_several_documents_says_what_it_said_before(language: str, update_golden: bool) -> None:
    mail_group = (in_state(kind, language, paid=True) for kind in (Kind.INVOICE, Kind.DELIVERY_NOTE))

    compared(f"several-{language}", read(mail_of(*mail_group)), update_golden=update_golden)


def compared(name: str, text: str, *, update_golden: bool) -> None:
    golden = FOLDER / f"{name}.txt"
    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
