"""What is held against an e-invoice: the schema of UBL 2.1, the rules of EN 16931 and Peppol, and our own checks.

EN 16931 1.3.16 and Peppol 3.0.21 are mock-einvoice's; neither looks at the order of the elements, so the schema comes first.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lxml import etree

from worker.domain import peppol
from worker.domain.document import Document, Problem
from worker.einvoice import checks, sentences, ubl
from worker.einvoice.schemas import schema
from worker.einvoice.sentences import Fault
from worker.einvoice.xml import Node
from worker.message import Message

log = logging.getLogger(__name__)

# A thousand lines take a second or two. Whatever takes so long will not end.
LONGEST_S = 60.0
FATAL = ("fatal", "error")


@dataclass(frozen=True)
class EInvoice:
    """The bytes of an e-invoice, and why it is not valid; with a problem of the code UNCHECKED it may well be."""

    xml: bytes
    problems: tuple[Problem, ...]

    @property
    def is_refused(self) -> bool:
        """Whether a rule refuses it. That a check broke is no refusal."""
        return any(not problem.asks for problem in self.problems)


def written(document: Document, *, pdf: bytes = b"") -> EInvoice:
    """The e-invoice of *document* with what its rules say of it. Never raises: whatever breaks is a problem."""
    xml = b""
    try:
        xml = ubl.write(document, pdf=pdf)
        faults = within(LONGEST_S, lambda: faults_of(document, xml))
    except Exception as error:  # whatever breaks in a check, the order must not
        log.exception("the e-invoice of %s could not be checked", document.draft.cause)
        return EInvoice(xml, (unchecked(document, error),))
    return EInvoice(xml, sentences.problems_of(faults, document.draft))


def unchecked(document: Document, error: Exception) -> Problem:
    """A check broke or did not end: that proves nothing about the e-invoice."""
    message = Message(
        "The e-invoice of order {order} could not be checked ({error}). Wait some minutes and process the order again; "
        "you may also issue it unchecked.",
        order=document.draft.order_number,
        error=type(error).__name__,
    )
    return Problem(peppol.UNCHECKED, message, asks=True)


def faults_of(document: Document, xml: bytes) -> tuple[Fault, ...]:
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    in_order = tuple(schema_faults(root))
    return in_order or (*checks.faults_of(root, document.draft), *rule_faults(xml))


def schema_faults(root: Node) -> Iterable[Fault]:
    rules = schema(f"ubl-2.1/maindoc/UBL-{etree.QName(root).localname}-2.1.xsd")
    if not rules.validate(root):
        yield from (("UBL-2.1", error.message) for error in rules.error_log)


def rule_faults(xml: bytes) -> tuple[Fault, ...]:
    # Imported here: a thousand rules, which only who checks an e-invoice needs.
    import mockeinvoice

    try:
        _, report = mockeinvoice.validate(xml)
    except mockeinvoice.Refused as refused:
        return ((refused.code, refused.reason),)
    faults = tuple((finding.code, finding.text) for finding in report.findings if finding.level in FATAL)
    if not faults and report.verdict != "valid":
        raise RuntimeError(f"the verdict is {report.verdict!r}, and no rule says why")
    return faults


def within(seconds: float, work: Callable[[], tuple[Fault, ...]]) -> tuple[Fault, ...]:
    """What *work* gives. Raises what it raises, and TimeoutError when it takes longer; it is then left to itself."""
    answer: list[tuple[Fault, ...] | Exception] = []

    def run() -> None:
        try:
            answer.append(work())
        except Exception as error:  # noqa: BLE001  # raised again below
            answer.append(error)

    thread = threading.Thread(target=run, name="einvoice rules", daemon=True)
    thread.start()
    thread.join(seconds)
    if not answer:
        raise TimeoutError(f"no answer in {seconds:.0f} s")
    if isinstance(answer[0], Exception):
        raise answer[0]
    return answer[0]
