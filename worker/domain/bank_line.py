"""One line of a bank statement, and which references of ours it carries."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256

from stdnum import iso11649
from stdnum.be import ogm_vcs

# A structured communication as people type it: +++012/0000/23883+++, ***…***, with spaces, dots or bare.
_COMMUNICATION = re.compile(r"(?<![0-9])([0-9]{3})[\s/.-]{0,2}([0-9]{4})[\s/.-]{0,2}([0-9]{5})(?![0-9])")
_CREDITOR_REFERENCE = re.compile(r"(?<![0-9A-Z])RF[0-9]{2}(?:\s?[0-9]{1,4}){3,5}(?![0-9])", re.IGNORECASE)
# Meant as one of ours, whatever its digits say.
_MARKED = re.compile(r"[+*]{3}[\s0-9/.-]+[+*]{3}")
_LARGEST = Decimal(10) ** 12
_CURRENCY = re.compile("[A-Z]{3}")
# What one transfer may say in all formats is far less; an index of PostgreSQL takes no key of some thousand letters.
_LONGEST_TEXT, _LONGEST_KEY = 2_000, 500


@dataclass(frozen=True)
class BankLine:
    """Money that came in (*amount* above zero) or went out of *account* (IBAN), in *currency*.

    *key* is the same whenever a bank tells of this line again. *structured* is what stood in the field for references, *text* in
    that for words, with its line ends. *is_pending*: the bank has not booked it yet. *is_return*: a payment of ours that came back.
    """

    account: str
    booked_on: date
    amount: Decimal
    currency: str
    key: str
    name: str = ""
    iban: str = ""
    structured: str = ""
    text: str = ""
    bank_reference: str = ""
    is_pending: bool = False
    is_return: bool = False

    def __post_init__(self) -> None:
        # The formats leave room for “NaN” and “1e999”, and no account ever moved that.
        if not self.amount.is_finite() or abs(self.amount) >= _LARGEST or self.amount != round(self.amount, 3):
            raise ValueError(f"{str(self.amount)[:40]} is no amount of a statement")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"{self.currency[:40]!r} is no currency")
        object.__setattr__(self, "text", self.text[:_LONGEST_TEXT])
        if len(self.key) > _LONGEST_KEY:
            object.__setattr__(self, "key", f"{self.key[:40]}:{sha256(self.key.encode()).hexdigest()}")

    @property
    def told_by(self) -> str:
        """Which kind of file tells of it so: of one kind, the keys of two lines are never the same by chance."""
        return self.key.partition(f":{self.account}")[0]

    @property
    def references(self) -> tuple[str, ...]:
        """The twelve digits of each communication whose check digits are right, in the order in which they stand."""
        found = [reference for text in (self.structured, self.text) for reference in references_in(text)]
        return tuple(dict.fromkeys(found))

    @property
    def has_wrong_reference(self) -> bool:
        """Whether it carries a communication that is marked as one and whose check digits are wrong."""
        return not self.references and bool(_MARKED.search(unbroken(f"{self.structured} {self.text}")))


def numbered(lines: Iterable[BankLine]) -> Iterator[BankLine]:
    """The *lines* of one statement, or file, with keys of their own: equal ones are as many payments."""
    seen = Counter[str]()
    for line in lines:
        seen[line.key] += 1
        yield replace(line, key=f"{line.key}:{seen[line.key]}")


def digest(content: str) -> str:
    """What stands in a key for what a person wrote: a key stays when the person is erased."""
    return sha256(content.encode()).hexdigest()[:32]


def unbroken(text: str) -> str:
    """Lines end in the middle of words and references, so they are joined before anything is looked for."""
    return text.replace("\r", "").replace("\n", "")


def references_in(text: str) -> list[str]:
    """A line may also end between two numbers, of which only the second is a reference."""
    return [reference for told in (unbroken(text), " ".join(text.splitlines())) for reference in references_of(told)]


def references_of(text: str) -> list[str]:
    found = []
    for creditor_reference in _CREDITOR_REFERENCE.findall(text):
        compact = "".join(creditor_reference.split()).upper()
        if iso11649.is_valid(compact) and len(compact) == 16:
            found.append(compact[4:])
    rest = _CREDITOR_REFERENCE.sub(" ", text)
    digits = ("".join(parts) for parts in _COMMUNICATION.findall(rest))
    return found + [communication for communication in digits if ogm_vcs.is_valid(communication)]
