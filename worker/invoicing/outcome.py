"""What processing an order led to, in one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.domain.attention import Source
from worker.domain.attention_reasons import reason_of
from worker.domain.decision import Decision, RuleResult
from worker.domain.document import Document, Draft, SendMode
from worker.domain.dossier import ALREADY_MADE
from worker.errors import Unavailable
from worker.message import Message


@dataclass(frozen=True)
class Outcome:
    """What processing led to. *retry_reason* is why the order must be processed again; *is_ended*: its deliveries are answered already."""

    code: str
    message: Message
    issued: tuple[Document, ...] = ()
    drafts: tuple[Draft, ...] = ()
    retry_reason: Unavailable | None = None
    is_ended: bool = False


def summarize(issued: Sequence[Document], drafts: Sequence[Draft], decision: Decision) -> tuple[str, Message]:
    """A code and one message on the whole outcome, for the delivery and the audit trail."""
    made = [Message("{number} was issued.", number=document.number) for document in issued]
    made += dict.fromkeys(Message("A draft waits: {reason}", reason=draft_reason(draft)) for draft in drafts)
    if made:
        code = "issued" if issued else "draft_stored"
        return code, made[0] if len(made) == 1 else Message("{outcomes}", outcomes=tuple(made))
    flag = next((one for one in decision.flags if reason_of(Source.FLAG, one.code).is_counted), None)
    return (flag.code, flag.message) if flag else nothing_made(decision.rule_results)


def nothing_made(rule_results: Sequence[RuleResult]) -> tuple[str, Message]:
    """Why nothing was due: of an order that has documents what one of its rules asks besides is no answer."""
    reasons = [one for one in rule_results if not one.fired]
    if any(one.code == ALREADY_MADE for one in reasons):
        return ALREADY_MADE, Message("Nothing new is due for this order.")
    return (
        (reasons[0].code, reasons[0].message) if reasons else ("nothing_due", Message("Nothing is due for this order."))
    )


def draft_reason(draft: Draft) -> Message:
    if draft.problems:
        return draft.problems[0].message
    if draft.send_mode is SendMode.DRAFT:
        return Message("its rule leaves it to you to issue.")
    return Message("nothing stands in its way any more; issue it, or discard it.")
