"""One language: its translations, and its formats of dates, numbers and money."""

import datetime as dt
import gettext
import re
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision, get_currency_symbol

# The country decides the format of a number; all four put the day first.
LOCALES = {"nl": "nl_BE", "fr": "fr_BE", "de": "de_DE", "en": "en_GB"}
LANGUAGES = tuple(LOCALES)
# Rounded to four decimals it is 0, half to even.
_NOTHING_IN_FOUR = Decimal("0.00005")
# As it is set in print; Unicode's data of our four languages have the hyphen of a keyboard.
_MINUS = str.maketrans("-", "\N{MINUS SIGN}")
_CODE_BEFORE_DIGIT = re.compile(r"(?<=[A-Z])(?=\d)")


@lru_cache(maxsize=1_000)
def _quantity(value: Decimal, language: str) -> str:
    """Kept: each bar of a plot says how many."""
    locale = _locale(language)
    is_little = abs(value) <= _NOTHING_IN_FOUR
    shown = round(value, 9) if is_little else value
    pattern = _with_decimals(locale.decimal_formats[None].pattern, 0, 9 if is_little else 4)
    return format_decimal(_unsigned_zero(shown), format=pattern, locale=locale).translate(_MINUS)


@lru_cache(maxsize=1_000)
def _amount(value: Decimal, currency: str, language: str) -> str:
    """Kept: a mail says three amounts nine times."""
    locale, digits, needed = _locale(language), get_currency_precision(currency), _decimals(value)
    digits = digits if needed <= digits else max(2, needed)
    pattern = _with_decimals(locale.currency_formats["standard"].pattern, digits, digits)
    text = format_currency(_unsigned_zero(value), currency, format=pattern, locale=locale, currency_digits=False)
    return _CODE_BEFORE_DIGIT.sub("\N{NO-BREAK SPACE}", text).translate(_MINUS)


class Translator:
    """Translations and formats of *language* ("nl", "nl-BE", "fr_BE" …); English for anything but Dutch, French and German.

    *package* holds the catalogs in its `locale/`: what customers read, or what the pages say.
    """

    def __init__(self, language: str, package: str = "worker.i18n") -> None:
        base = language[:2].lower()
        self.language = base if base in LOCALES else "en"
        self._locale = _locale(self.language)
        self._catalog = _catalog(self.language, package)

    def gettext(self, message: str, **values: object) -> str:
        """Translate *message* and fill its {placeholders}."""
        return self._catalog.gettext(message).format_map(values)

    def lookup(self, message: str) -> str:
        """Translate *message*, its {placeholders} still in it."""
        return self._catalog.gettext(message)

    def ngettext(self, one: str, many: str, count: int, **values: object) -> str:
        """Translate for *count* things; {count} is filled by itself.

        *one* is said of 1 alone: in French it would be said of 0 as well, and “Un document” of none is wrong.
        """
        said = self._catalog.ngettext(one, many, 1 if count == 1 else 2)
        return said.format_map({"count": self.quantity(Decimal(count)), **values})

    @property
    def colon(self) -> str:
        """The colon after a label; French puts a space before it."""
        return "\N{NARROW NO-BREAK SPACE}:" if self.language == "fr" else ":"

    @property
    def semicolon(self) -> str:
        """Between sentences that became one; French puts a space before it."""
        return "\N{NARROW NO-BREAK SPACE};" if self.language == "fr" else ";"

    def date(self, day: dt.date) -> str:
        """Write 22 November 2026."""
        return format_date(day, f"{self._in_month(day)} MMMM y", locale=self._locale)

    def _in_month(self, day: dt.date) -> str:
        """German writes a day as the number in a row that it is, 22. Nov., and French the first one so: 1er nov."""
        first = self.language == "fr" and day.day == 1
        return "d." if self.language == "de" else "d'er'" if first else "d"

    def short_date(self, day: dt.date) -> str:
        """Write 22 Nov 2026."""
        return format_date(day, f"{self._in_month(day)} MMM y", locale=self._locale)

    def month(self, day: dt.date) -> str:
        """Write November 2026."""
        return format_date(day, "LLLL y", locale=self._locale)

    def quarter(self, day: dt.date) -> str:
        """Write 4th quarter 2026."""
        return format_date(day, "QQQQ y", locale=self._locale)

    def short_datetime(self, local: dt.datetime, *, today: dt.date) -> str:
        """Write an instant that is already in the reader's zone: 11:40 today, 22 Nov 11:40 this year, 22 Nov 2025 before."""
        if local.date() == today:
            return format_time(local.time(), "HH:mm", locale=self._locale)
        pattern = f"{self._in_month(local)} MMM {'HH:mm' if local.year == today.year else 'y'}"
        return format_datetime(local, pattern, locale=self._locale, tzinfo=local.tzinfo)

    def exact_datetime(self, local: dt.datetime) -> str:
        """Write 22 Nov 2026 11:40:07, for stories where the second matters."""
        return format_datetime(
            local, f"{self._in_month(local)} MMM y HH:mm:ss", locale=self._locale, tzinfo=local.tzinfo
        )

    def amount(self, value: Decimal, currency: str) -> str:
        """Write money with its sign. Never rounds: a currency without cents that has them shows them."""
        return _amount(value, currency, self.language)

    def number(self, value: Decimal, currency: str = "EUR") -> str:
        """Write an amount without its currency: with that currency's decimals, or as many as it needs."""
        digits, needed = get_currency_precision(currency), _decimals(value)
        least = digits if needed <= digits else max(2, digits)
        pattern = _with_decimals(self._locale.decimal_formats[None].pattern, least, 9)
        return format_decimal(_unsigned_zero(value), format=pattern, locale=self._locale).translate(_MINUS)

    def quantity(self, value: Decimal) -> str:
        """Write 2, 1.5, 0.125: no more decimals than it has, and four at most; a third of a metre is 0.3333.

        Of so little that four would make it nothing, nine.
        """
        return _quantity(value, self.language)

    def percent(self, value: Decimal) -> str:
        """Write a rate such as 21 or 5.5 with its sign."""
        pattern = _with_decimals(self._locale.percent_formats[None].pattern, 0, 4)
        return format_percent(_unsigned_zero(value / 100), format=pattern, locale=self._locale).translate(_MINUS)

    def currency(self, code: str) -> str:
        """The sign of a currency, or its code where there is none."""
        return str(get_currency_symbol(code, locale=self._locale))

    def country(self, code: str) -> str:
        """The name of a country; a code that nobody knows stays as it is."""
        return str(self._locale.territories.get(code, code))


def preload(package: str = "worker.i18n") -> None:
    """Read the words of every language, and how it writes days and money."""
    for language in LANGUAGES:
        translator = Translator(language, package)
        translator.date(dt.date.min)
        translator.amount(Decimal(1), "EUR")


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(LOCALES[language])


class _English(gettext.NullTranslations):
    """What the code says, with the apostrophe of print in place of that of a keyboard, as `as_printed` of the other languages."""

    def gettext(self, message: str) -> str:
        return message.replace("'", "’")

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@cache
def _catalog(language: str, package: str) -> gettext.NullTranslations:
    """The .po file, compiled in memory: no binary beside it that could be older."""
    if language == "en":
        return _English()
    compiled = BytesIO()
    write_mo(compiled, _read(language, package))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def messages(language: str, package: str = "worker.i18n") -> dict[str, str]:
    """Each message of the worker, or of another *package* with catalogs, with its translation; plurals are left out."""
    catalog = _read("nl" if language == "en" else language, package)  # every catalog has the English keys
    return {
        message.id: message.id if language == "en" else str(message.string)
        for message in catalog
        if isinstance(message.id, str) and message.id
    }


def _read(language: str, package: str) -> Catalog:
    source = files(package) / "locale" / language / "LC_MESSAGES" / "facturelay.po"
    with source.open("rb") as lines:
        return read_po(lines, locale=language)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _unsigned_zero(value: Decimal) -> Decimal:
    """Nothing times less than nothing is −0 to a computer; nobody else writes that."""
    return value or abs(value)


def _with_decimals(pattern: str, least: int, most: int) -> str:
    """Give a CLDR pattern such as `#,##0.###` other decimals; a negative half (`;`) is left to the minus sign."""
    positive = pattern.partition(";")[0]
    head = positive.partition("0")[0]
    tail = positive.rpartition("0")[2].lstrip("#.")
    decimals = "0" * least + "#" * (most - least)
    return f"{head}0{'.' if decimals else ''}{decimals}{tail}"
