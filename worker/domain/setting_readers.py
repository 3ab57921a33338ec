"""One setting as people write it: read, or refused with what is wrong and an example (InvalidValue)."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import stdnum.be.vat
import stdnum.iban

from worker.domain.days import read_day
from worker.domain.money import CENT
from worker.domain.payment_method import PaymentTerms
from worker.domain.payment_reference import LARGEST_SEED
from worker.domain.reminder import DAYS_TO_PAY
from worker.domain.rules import Rule
from worker.domain.vat_number import normalise_vat_number
from worker.domain.zero_reason import ZeroReason
from worker.errors import InvalidValue

STATUSES = ("pending", "on-hold", "processing", "completed", "cancelled", "refunded", "failed")
YES, NO = ("1", "on", "yes", "true"), ("", "0", "off", "no", "false")
MOST_PAYMENT_DAYS = 365
WRITTEN_CLOCK = re.compile(r"(\d{1,2})(?:[:.]| ?[uh] ?)(\d{2})?(?: ?uhr)?", re.ASCII | re.IGNORECASE)
# An invoice is due by the 15th of the next month: who waits longer than ten days is late.
MOST_WAIT_HOURS = 240


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_name(text: str) -> str:
    if not text:
        raise InvalidValue("A shop needs a name.")
    return text


def read_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (OSError, ValueError, LookupError) as error:
        raise InvalidValue("“{text}” is not a time zone; write it like Europe/Brussels.", text=text) from error


def read_colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise InvalidValue("“{text}” is not a colour; write it like #0f766e.", text=text)
    return text


def read_instant(text: str, *, zone: str) -> datetime:
    """Read a day or an instant; without an offset it is meant in *zone*."""
    day, *clock = re.split(r"(?<=\d)T|\s+", text.strip(), maxsplit=1)
    try:
        found = datetime.combine(read_day(day), read_clock(*clock))
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    # In the first and the last hours of the calendar another zone has no such year.
    except (ValueError, OverflowError) as error:
        if clock:
            raise InvalidValue(
                "“{text}” is not a day and an hour; write them like 22/11/2026 06:30.", text=text
            ) from error
        raise InvalidValue("“{text}” is not a day; write it like 22/11/2026.", text=text) from error


def read_clock(text: str = "") -> time:
    """What a clock says, as people write it: 6:30, 06.30, 6u30, 6 h 30, 6h, or as in ISO 8601. Raises ValueError."""
    found = WRITTEN_CLOCK.fullmatch(text)
    return time(int(found[1]), int(found[2] or 0)) if found else time.fromisoformat(text or "00:00")


def read_day_or_nothing(text: str) -> date | None:
    return read_day(text) if text else None


def read_status_map(text: str) -> dict[str, str]:
    return dict(map(read_status, lines_of(text)))


def read_status(text: str) -> tuple[str, str]:
    """Read `await-ship=processing`: a custom status and the built-in one that it stands for."""
    custom, _, status = text.partition("=")
    if not custom or status not in STATUSES:
        raise InvalidValue(
            "“{text}” is not a status; write it like await-ship=processing, with one of {statuses}.",
            text=text,
            statuses=", ".join(STATUSES),
        )
    return custom.removeprefix("wc-"), status


def read_rate(text: str) -> tuple[str, Decimal]:
    """Read `USD=1.0831`: units of a currency for 1 EUR. No comma: whoever writes a point means thousands by it."""
    found = re.fullmatch(r"([A-Z]{3})=(\d{1,9}(?:\.\d{1,6})?)", text, re.ASCII)
    if found is None or found[1] == "EUR" or not Decimal(found[2]):
        raise InvalidValue(
            "“{text}” is not an exchange rate; write it like USD=1.0831: units of the currency for 1 EUR.", text=text
        )
    return found[1], Decimal(found[2])


def read_rules(text: str) -> tuple[Rule, ...]:
    """One rule a line, as `str(rule)` writes it: `invoice:paid:send:buyer=business,country=BE|NL`."""
    return tuple(Rule.parse(line.strip()) for line in text.splitlines() if line.strip())


def read_zero_reasons(text: str) -> tuple[ZeroReason, ...]:
    """One reason a line, as `str(reason)` writes it: `tax class zero-rate = zero_rated`."""
    return tuple(map(ZeroReason.parse, lines_of(text)))


def read_first_digits(text: str) -> int:
    """“012” is 12."""
    if not re.fullmatch(r"[0-9]{1,3}", text.strip()) or not int(text):
        raise InvalidValue("Write three digits, from 001 to {most}.", most=LARGEST_SEED)
    return int(text)


def read_days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= MOST_PAYMENT_DAYS):
        raise InvalidValue(
            "“{text}” is not a number of days; write one from 0 to {most}.", text=text, most=MOST_PAYMENT_DAYS
        )
    return int(text)


def read_days_after_formal(text: str) -> int:
    """None (0), or more than the days that a formal reminder gives."""
    days = read_days(text)
    if 0 < days <= DAYS_TO_PAY:
        raise InvalidValue(
            "The formal reminder gives {given} days, so the last one leaves {least} days after it at the earliest; "
            "0: never.",
            given=DAYS_TO_PAY,
            least=DAYS_TO_PAY + 1,
        )
    return days


def read_percent(text: str) -> Decimal:
    return read_decimal(text, most=100)


def read_euros(text: str) -> Decimal:
    return read_decimal(text, most=100_000)


def read_decimal(text: str, *, most: int) -> Decimal:
    """Not below zero, with two decimals at most; nothing is 0.00. A comma is taken for a point."""
    found = re.fullmatch(r"\d{1,6}(?:[.,]\d{1,2})?", text or "0")
    if found is None or (value := Decimal(found[0].replace(",", "."))) > most:
        raise InvalidValue("“{text}” is not a number from 0 to {most}; write it like 10.50.", text=text, most=most)
    return value.quantize(CENT)


def read_legal_interest(text: str) -> tuple[str, Decimal]:
    """Read `2026-07-01=10.5`: the first day of a half-year and the legal rate that holds in it, in percent a year."""
    day, _, percent = (part.strip() for part in text.partition("="))
    if not re.fullmatch(r"20\d\d-(?:01|07)-01", day, re.ASCII):
        raise InvalidValue(
            "“{text}” is not the legal interest of a half-year; write it like 2026-07-01=10.5.", text=text
        )
    return day, read_percent(percent)


def read_payment_terms(text: str) -> tuple[str, PaymentTerms]:
    """Read `invoice_gateway=30 days` (sold on account, to be paid within so many days) or `klarna=paid`."""
    method, _, terms = (part.strip() for part in text.partition("="))
    days = terms.removesuffix("days").strip()
    if not method or not (terms == "paid" or days.isdigit()):
        raise InvalidValue(
            "“{text}” says nothing of a payment method; write it like invoice_gateway=30 days, or klarna=paid.",
            text=text,
        )
    return method, PaymentTerms(None if terms == "paid" else read_days(days))


def read_hours(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= MOST_WAIT_HOURS):
        raise InvalidValue(
            "“{text}” is not a number of hours; write one from 0 to {most}.", text=text, most=MOST_WAIT_HOURS
        )
    return int(text)


def read_yes(text: str) -> bool:
    if text.lower() in YES:
        return True
    if text.lower() in NO:
        return False
    raise InvalidValue("“{text}” is neither yes nor no.", text=text)


def read_country(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}|", text):
        raise InvalidValue("“{text}” is not a country; write its two letters, like BE.", text=text)
    return text.upper()


def read_vat_number(text: str, country: str) -> str:
    """A VAT number of the EU is checked by its own sum; one of another country stays as it is written."""
    compact = without_separators(text)
    number, problem = normalise_vat_number(compact, country)
    if problem is not None:
        raise InvalidValue(problem.message)
    return number or compact


def read_enterprise_number(text: str, country: str) -> str:
    compact = without_separators(text)
    if compact and country in ("", "BE"):
        compact = compact.removeprefix("BE")
        if not stdnum.be.vat.is_valid(compact):
            raise InvalidValue("“{text}” is not an enterprise number; it has ten digits, like 0403.170.701.", text=text)
    if compact and country == "NL":
        compact = compact.removeprefix("KVK")
        if not re.fullmatch(r"[0-9]{8}", compact):
            raise InvalidValue(
                "“{text}” is not a number of the Chamber of Commerce (KVK); it has eight digits.", text=text
            )
    return compact


def read_iban(text: str) -> str:
    compact = without_separators(text)
    # By its own sum only: lists of banks grow old.
    if compact and not stdnum.iban.is_valid(compact, check_country=False):
        raise InvalidValue("“{text}” is not an account number (IBAN); a digit is wrong or missing.", text=text)
    return compact


def read_bic(text: str) -> str:
    compact = without_separators(text)
    if not re.fullmatch(r"([A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?)?", compact):
        raise InvalidValue("“{text}” is not a BIC; it has 8 or 11 letters and digits, like GKCCBEBB.", text=text)
    return compact


def without_separators(text: str) -> str:
    return re.sub(r"[\s.]", "", text).upper()


def read_shop_url(text: str, *, allow_private: bool) -> str:
    """The shop's address, without a slash at its end; by https where that is left out. Whether it leads into a private network shows when it is called."""
    is_host = "://" not in text and "." in text and " " not in text
    address = f"https://{text}" if is_host else text
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and parts.hostname and not parts.username and (parts.port or 80)
    except ValueError:
        good = None
    if not good:
        raise InvalidValue("“{text}” is not a shop's address; write it like https://shop.example.com.", text=text)
    if parts.scheme == "http" and not allow_private:
        raise InvalidValue("{text} is not encrypted; keys and orders travel over https only.", text=text)
    return address.rstrip("/")


def read_website(text: str) -> str:
    """As people write it, with or without https://; what could not be an address is refused."""
    host = urlsplit(text if "://" in text else f"https://{text}").hostname or "" if text.isprintable() else ""
    if text and ("." not in host.strip(".") or " " in text):
        raise InvalidValue("“{text}” is not a web address; write it like www.example.com.", text=text)
    return text


def read_postcode(text: str, country: str) -> str:
    if text and country == "BE" and not (len(text) == 4 and text.isdecimal() and text[0] != "0"):
        raise InvalidValue("A Belgian postcode has four digits, like 9000; “{text}” has not.", text=text)
    return text
