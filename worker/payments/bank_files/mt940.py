"""MT940, the statement of older exports and of banks abroad. Grouped payments have no details in it."""

import io
import logging
import re
from collections.abc import Iterator
from typing import Any

import mt940
from stdnum import iban

from worker.domain.bank_line import BankLine, digest, numbered
from worker.domain.bank_statement import BankStatement
from worker.domain.money import total_of
from worker.payments.bank_files.broken import cut_off, unreadable

# The library writes what it cannot read into the log, names and accounts of customers too.
logging.getLogger("mt940").setLevel(logging.CRITICAL)

KIND = "MT940"
LINE = b"\n:61:"
OPTIONS = mt940.Options(reversal_sign=True, case_insensitive_marks=True)
# What is told of a line is read here: the library leaves out of its fields what two lines may differ in.
PROCESSORS: dict[str, list[Any]] = {"post_transaction_details": []}
# A file has a statement a day, and perhaps some of other accounts.
_STATEMENT = re.compile(r"^(?=:20:)", re.MULTILINE)
# Words about the whole of it, below its balances; the library takes them for words of the last line.
_OF_STATEMENT = re.compile(r"^(:6[245][A-Z]?:.*\n):86:.*(?:\n(?!:[0-9]{2}[A-Z]?:).*)*", re.MULTILINE)


def is_mt940(content: bytes) -> bool:
    return b":20:" in content[:2000] and b":25:" in content[:4000] and b":60" in content[:6000]


def read(content: bytes) -> Iterator[BankLine | BankStatement]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    try:
        statements = _STATEMENT.split(text)[1:]
        lines = [line for statement in statements for line in lines_of(statement)]
    except (ArithmeticError, AssertionError, AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise unreadable(KIND) from error
    if not statements:
        raise unreadable(KIND)
    yield from lines


def lines_of(text: str) -> Iterator[BankLine | BankStatement]:
    """Those of one statement, and it."""
    of_lines = io.StringIO(_OF_STATEMENT.sub(r"\1", text))
    statement = mt940.parse(of_lines, processors=PROCESSORS, options=OPTIONS)
    opening, closing = balances_of(statement)
    yield from numbered(line_of(statement.data, entry.data) for entry in statement)
    yield BankStatement(
        account=iban_at_start_of(statement.data["account_identification"]),
        currency=closing.amount.currency,
        opening=opening.amount.amount,
        opened_on=opening.date,
        closing=closing.amount.amount,
        closed_on=closing.date,
    )


def balances_of(statement: Any) -> tuple[Any, Any]:
    """Raises Rejected where a statement ends before its closing balance, or its lines do not lead there."""
    found = [
        balance
        for ends in (
            ("final_opening_balance", "intermediate_opening_balance"),
            ("final_closing_balance", "intermediate_closing_balance"),
        )
        for balance in (next((statement.data[end] for end in ends if end in statement.data), None),)
        if balance is not None
    ]
    if len(found) < 2:
        raise cut_off(KIND)
    opening, closing = found
    moved = total_of(entry.data["amount"].amount for entry in statement if "amount" in entry.data)
    if opening.amount.amount + moved != closing.amount.amount:
        raise unreadable(KIND)
    return opening, closing


def line_of(statement: dict[str, Any], entry: dict[str, Any]) -> BankLine:
    told = entry.get("transaction_details") or ""
    details = told.replace("\n", "")
    name, iban, text = in_fields(told) if _FIELDS.match(details) else in_tags(told)
    account = iban_at_start_of(statement["account_identification"])
    reference = entry.get("bank_reference") or ""
    money = entry["amount"]
    return BankLine(
        account=account,
        booked_on=entry.get("entry_date") or entry["date"],
        amount=money.amount,
        currency=money.currency,
        # A bank may give every line the same reference, which is none.
        key=f"mt940:{account}:{reference}:{entry['date']}:{money.amount}:{digest(details)}",
        name=name,
        iban="".join(iban.split()),
        text=text,
        bank_reference=reference,
        is_return=entry["status"].upper() in ("RC", "RD") or "/RTRN/" in details or details.startswith(_RETURNED),
    )


def in_tags(told: str) -> tuple[str, str, str]:
    """Name, account and words as banks of Belgium and the Netherlands tell them: “/IBAN/…/NAME/…/REMI/…” or “/CNTP/…/…/…//REMI/…”."""
    remittance = _REMITTANCE.search(told)
    # What the customer wrote names nobody.
    details = told[: remittance.start() if remittance else None].replace("\n", "")
    iban, name = named(details, "IBAN"), named(details, "NAME")
    if payer := _PAYER.search(details):
        iban, name = iban or payer["iban"], name or payer["name"].strip()
    return name, iban, told[remittance.end() :] if remittance else told


def in_fields(told: str) -> tuple[str, str, str]:
    """Name, account and words as German banks tell them: “166?00…?20EREF+…?21SVWZ+…?31…?32…”."""
    fields = _FIELD.findall(told.replace("\n", ""))
    name = "".join(text for field, text in fields if field in ("32", "33"))
    iban = "".join(text for field, text in fields if field == "31")
    words = "\n".join(text for field, text in fields if field[0] in "26")
    purpose = _PURPOSE.search(words)
    return name.strip(), iban, words[purpose.end() :] if purpose else words


def broken(text: str) -> str:
    """A pattern for *text*, in which a line may end anywhere."""
    return "\n?".join(re.escape(letter) for letter in text)


_REMITTANCE = re.compile(
    "|".join(broken(f"/REMI/{start}") for start in ("STRD/BBA/", "STRD/ISO/", "STRD/CUR/", "USTD//", ""))
)
_PAYER = re.compile(r"/CNTP/(?P<iban>[^/]*)/[^/]*/(?P<name>[^/]*)")
_FIELDS, _FIELD = re.compile(r"\d{3}\?\d\d"), re.compile(r"\?(\d\d)(.*?)(?=\?\d\d|$)")
_PURPOSE = re.compile(broken("SVWZ+"))
_RETURNED = "159?"  # the code of a transfer that came back


def iban_at_start_of(text: str) -> str:
    """The account; banks write its currency right behind it."""
    compact = "".join(text.split()).removeprefix("/")
    lengths = range(15, min(len(compact), 34) + 1)
    return next(
        (compact[:length] for length in lengths if iban.is_valid(compact[:length], check_country=False)), compact
    )


def named(details: str, name: str) -> str:
    found = re.search(rf"/{name}/([^/]*)", details)
    return found[1].strip() if found else ""
