"""MT940, the statement of older exports and of banks abroad. Grouped payments have no details in it."""

import io
import re
from collections.abc import Iterator
from typing import Any

import mt940
from stdnum import iban

from worker.domain.bank_line import BankLine
from worker.payments.bank_files.broken import unreadable

KIND = "MT940"
LINE = b"\n:61:"


def is_mt940(content: bytes) -> bool:
    return b":20:" in content[:2000] and b":25:" in content[:4000] and b":60" in content[:6000]


def read(content: bytes) -> Iterator[BankLine]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    try:
        statement = mt940.parse(io.StringIO(text))
        lines = [line_of(statement.data, entry.data) for entry in statement]
    except (ArithmeticError, AssertionError, AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise unreadable(KIND) from error
    yield from lines


def line_of(statement: dict[str, Any], entry: dict[str, Any]) -> BankLine:
    # Lines are broken inside words and references.
    details = (entry.get("transaction_details") or "").replace("\n", "")
    account = iban_at_start_of(statement["account_identification"])
    reference = entry.get("bank_reference") or ""
    money = entry["amount"]
    words = details.split("/REMI/", 1)[1] if "/REMI/" in details else details
    return BankLine(
        account=account,
        booked_on=entry.get("entry_date") or entry["date"],
        amount=money.amount,
        currency=money.currency,
        key=f"mt940:{account}:{statement['transaction_reference']}:{reference}:{entry['date']}:{money.amount}",
        name=named(details, "NAME"),
        iban=named(details, "IBAN"),
        text=re.sub(r"^(STRD/(BBA|ISO)/|USTD//)", "", words),
        bank_reference=reference,
    )


def iban_at_start_of(text: str) -> str:
    """The account; banks write its currency right behind it."""
    compact = "".join(text.split()).removeprefix("/")
    lengths = range(15, min(len(compact), 34) + 1)
    return next((compact[:length] for length in lengths if iban.is_valid(compact[:length])), compact)


def named(details: str, name: str) -> str:
    found = re.search(rf"/{name}/+([^/]*)", details)
    return found[1].strip() if found else ""
