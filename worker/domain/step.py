"""What is done with an issued document: one entry here, and the function that it names."""

from collections.abc import Callable
from dataclasses import dataclass

from worker.domain import peppol
from worker.domain.access_point import ELSEWHERE
from worker.domain.document import Draft
from worker.domain.reminder import REMINDER_TERMS
from worker.domain.shop import BusinessChannel, Shop
from worker.message import Message

RENDER = "render"
EINVOICE = "einvoice"
TRANSMIT = "transmit"
MAIL = "mail"
# Why a step that was done needs somebody all the same: the buyer asks something, or rejects the document.
BUYER_ASKS = "peppol_response"
WRITE_BACK = "write_back"
# Why a mail may come twice: it was begun to be given to a mail server, and whether that took it nobody here knows.
MAIL_UNSURE = "mail_unsure"
# Why a mail is done that never reached the buyer's own address: a person had it sent to another.
SENT_ELSEWHERE = "sent_elsewhere"


def always(_shop: Shop, _draft: Draft) -> bool:
    return True


def never(_shop: Shop, _draft: Draft) -> bool:
    """Planned later, by whoever finds that it is due."""
    return False


def has_einvoice(_shop: Shop, draft: Draft) -> bool:
    return peppol.has_einvoice(draft)


def is_sent_by_peppol(shop: Shop, draft: Draft) -> bool:
    """Whether it goes by the shop's access point: what must, what its buyer asks for, and to other businesses what the shop wants so."""
    if shop.peppol.sender in ("", ELSEWHERE) or not peppol.has_einvoice(draft):
        return False
    is_asked_for = bool(draft.buyer.peppol_address)
    return is_asked_for or peppol.is_required(draft) or shop.peppol.businesses is not BusinessChannel.MAIL


@dataclass(frozen=True)
class StepType:
    """*name* is stored, and part of the API and of addresses. *label* is what pages call it.

    *function* is a `worker.sending.StepFunction` by its dotted name: the bridge knows a step and may not import what it does.
    *wanted* tells for which documents of which shops it is planned when they are issued. *queue* is the one of
    `worker.queue.QueueName` in which it waits for a worker; what talks to others' servers is in "calls", but mails are in "mail"; one that *gives_way*
    waits behind all else of its shop there.
    """

    name: str
    label: Message
    function: str
    wanted: Callable[[Shop, Draft], bool] = always
    queue: str = "calls"
    gives_way: bool = False


# In the order in which one document walks through them. One that fails does not stop those after it.
STEPS = {
    step.name: step
    for step in (
        StepType(RENDER, Message("PDF"), "worker.sending.pdf.render", queue="pdf"),
        StepType(EINVOICE, Message("E-invoice"), "worker.sending.einvoice.write", wanted=has_einvoice, queue="pdf"),
        StepType(TRANSMIT, Message("By Peppol"), "worker.sending.peppol.transmit", wanted=is_sent_by_peppol),
        StepType(MAIL, Message("Mail"), "worker.sending.email.send", queue="mail"),
        StepType(WRITE_BACK, Message("Note on the order"), "worker.sending.order_note.write_back"),
        *(
            StepType(kind, label, "worker.sending.reminder.send", wanted=never, queue="mail", gives_way=True)
            for kind, label in REMINDER_TERMS.items()
        ),
    )
}


def planned_steps(shop: Shop, draft: Draft, *, send: bool = True) -> tuple[str, ...]:
    """The names of the steps of a document that is issued now; without the mail where nobody wants it to *send*."""
    return tuple(step.name for step in STEPS.values() if step.wanted(shop, draft) and (send or step.name != MAIL))
