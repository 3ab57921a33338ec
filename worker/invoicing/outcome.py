"""What processing an order led to, in one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.domain.decision import RuleResult
from worker.domain.document import Document, Draft, SendMode
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


def summarize(
    issued: Sequence[Document], drafts: Sequence[Draft], rule_results: Sequence[RuleResult]
) -> tuple[str, Message]:
    """A code and one message on the whole outcome, for the delivery and the audit trail."""
    made = [Message("{number} was issued.", number=document.number) for document in issued]
    made += [Message("A draft waits: {reason}", reason=draft_reason(draft)) for draft in drafts]
    if made:
        code = "issued" if issued else "draft_stored"
        return code, made[0] if len(made) == 1 else Message("{outcomes}", outcomes=tuple(made))
    reason = next((f for f in rule_results if not f.fired), None)
    return (reason.code, reason.message) if reason else ("nothing_due", Message("Nothing is due for this order."))


def draft_reason(draft: Draft) -> Message:
    if draft.problems:
        return draft.problems[0].message
    if draft.send_mode is SendMode.DRAFT:
        return Message("its rule leaves it to you to issue.")
    return Message("nothing stands in its way any more; issue it, or discard it.")
