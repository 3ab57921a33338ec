"""Whatever letters an order is written with: its document is printed, or waits as a draft with a sentence. Never an error."""

from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.demo.orders import an_order, php_json
from worker.domain.document import Draft, Kind, Purpose
from worker.domain.draft import draft_document
from worker.domain.text_limits import is_ordinary
from worker.invoicing.preflight import print_problem
from worker.mail import customer_mail
from worker.rendering import Brand, finished_pdf
from worker.rendering.letters import note_missing, printable
from worker.rendering.samples import SHOP, issued
from worker.woocommerce.payload import parse_order

TODAY = date(2026, 11, 23)
SCRIPTS = "日本語中文繁體한국어ไทยที่น้ำשלוםمرحباभारतবাংলাΕλλάδαПривет🎂👩‍👩‍👧🇧🇪e\u0301x\u0302\u200b\u202e\u0e4f\ufeff"
TEXTS = st.one_of(st.text(max_size=60), st.text(SCRIPTS, max_size=60), st.text("ab \n<&>;'\"%{}", max_size=60))


def draft_of(name: str, company: str, street: str, note: str, article: str) -> Draft:
    order = an_order(id=238, note=note)
    order["billing"] |= {"first_name": name, "company": company, "address_1": street}
    order["line_items"][0]["name"] = article
    purpose = Purpose(Kind.INVOICE, "order:238")
    return draft_document(parse_order(php_json(order)), SHOP, purpose=purpose, today=TODAY)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(name=TEXTS, company=TEXTS, street=TEXTS, note=TEXTS, article=TEXTS)
def test_any_text_is_printed_or_waits_with_a_sentence(
    name: str, company: str, street: str, note: str, article: str
) -> None:
    draft = draft_of(name, company, street, note, article)

    problem = print_problem(draft, Brand(), test=False)
    printed = finished_pdf(issued(draft))

    assert problem is None or (problem.code == "letters_missing" and "238" in str(problem.message))
    assert (printed.pdf[:5], bool(printed.why)) == (b"%PDF-", False)
    assert all(line.description.strip() for line in draft.lines)


@settings(max_examples=60, deadline=None)
@given(name=TEXTS, company=TEXTS)
def test_any_name_makes_a_mail_that_every_server_takes(name: str, company: str) -> None:
    draft = draft_of(name * 20, company * 20, "Kerkstraat 1", "", "Mok")
    shop = replace(SHOP, texts={"mail.subject/invoice/paid/nl": "Voor {customer}: {number}"})
    message = customer_mail.compose(
        shop,
        ((issued(draft), b"%PDF-"),),
        ways=customer_mail.Ways(lambda _: "https://x.test/d/1"),
        message_id="<1@x.test>",
    )

    written = message.as_bytes(policy=policy.SMTP)
    assert max(map(len, written.splitlines())) <= 998
    assert message_from_bytes(written, policy=policy.default)["Subject"] is not None


def test_what_is_called_ordinary_misses_no_letter() -> None:
    """These orders are not printed on trial: each of their letters must be there."""
    ordinary = [chr(code) for code in range(0x20000) if is_ordinary(chr(code))]
    with note_missing() as missing:
        for char in ordinary:
            printable(f"a{char}b")

    assert (missing, len(ordinary) > 900) == (set(), True)


@pytest.mark.parametrize("text", ["日本語", "한국어", "ไทย", "مرحبا", "भारत", "x\u0302"])
def test_what_is_not_is_tried_first(text: str) -> None:
    assert not is_ordinary(text)
