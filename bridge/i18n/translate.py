"""What the pages of the dashboard say, in the language of whoever reads them. English is the source; the rest is in `locale/`."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider
from jinja2 import StrictUndefined

from bridge.context import context, rendered
from worker.domain.days import in_figures, read_day
from worker.domain.document import Kind
from worker.domain.language import LANGUAGE_NAMES
from worker.domain.party import Address
from worker.domain.typed_decimal import with_point
from worker.errors import InvalidValue
from worker.i18n import LANGUAGES, Translator, address, title
from worker.i18n.law import law_reference
from worker.i18n.translate import translate
from worker.message import Message, read_message

CATALOG_PACKAGE = "bridge.i18n"
DEFAULT_ZONE = "Europe/Brussels"
# For who takes any language.
ENGLISH_FIRST = ("en", *(language for language in LANGUAGES if language != "en"))


def translator() -> Translator:
    """The words of this request's reader: who is signed in chose a language, a stranger's browser or program asks for one."""
    if "translator" not in g:
        language = g.get("language") or request.accept_languages.best_match(ENGLISH_FIRST) or "en"
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


def in_catalog(message: str) -> str:
    """*message* as it is, for a table: it comes into the catalogs, and `_` says it later."""
    return message


def plural(one: str, many: str) -> tuple[str, str]:
    """Both as they are, for a table: they come into the catalogs, and `_n` says one of them later."""
    return one, many


def translate_message(message: Message | Mapping[str, Any] | None) -> str:
    """*message* in the reader's language, its instants in the reader's zone; nothing for none.

    A worker's answer has it as JSON, `{"key", "values"}`.
    """
    if not message:
        return ""
    found = message if isinstance(message, Message) else read_message(message)
    return translate(found, Translator(translator().language), zone=zone())


class MessagesAsText(DefaultJSONProvider):
    """JSON in which each message is a text in the reader's language."""

    @staticmethod
    def default(value: Any) -> Any:
        return translate_message(value) if isinstance(value, Message) else DefaultJSONProvider.default(value)


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


def day_pattern() -> str:
    """How the reader writes a day in figures."""
    return _("dd/mm/yyyy")


def day_in_figures(value: object) -> str:
    """A day of ISO 8601, perhaps with a time, as the reader would type it; what else was typed, as it is."""
    return in_figures(str(value), mark=day_pattern()[2])


def decimal_mark() -> str:
    return "." if translator().language == "en" else ","


def writes_comma() -> bool:
    """Whether the reader writes 12,40, so that a spreadsheet of his does too."""
    return decimal_mark() == ","


def decimal_in_figures(value: object) -> str:
    """A decimal number with a point as the reader would type it; what else was typed, as it is."""
    text, mark = str(value), decimal_mark()
    return text.replace(".", mark) if text.replace(".", "", 1).isdecimal() else text


def rates_in_figures(value: object) -> str:
    """Lines such as `USD=1.0831`, with each rate as the reader would type it."""
    parts = (line.partition("=") for line in str(value).splitlines())
    return "\n".join(f"{name}{mark}{decimal_in_figures(rate)}" for name, mark, rate in parts)


def decimal_from_figures(typed: str) -> str:
    """A number as the reader typed it, with a point. Raises InvalidValue for one that may mean two things."""
    return with_point(typed, mark=decimal_mark())


def rates_from_figures(text: str) -> str:
    """Lines such as `USD=1,0831`, each rate with a point as `decimal_from_figures` reads it."""
    parts = (line.partition("=") for line in text.splitlines())
    return "\n".join(f"{name}{mark}{decimal_from_figures(rate)}" for name, mark, rate in parts)


def day_problem(text: str) -> str:
    """What is wrong with the day that was typed; nothing for a day, and for no text."""
    try:
        if text.strip():
            read_day(text)
    except InvalidValue as error:
        return translate_message(error.message)
    return ""


def format_amount(value: Decimal | str, currency: str = "EUR") -> str:
    """Money as the reader writes it, a worker's answer's too, which tells it in digits; a negative zero is nothing."""
    return translator().amount(Decimal(value) + 0, currency)


def kind_name(kind: str) -> str:
    """What a kind of document is called; drafts and rules have kinds too."""
    return title(Kind(kind), Translator(translator().language))


def address_lines(found: Address) -> tuple[str, ...]:
    """An address as on paper, its country always named."""
    return address.address_lines(found, Translator(translator().language), home_country="")


def dashboard_message_page(
    status: HTTPStatus, heading: str, message: str, *, code: str = "", reference: str = ""
) -> Response:
    """A page with one sentence. *code* is for operators; under *reference* the log has what happened."""
    return rendered(
        "dashboard/message.html", status=status, title=heading, message=message, code=code, reference=reference
    )


def refuse_lists(value: object) -> object:
    """What a page writes: never a list in Python's words, where a count or names were meant."""
    if isinstance(value, list | tuple | dict | set | frozenset):
        raise TypeError(f"a page would write a {type(value).__name__}: {value!r:.80}")
    return value


def install_i18n(app: Flask) -> None:
    """Let every template and every JSON answer speak."""
    app.json = MessagesAsText(app)
    app.jinja_env.globals.update(
        _=_,
        _n=_n,
        translate_message=translate_message,
        translator=translator,
        language_names=LANGUAGE_NAMES,
        kind_name=kind_name,
        address_lines=address_lines,
        day_pattern=day_pattern,
        day_problem=day_problem,
    )
    app.jinja_env.filters.update(
        datetime=format_datetime,
        exact_datetime=format_datetime_exact,
        date=format_date,
        day_in_figures=day_in_figures,
        decimal_in_figures=decimal_in_figures,
        rates_in_figures=rates_in_figures,
        amount=format_amount,
        translate_message=translate_message,
        law=lambda article: law_reference(article, Translator(translator().language)),
    )
    # A name that a view forgot is an error, not an empty place on the page.
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.finalize = refuse_lists
    app.jinja_env.add_extension("jinja2.ext.do")
