"""The CSV of KBC, BNP Paribas Fortis, ING and Belfius, known by the names in its head, whatever stands above it."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from worker.domain.bank_line import BankLine, digest, numbered
from worker.domain.money import CENT
from worker.payments.bank_files.broken import cut_off, no_currency, unreadable

# Above the head Belfius has a dozen rows of what was searched for.
_ROWS_ABOVE = 30
_FIRST = 20_000
_REFERENCE = re.compile(r"(?:BANKREFERENTIE|REFERENCE BANQUE)\s*:\s*([0-9]{6,})")
# No column says that a payment of ours came back: the bank does in words, and whoever pays with one of them waits for a person.
_RETURNED = re.compile(
    r"\b(?:retours?|rejets?|rejetée?|return(?:ed)?|teruggekeerde?|teruggestorte?|geretourneerde?)\b", re.IGNORECASE
)
# ING has no column for the name: it stands between the bank's first colon and the account.
_NAMED = r"[^:]*:\s*([^:]*?)\s*(?:-|IBAN\s*:)?\s*"
_AMOUNT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]{3})*(?:[.,][0-9]{1,2})?", re.ASCII)
# In which columns KBC, BNP Paribas Fortis and Belfius say of which kind a movement is.
_KINDS = ("omschrijving", "description", "type verrichting", "type de transaction", "transactie", "transaction")
# What the head of a statement has, whichever bank's.
_LEAST_COLUMNS, _LONGEST_NAME = 5, 60


@dataclass(frozen=True)
class Columns:
    """The names of one bank's columns, in small letters: KBC writes some with a capital in one export and not in another.

    *number*: of a line of a day, the same in every file. Those of Belfius and BNP are none: they are given when the statement is made.
    *details*: where the bank's own reference stands between other words.
    *accepted*, *refused*: what *status* says of a line that happened, and of one that never will.
    *has_news*: rows without an amount are what the bank tells its customer.
    """

    bank: str
    account: str
    day: str
    amount: str
    currency: str
    iban: str
    name: str
    words: tuple[str, ...]
    number: str = ""
    details: str = ""
    status: str = ""
    accepted: str = ""
    refused: str = ""
    has_news: bool = False

    @property
    def needed(self) -> set[str]:
        """Those of which a line cannot be told without: by its status it is known whether it happened."""
        every = (self.account, self.day, self.amount, self.iban, *self.words, self.number, self.details, self.status)
        return {name for name in every if name}


# As seen in exports of 2023 to 2026. CBC and KBC Brussels have those of KBC, Fintro in Dutch has those of BNP Paribas Fortis.
BANKS = (
    Columns("KBC", "rekeningnummer", "datum", "bedrag", "munt", "rekeningnummer tegenpartij", "naam tegenpartij",
            ("gestructureerde mededeling", "vrije mededeling")),
    Columns("KBC", "rekeningnummer", "datum", "bedrag", "munt", "rekening tegenpartij", "naam tegenpartij",
            ("gestructureerde mededeling", "vrije mededeling")),
    Columns("KBC", "numéro de compte", "date", "montant", "devise", "numéro de compte contrepartie", "nom contrepartie",
            ("communication structurée", "communication libre")),
    Columns("KBC", "account number", "date", "amount", "currency", "counterparty's account number", "counterparty name",
            ("standard-format reference", "free-format reference")),
    Columns("BNP Paribas Fortis", "rekeningnummer", "uitvoeringsdatum", "bedrag", "valuta rekening", "tegenpartij",
            "naam van de tegenpartij", ("mededeling",), details="details", status="status", accepted="geaccepteerd", refused="geweigerd"),
    Columns("BNP Paribas Fortis", "numéro de compte", "date d'exécution", "montant", "devise du compte", "contrepartie",
            "nom de la contrepartie", ("communication",), details="détails", status="statut", accepted="accepté", refused="refusé"),
    Columns("ING", "rekeningnummer", "boekingsdatum", "bedrag", "munteenheid", "rekening tegenpartij", "",
            ("omschrijving", "detail van de omzet", "bericht"), "omzetnummer", has_news=True),
    Columns("ING", "numéro de compte", "date comptable", "montant", "devise", "compte contrepartie", "",
            ("libellés", "détails du mouvement", "message"), "numéro de mouvement", has_news=True),
    Columns("ING", "numéro de compte", "date comptable", "montant", "devise", "compte partie adverse", "",
            ("libellés", "détails du mouvement", "message"), "numéro de mouvement", has_news=True),
    Columns("Belfius", "rekening", "boekingsdatum", "bedrag", "devies", "rekening tegenpartij", "naam tegenpartij bevat",
            ("mededelingen",)),
    Columns("Belfius", "compte", "date de comptabilisation", "montant", "devise", "compte contrepartie",
            "nom contrepartie contient", ("communications",)),
)  # fmt: skip


def names_of(content: bytes) -> tuple[str, ...]:
    """The columns of what looks like the CSV of another bank; none where it looks like none."""
    for separator in (";", ",", "\t"):
        for line in content[:_FIRST].decode("utf-8-sig", errors="replace").splitlines()[:_ROWS_ABOVE]:
            names = tuple(name.strip().strip('"') for name in line.split(separator))
            if len(names) >= _LEAST_COLUMNS and all(
                name.isprintable() and len(name) <= _LONGEST_NAME for name in names
            ):
                return names
    return ()


def is_csv(content: bytes) -> bool:
    # The end may lie inside a letter. KBC ends its rows with a bare CR.
    start = content if len(content) <= _FIRST else b"".join(content[:_FIRST].splitlines(keepends=True)[:-1])
    return head_of(rows_of(start)) is not None


def read(content: bytes) -> Iterator[BankLine]:
    return numbered(lines_of(content))


def lines_of(content: bytes) -> Iterator[BankLine]:
    rows = rows_of(content)
    found = head_of(rows)
    if found is None:
        raise unreadable("CSV")
    at, columns = found
    head = [name.strip().casefold() for name in rows[at]]
    while not head[-1]:
        head.pop()
    # A row may leave out its last cell, where the currency behind the amount shows that it lacks none before: another has its balance there.
    least = len(head) - (columns.currency in head[head.index(columns.amount) :])
    ends_in_row = not content.endswith((b"\n", b"\r"))  # every bank ends its last one
    for number, row in enumerate(rows[at + 1 :], at + 1):
        if len(row) < least or (ends_in_row and number == len(rows) - 1 and len(row) < len(head)):
            if len([cell for cell in row if cell.strip()]) > 2:
                raise cut_off("CSV")
            continue  # an empty row, or words of the bank's at the end
        try:
            cells = cells_of(row, head, columns)
            if is_no_payment(cells, columns):
                continue
            yield line_of(cells, columns)
        except (ArithmeticError, KeyError, ValueError) as error:
            raise unreadable("CSV") from error


def rows_of(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    try:
        rows = list(csv.reader((f"{line}\n" for line in lines), delimiter=";"))
    except csv.Error as error:
        raise unreadable("CSV") from error
    if any("\n" in cell for row in rows for cell in row):
        # A customer wrote a quotation mark, and the bank quotes nothing: it would swallow the lines below.
        return [line.split(";") for line in lines]
    return rows


def head_of(rows: list[list[str]]) -> tuple[int, Columns] | None:
    for number, row in enumerate(rows[:_ROWS_ABOVE]):
        names = {name.strip().casefold() for name in row}
        for columns in BANKS:
            if columns.needed <= names:
                return number, columns
    return None


def cells_of(row: list[str], head: list[str], columns: Columns) -> dict[str, str]:
    """The cells of *row* by their columns. Where a customer wrote a semicolon and the bank quotes nothing, the words that come last are
    told whole; raises ValueError where the status stands behind them, which then nobody can tell.
    """
    if head[-1] in columns.words:
        last = len(head) - 1
        row = [*row[:last], ";".join(row[last:]).rstrip(";")]
    cells = dict(zip(head, (cell.strip() for cell in row), strict=False))
    if columns.status and re.search("[0-9]", cells[columns.status]):
        raise ValueError("no status stands where it should")
    return cells


def is_no_payment(cells: dict[str, str], columns: Columns) -> bool:
    """What the bank refused, or only has to say."""
    is_refused = columns.status and cells[columns.status].casefold() == columns.refused
    return bool(is_refused or (columns.has_news and not cells[columns.amount]))


def line_of(cells: dict[str, str], columns: Columns) -> BankLine:
    account, iban = compact(cells[columns.account]), compact(cells[columns.iban])
    booked_on, amount = day_of(cells[columns.day]), amount_of(cells[columns.amount])
    if columns.currency in cells and not cells[columns.currency]:
        raise no_currency(booked_on)
    text = " ".join(cells[words] for words in columns.words if cells[words])
    name = cells.get(columns.name, "") if columns.name else named_before(iban, text)
    reference = reference_of(cells, columns)
    # By the bank's reference a line is known whatever else it comes to say of it; without one, by all that is said.
    content = reference or f"{booked_on}:{digest(f'{iban or name}:{text}')}"
    return BankLine(
        account=account,
        booked_on=booked_on,
        amount=amount,
        currency=cells.get(columns.currency, "EUR"),  # older exports of some have no such column
        key=f"csv:{columns.bank}:{account}:{content}:{amount}",
        name=name,
        iban=iban,
        text=text,
        bank_reference=reference,
        is_return=amount > 0 and _RETURNED.search(words_of(cells, columns)) is not None,
        is_pending=bool(columns.status) and cells[columns.status].casefold() != columns.accepted,
    )


def named_before(iban: str, text: str) -> str:
    # Without rows of spaces, which whoever pays may write: each may end before the name, behind it or in it.
    found = re.match(_NAMED + re.escape(iban), " ".join(text.split())) if iban else None
    return found[1] if found else ""


def words_of(cells: dict[str, str], columns: Columns) -> str:
    """What a row says of the movement: its own words, and of which kind it is."""
    return " ".join(cells.get(name, "") for name in (*columns.words, *_KINDS))


def reference_of(cells: dict[str, str], columns: Columns) -> str:
    """What the bank knows a line by, now and later; empty where it tells nothing of the kind."""
    if columns.number and cells[columns.number]:
        return f"{cells[columns.day]}:{cells[columns.number]}"
    # The last one is the bank's own: the words of the customer stand before it.
    found = _REFERENCE.findall(cells[columns.details]) if columns.details else []
    return found[-1] if found else ""


def compact(text: str) -> str:
    return "".join(text.split())


def day_of(text: str) -> date:
    return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 -- a day, in no zone


def amount_of(text: str) -> Decimal:
    """“1.234,56”, “1,234.56”, “1234.56”, “-850,00” or “18”. Raises ValueError for “2.720”, which may be a thousand times as much, and
    for “1.23,45”."""
    *whole, last = re.split("[.,]", compact(text))
    if not _AMOUNT.fullmatch(compact(text)) or (whole and len(last) > 2):
        raise ValueError(f"{text[:40]!r} is no amount")
    return Decimal("".join([*whole, last])).scaleb(-len(last) if whole else 0).quantize(CENT)
