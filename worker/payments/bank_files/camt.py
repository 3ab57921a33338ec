"""CAMT.053 (ISO 20022), versions 02 and 08: a statement as XML. Entities and the network stay off."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from lxml import etree
from lxml.etree import _Element as Node

from worker.domain.bank_line import BankLine, digest, numbered
from worker.domain.bank_statement import BankStatement
from worker.domain.money import ZERO
from worker.payments.bank_files.broken import cut_off, unreadable

KIND = "CAMT.053"
_ZONE = ZoneInfo("Europe/Brussels")  # of the day of banks that transfer euros, whatever zone a moment is told in
_MARK = b"urn:iso:std:iso:20022:tech:xsd:camt.053."


def is_camt(content: bytes) -> bool:
    return _MARK in content[:2000]


def read(content: bytes) -> Iterator[BankLine | BankStatement]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        is_whole = content.rstrip().endswith(b"Document>")
        raise (unreadable if is_whole else cut_off)(KIND) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise unreadable(KIND)  # no bank defines entities of its own
    space = etree.QName(root).namespace or ""
    try:
        for statement in root.iter(f"{{{space}}}Stmt"):
            reader = Reader(space, statement)
            yield from numbered(reader.lines())
            yield from reader.balances()
    except (ArithmeticError, ValueError) as error:
        raise unreadable(KIND) from error


class Reader:
    """Reads one statement; *space* is the namespace, which names the version."""

    def __init__(self, space: str, statement: Node) -> None:
        self.space, self.statement = space, statement
        self.account = "".join(self.text(statement, "Acct/Id/IBAN").split())

    def lines(self) -> Iterator[BankLine]:
        """The same line has the same key in every statement."""
        for entry in self.statement.iterfind(self.path("Ntry")):
            for number, (amount, details) in enumerate(self.parts(entry)):
                yield self.line(entry, amount, details, number)

    def balances(self) -> Iterator[BankStatement]:
        """The statement, where it says with how much it begins and ends; one of several of a day does so between two."""
        said = [(self.text(balance, "Tp/CdOrPrtry/Cd"), balance) for balance in self.all(self.statement, "Bal")]
        opening = next((one for kind in ("OPBD", "PRCD", "ITBD") for told, one in said if told == kind), None)
        closing = next((one for kind in ("CLBD", "ITBD") for told, one in reversed(said) if told == kind), None)
        if opening is not None and closing is not None and opening is not closing:
            yield BankStatement(
                account=self.account,
                currency=self.all(closing, "Amt")[0].get("Ccy", ""),
                opening=self.signed(closing, opening, "Amt") or ZERO,
                opened_on=self.day(opening, "Dt"),
                closing=self.signed(closing, closing, "Amt") or ZERO,
                closed_on=self.day(closing, "Dt"),
            )

    def parts(self, entry: Node) -> list[tuple[Decimal, list[Node]]]:
        """The payments of an entry, each with its own amount; one with all that is told of them where those are not the entry's."""
        whole = self.signed(entry, entry, "Amt")
        if whole is None:
            raise ValueError("an entry without an amount")
        details = entry.findall(self.path("NtryDtls/TxDtls"))
        amounts = [self.signed(entry, detail, "Amt", "AmtDtls/TxAmt/Amt") for detail in details]
        told = [amount for amount in amounts if amount is not None]
        if len(details) > 1 and len(told) == len(details) and sum(told) == whole:
            return [(amount, [detail]) for amount, detail in zip(told, details, strict=True)]
        return [(whole, details)]

    def signed(self, entry: Node, node: Node, *paths: str) -> Decimal | None:
        """The amount of *node* in the currency of *entry*, below zero where it went out; one that says no direction went as its entry."""
        found = next((amount for path in paths for amount in self.all(node, path)), None)
        if found is None or found.get("Ccy") != self.all(entry, "Amt")[0].get("Ccy"):
            return None
        amount, direction = Decimal(found.text or ""), self.text(node, "CdtDbtInd") or self.text(entry, "CdtDbtInd")
        if amount < 0 or direction not in ("CRDT", "DBIT"):
            raise ValueError("nobody can tell whether it came in or went out")
        return amount if direction == "CRDT" else -amount

    def line(self, entry: Node, amount: Decimal, details: list[Node], number: int) -> BankLine:
        side = "Dbtr" if amount > 0 else "Cdtr"
        reference = self.text(entry, "AcctSvcrRef")
        booked_on = self.day(entry, "BookgDt", "ValDt")  # it need not be booked yet
        payer = details[0] if len(details) == 1 else None
        iban = self.text(payer, f"RltdPties/{side}Acct/Id/IBAN")
        name = self.text(payer, f"RltdPties/{side}/Nm") or self.text(payer, f"RltdPties/{side}/Pty/Nm")
        text = "\n".join(free.text or "" for detail in details for free in self.all(detail, "RmtInf/Ustrd"))
        references = [ref for detail in details for ref in self.all(detail, "RmtInf/Strd/CdtrRefInf/Ref")]
        structured = ", ".join((ref.text or "").strip() for ref in references)
        # A bank need not give a line any reference, or may give every line the same.
        content = f"{reference}:{digest(f'{iban or name}:{structured}:{text}')}"
        return BankLine(
            account=self.account,
            booked_on=booked_on,
            amount=amount,
            currency=self.all(entry, "Amt")[0].get("Ccy", ""),
            key=f"camt:{self.account}:{booked_on}:{abs(amount)}:{content}:{number}",
            name=name,
            iban=iban,
            structured=structured,
            text=text,
            bank_reference=reference,
            is_pending=(self.text(entry, "Sts/Cd") or self.text(entry, "Sts")) != "BOOK",
            is_return=any(self.all(detail, "RtrInf") for detail in details)
            or self.text(entry, "RvslInd") in ("true", "1"),
        )

    def day(self, node: Node, *paths: str) -> date:
        """The day, for banks, that the first of *paths* tells. Raises ValueError where none does."""
        for path in paths:
            if day := self.text(node, f"{path}/Dt"):
                return date.fromisoformat(day[:10])
            if moment := self.text(node, f"{path}/DtTm"):
                told = datetime.fromisoformat(moment)
                return (told.astimezone(_ZONE) if told.tzinfo else told).date()
        raise ValueError("no day is told")

    def text(self, node: Node | None, path: str) -> str:
        found = self.find(node, path)
        return (found.text or "").strip() if found is not None else ""

    def find(self, node: Node | None, path: str) -> Node | None:
        return node.find(self.path(path)) if node is not None else None

    def all(self, node: Node | None, path: str) -> list[Node]:
        return node.findall(self.path(path)) if node is not None else []

    def path(self, path: str) -> str:
        return "/".join(f"{{{self.space}}}{name}" for name in path.split("/"))
