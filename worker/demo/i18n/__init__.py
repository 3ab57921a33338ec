"""The demo's own words, in the language that a visitor chose or that his browser asks for. What goes out to customers speaks theirs."""

from datetime import datetime, tzinfo
from decimal import Decimal

from flask import Flask, request

from worker.i18n import LANGUAGES, Translator
from worker.i18n.translate import translate
from worker.message import Message

COOKIE = "facturelay_demo_language"
NAMES = {"nl": "Nederlands", "fr": "Français", "de": "Deutsch", "en": "English"}


def in_catalog(message: str) -> str:
    """Mark a message that is translated where it is shown."""
    return message


STATES = {
    "issued": in_catalog("issued"),
    "draft": in_catalog("draft"),
    "none": in_catalog("nothing made"),
    "waiting": in_catalog("waiting"),
    "needs you": in_catalog("needs you"),
}
# As WooCommerce calls them.
STATUSES = {
    "pending": in_catalog("Pending payment"),
    "on-hold": in_catalog("On hold"),
    "processing": in_catalog("Processing"),
    "completed": in_catalog("Completed"),
    "cancelled": in_catalog("Cancelled"),
    "refunded": in_catalog("Refunded"),
    "failed": in_catalog("Failed"),
}
OUTCOMES = {
    "open": in_catalog("open"),
    "paid": in_catalog("paid"),
    "failed": in_catalog("failed"),
    "canceled": in_catalog("cancelled"),
    "expired": in_catalog("expired"),
}


def install(app: Flask) -> None:
    """Give the templates of *app* the words."""
    app.jinja_env.globals.update(
        _=_,
        amount=amount,
        percent=lambda rate: Translator(language()).percent(Decimal(rate)),
        state_name=lambda state: _(STATES[state]),
        status_name=lambda status: _(STATUSES.get(str(status), str(status))),
        outcome_name=lambda outcome: _(OUTCOMES.get(str(outcome), str(outcome))),
        languages=NAMES,
    )
    app.context_processor(lambda: {"language": language()})


def language() -> str:
    """Of the request."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else str(request.accept_languages.best_match(LANGUAGES, "en"))


def _(message: str, **values: object) -> str:
    return Translator(language(), __name__).gettext(message, **values) if message else ""


def amount(value: str | Decimal, currency: str) -> str:
    """Write money; *value* as WooCommerce writes it."""
    return Translator(language()).amount(Decimal(value), currency)


def moment(instant: datetime, zone: tzinfo) -> str:
    """Day first, the time after it; *instant* of *zone*, in whose days today is."""
    return Translator(language()).short_datetime(instant, today=datetime.now(zone).date())


def told(message: Message) -> str:
    """What Facturelay itself says, with its own words."""
    return translate(message, Translator(language()))
