"""What the pages of the dashboard say, in the language of whoever reads them. English is the source; the rest is in `locale/`."""

from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, make_response, render_template, request

from bridge.context import context
from bridge.i18n.phrases import LANGUAGES, TITLES
from worker.domain.document import Kind
from worker.i18n.catalogs import Translator

CATALOG_PACKAGE = "bridge.i18n"
DEFAULT_ZONE = "Europe/Brussels"
LANGUAGE_NAMES = {"nl": "Nederlands", "fr": "Français", "de": "Deutsch", "en": "English"}


def translator() -> Translator:
    """The words of this request's reader: who is signed in chose a language, a stranger's browser asks for one."""
    if "translator" not in g:
        language = g.get("language") or request.accept_languages.best_match(LANGUAGES) or "en"
        g.translator = Translator(language, package=CATALOG_PACKAGE)
    found: Translator = g.translator
    return found


def set_language(language: str) -> None:
    """From here on this request speaks *language*."""
    g.language = language
    g.pop("translator", None)


def _(message: str, **values: object) -> str:
    """Say *message* to the reader, its {placeholders} filled."""
    return translator().gettext(message, **values)


def _n(one: str, many: str, count: int, **values: object) -> str:
    """Say *one* or *many* for *count* things; {count} is filled by itself."""
    return translator().ngettext(one, many, count, **values)


def zone() -> ZoneInfo:
    """The zone in which this request's instants are written: the shop's, or Brussels."""
    shop = g.get("shop")
    return shop.zoneinfo if shop else ZoneInfo(DEFAULT_ZONE)


def format_datetime(at: datetime | None) -> str:
    """An instant as lists show it, in the reader's zone; nothing for none."""
    today = context().now().astimezone(zone()).date()
    return translator().short_datetime(at.astimezone(zone()), today=today) if at else ""


def format_datetime_exact(at: datetime | None) -> str:
    """An instant to the second."""
    return translator().exact_datetime(at.astimezone(zone())) if at else ""


def format_date(on: date | None) -> str:
    """A date as lists show it."""
    return translator().short_date(on) if on else ""


def format_amount(value: Decimal | str, currency: str = "EUR") -> str:
    """Money as the reader writes it, a worker's answer's too, which tells it in digits; a negative zero is nothing."""
    return translator().amount(Decimal(value) + 0, currency)


def kind_name(kind: str) -> str:
    """What a kind of document is called; drafts and rules have kinds too."""
    return TITLES[translator().language][Kind(kind)]


def dashboard_message_page(status: HTTPStatus, title: str, message: str, *, code: str = "") -> Response:
    """A page with one sentence. *code* is for support."""
    return make_response(render_template("dashboard/message.html", title=title, message=message, code=code), status)


def install_i18n(app: Flask) -> None:
    """Let every template speak."""
    app.jinja_env.globals.update(_=_, _n=_n, translator=translator, language_names=LANGUAGE_NAMES, kind_name=kind_name)
    app.jinja_env.filters.update(
        datetime=format_datetime, exact_datetime=format_datetime_exact, date=format_date, amount=format_amount
    )
    app.jinja_env.add_extension("jinja2.ext.do")
