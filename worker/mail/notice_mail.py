"""What a mail to an owner says of what needs him: one line and one button a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.domain.attention import Reason, Source
from worker.domain.attention_reasons import reason_of
from worker.domain.needs import NeedGroup
from worker.message import Message
from worker.store.alerts import Alert

SEE = Message("See them")


@dataclass(frozen=True)
class NoticeLine:
    """*count* is 0 where one thing speaks for itself. *examples* are some of what is new."""

    message: Message
    count: int = 0
    label: Message = SEE
    url: str = ""
    examples: tuple[Message, ...] = ()


def of_alert(alert: Alert, *, home: str) -> NoticeLine:
    """*home* is the address of the shop's pages."""
    reason = reason_of(Source.ALERT, alert.code)
    return NoticeLine(alert.message, label=label_of(reason), url=url_of(reason, home))


def of_groups(groups: Sequence[NeedGroup], *, home: str) -> tuple[NoticeLine, ...]:
    return tuple(
        NoticeLine(group.reason.sentence, group.count, label_of(group.reason), url_of(group.reason, home))
        for group in groups
    )


def label_of(reason: Reason) -> Message:
    """A mail only leads somewhere: what tries again is pressed on the page."""
    return SEE if reason.button.retries else reason.button.label


def url_of(reason: Reason, home: str) -> str:
    return f"{home}/{reason.button.page or f'attention/{reason.name}'}"
