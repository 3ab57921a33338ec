"""CAMT.053 (ISO 20022), versions 02 and 08: a statement as XML. Entities and the network stay off."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from lxml import etree
from lxml.etree import _Element as Node

from worker.domain.bank_line import BankLine, digest
from worker.payments.bank_files.broken import cut_off, unreadable

KIND = "CAMT.053"
_MARK = b"urn:iso:std:iso:20022:tech:xsd:camt.053."


def is_camt(content: bytes) -> bool:
    return _MARK in content[:2000]


def read(content: bytes) -> Iterator[BankLine]:
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
            yield from Reader(space, statement).lines()
    except (ArithmeticError, ValueError) as error:
        raise unreadable(KIND) from error


class Reader:
    """Reads one statement; *space* is the namespace, which names the version."""

    def __init__(self, space: str, statement: Node) -> None:
        self.space, self.statement = space, statement
        self.account = "".join(self.text(statement, "Acct/Id/IBAN").split())

    def lines(self) -> Iterator[BankLine]:
        """The same line has the same key in every statement; equal ones of one statement are as many payments."""
        seen = Counter[str]()
        for entry in self.statement.iterfind(self.path("Ntry")):
            details = entry.findall(self.path("NtryDtls/TxDtls"))
            for number, detail in enumerate(details or [None]):
                line = self.line(entry, detail, number, one_of_several=len(details) > 1)
                seen[line.key] += 1
                yield replace(line, key=f"{line.key}:{seen[line.key]}")

    def line(self, entry: Node, detail: Node | None, number: int, *, one_of_several: bool) -> BankLine:
        came_in = self.text(entry, "CdtDbtInd") == "CRDT"
        amount = self.amount(detail) if one_of_several else None
        amount = amount if amount is not None else self.find(entry, "Amt")
        if amount is None:
            raise ValueError("an entry without an amount")
        side = "Dbtr" if came_in else "Cdtr"
        reference = self.text(entry, "AcctSvcrRef")
        booked_on = date.fromisoformat((self.text(entry, "BookgDt/Dt") or self.text(entry, "BookgDt/DtTm"))[:10])
        iban = self.text(detail, f"RltdPties/{side}Acct/Id/IBAN")
        text = "".join(free.text or "" for free in self.all(detail, "RmtInf/Ustrd"))
        structured = self.text(detail, "RmtInf/Strd/CdtrRefInf/Ref")
        # A bank need not give a line any reference.
        content = reference or digest(f"{iban}:{structured}:{text}")
        return BankLine(
            account=self.account,
            booked_on=booked_on,
            amount=Decimal(amount.text or "") * (1 if came_in else -1),
            currency=amount.get("Ccy", ""),
            key=f"camt:{self.account}:{booked_on}:{amount.text}:{content}:{number}",
            name=self.text(detail, f"RltdPties/{side}/Nm") or self.text(detail, f"RltdPties/{side}/Pty/Nm"),
            iban=iban,
            structured=structured,
            text=text,
            bank_reference=reference,
            is_pending=(self.text(entry, "Sts/Cd") or self.text(entry, "Sts")) != "BOOK",
            is_return=self.find(detail, "RtrInf") is not None or self.text(entry, "RvslInd") == "true",
        )

    def amount(self, detail: Node | None) -> Node | None:
        """That of one of several details."""
        own = self.find(detail, "Amt")
        return own if own is not None else self.find(detail, "AmtDtls/TxAmt/Amt")

    def text(self, node: Node | None, path: str) -> str:
        found = self.find(node, path)
        return (found.text or "").strip() if found is not None else ""

    def find(self, node: Node | None, path: str) -> Node | None:
        return node.find(self.path(path)) if node is not None else None

    def all(self, node: Node | None, path: str) -> list[Node]:
        return node.findall(self.path(path)) if node is not None else []

    def path(self, path: str) -> str:
        return "/".join(f"{{{self.space}}}{name}" for name in path.split("/"))
