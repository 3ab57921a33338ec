"""What the pages of the dashboard say, in the language of whoever reads them. English is the source; the rest is in `locale/`."""

from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, make_response, render_template, request

from bridge.context import parts
from bridge.i18n.phrases import LANGUAGES, TITLES
from worker.domain.document import Kind
from worker.i18n.catalogs import Words

HOME = "bridge.i18n"
DEFAULT_ZONE = "Europe/Brussels"
NAMES = {"nl": "Nederlands", "fr": "Français", "de": "Deutsch", "en": "English"}


def words() -> Words:
    """The words of this request's reader: who is signed in chose a language, a stranger's browser asks for one."""
    if "words" not in g:
        language = g.get("language") or request.accept_languages.best_match(LANGUAGES) or "en"
        g.words = Words(language, home=HOME)
    found: Words = g.words
    return found


def speak(language: str) -> None:
    """From here on this request speaks *language*."""
    g.language = language
    g.pop("words", None)


def _(message: str, **values: object) -> str:
    """Say *message* to the reader, its {placeholders} filled."""
    return words().gettext(message, **values)


def _n(one: str, many: str, count: int, **values: object) -> str:
    """Say *one* or *many* for *count* things; {count} is filled by itself."""
    return words().ngettext(one, many, count, **values)


def zone() -> ZoneInfo:
    """The zone in which this request's instants are written: the shop's, or Brussels."""
    shop = g.get("shop")
    return shop.zoneinfo if shop else ZoneInfo(DEFAULT_ZONE)


def moment(at: datetime | None) -> str:
    """An instant as lists show it, in the reader's zone; nothing for none."""
    today = parts().now().astimezone(zone()).date()
    return words().moment(at.astimezone(zone()), today=today) if at else ""


def exact(at: datetime | None) -> str:
    """An instant to the second."""
    return words().exact(at.astimezone(zone())) if at else ""


def day(on: date | None) -> str:
    """A date as lists show it."""
    return words().short_date(on) if on else ""


def amount(value: Decimal | str, currency: str = "EUR") -> str:
    """Money as the reader writes it, a worker's answer's too, which tells it in digits; a negative zero is nothing."""
    return words().amount(Decimal(value) + 0, currency)


def kind_name(kind: str) -> str:
    """What a kind of document is called; drafts and rules have kinds too."""
    return TITLES[words().language][Kind(kind)]


def say_page(status: HTTPStatus, title: str, sentence: str, *, code: str = "") -> Response:
    """A page with one sentence. *code* is for support."""
    return make_response(render_template("dashboard/message.html", title=title, sentence=sentence, code=code), status)


def teach(app: Flask) -> None:
    """Let every template speak."""
    app.jinja_env.globals.update(_=_, _n=_n, words_of_page=words, language_names=NAMES, kind_name=kind_name)
    app.jinja_env.filters.update(moment=moment, exact=exact, day=day, amount=amount)
    app.jinja_env.add_extension("jinja2.ext.do")
