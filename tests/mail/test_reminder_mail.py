"""What a reminder says: every kind, every language, and of a consumer's formal one what the law wants."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email.message import EmailMessage

import pytest

from tests.mail.test_customer_mail import PDF, a_shop, part
from worker.domain.document import Draft
from worker.domain.late_costs import Announcement, LateCosts
from worker.domain.reminder import ReminderKind, ReminderSettings
from worker.domain.shop import MollieSettings
from worker.i18n import LANGUAGES, Translator
from worker.mail.reminder_mail import ReminderMail, ReminderView, compose
from worker.net.mollie_key import Mode
from worker.rendering.samples import BUSINESS, UNPAID, a_draft, issued
from worker.store.reminders import StoredReminder

SENT = date(2026, 12, 17)
TERMS = ReminderSettings(terms="Bij laattijdige betaling vragen wij 20 euro.", terms_since=date(2026, 1, 1))
LINK = "https://facturen.example/d/1"


def a_view(kind: ReminderKind, draft: Draft | None = None, **changes: object) -> ReminderView:
    document = issued(draft or a_draft(payment=UNPAID))
    sent = StoredReminder(1, kind, "gist", SENT, "EUR", Decimal("24.27"), LateCosts(), Announcement(SENT))
    return ReminderView(document, LINK, replace(sent, **changes), sent)  # type: ignore[arg-type]  # fields by name


def a_mail(view: ReminderView, **shop: object) -> EmailMessage:
    return compose(a_shop(**{"reminders": TERMS, **shop}), [view], [PDF], message_id="<1@facturen.example>")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ReminderKind)
@pytest.mark.parametrize("buyer", ["consumer", "business"])
def test_each_reminder_names_the_invoice_and_what_is_open_in_its_customers_language(
    kind: ReminderKind, language: str, buyer: str
) -> None:
    draft = a_draft(payment=UNPAID, language=language)
    draft = (
        replace(draft, buyer=replace(draft.buyer, vat_number=""))
        if buyer == "consumer"
        else replace(draft, buyer=BUSINESS)
    )
    costs = LateCosts(Decimal("40.00"), Decimal("0.31")) if kind is ReminderKind.LAST else LateCosts()
    told = Announcement(SENT, Decimal(20), Decimal("8.00")) if kind is ReminderKind.FORMAL else Announcement(SENT)
    view = a_view(kind, draft, costs=costs, announced=told)
    mail = a_mail(view)
    english = re.compile(r"\b(your|order|please|still|law|terms|reminded)\b", re.IGNORECASE)

    assert view.document.number in mail["Subject"]
    assert mail["Content-Language"] == language
    for text in (part(mail, "plain"), re.sub(r"<style.*?</style>|<[^>]*>", " ", part(mail, "html"), flags=re.DOTALL)):
        assert view.document.number in text
        assert ("64.58" if kind is ReminderKind.LAST else "24.27") in text.replace(",", ".")
        assert "{" not in text
        if language != "en":
            assert not english.search(text), english.search(text)


@pytest.mark.parametrize("kind", ReminderKind)
def test_whoever_is_reminded_may_answer_and_no_program_takes_it_for_advertising(kind: ReminderKind) -> None:
    """No List-Unsubscribe: a debt is not ended by a click, and a person decides what comes after the answer."""
    mail = a_mail(a_view(kind))
    assert re.search(r"antwoord (dan )?op deze mail", part(mail, "plain"), re.IGNORECASE)
    assert (mail["Reply-To"] or mail["From"], mail["Auto-Submitted"]) == (a_shop().seller.email, "auto-generated")
    assert mail["List-Unsubscribe"] is None


def test_a_consumer_reads_all_that_article_xix_2_wants() -> None:
    draft = a_draft(payment=UNPAID)
    view = a_view(ReminderKind.FORMAL, draft, announced=Announcement(SENT, Decimal(20), Decimal(8)))
    said = part(a_mail(view), "plain")
    for wanted in (
        "€ 24,27",  # what is still due
        "€ 20,00", "8%",  # what is asked if it stays unpaid
        draft.seller.name, "ondernemingsnummer 0477.472.701",  # by whom
        draft.lines[0].description, "De vervaldag was",  # what for, and since when
        "14 kalenderdagen", "uiterlijk op 31 december 2026", "gratis",  # until when, free of charge
        TERMS.terms,
    ):  # fmt: skip
        assert wanted in said


def test_nothing_is_said_of_costs_that_are_not_asked() -> None:
    said = part(a_mail(a_view(ReminderKind.FORMAL)), "plain")
    assert "schadevergoeding" not in said
    assert TERMS.terms not in said


def test_the_code_asks_what_the_mail_asks() -> None:
    view = a_view(ReminderKind.LAST, costs=LateCosts(Decimal("20.00"), Decimal("0.31")))
    assert "\nEUR44.58\n" in ReminderMail(a_shop(), Translator("nl"), view).code
    pictures = [one for one in a_mail(view).walk() if one.get_content_type() == "image/png"]
    assert [one["Content-ID"] for one in pictures] == ["<transfer>"]
    assert 'src="cid:transfer"' in part(a_mail(view), "html")


@pytest.mark.parametrize(
    ("mollie", "costs", "button"),
    [
        (MollieSettings(mode=Mode.LIVE), LateCosts(), "Online betalen"),
        (MollieSettings(mode=Mode.LIVE, on_reminders=False), LateCosts(), "Online bekijken"),
        (MollieSettings(), LateCosts(), "Online bekijken"),
        (
            MollieSettings(mode=Mode.LIVE),
            LateCosts(Decimal(20)),
            "Online bekijken",
        ),  # that page asks for the invoice alone
    ],
)
def test_it_is_paid_online_where_the_owner_wants_it_on_reminders(
    mollie: MollieSettings, costs: LateCosts, button: str
) -> None:
    mail = a_mail(a_view(ReminderKind.LAST, costs=costs), mollie=mollie)
    assert f"{button}: {LINK}" in part(mail, "plain")


def test_the_invoice_is_attached() -> None:
    files = [
        (one.get_filename(), one.get_content()) for one in a_mail(a_view(ReminderKind.FRIENDLY)).iter_attachments()
    ]
    assert [content for name, content in files if name] == [PDF]
