"""Ways besides mail by which a person hears what needs somebody: where to, from which harm on, and what is said there. Pure."""

import json
from dataclasses import dataclass
from email.header import Header
from enum import StrEnum

from worker.domain.attention import Harm
from worker.domain.webhook import signature_header
from worker.message import Message


class ChannelKind(StrEnum):
    """How the address wants to be told: signed JSON, a text with headers as ntfy reads it, or `{"text"}` as Slack reads it."""

    WEBHOOK = "webhook"
    NTFY = "ntfy"
    SLACK = "slack"


# From which harm on somebody hears of it; each holds what is worse too.
THRESHOLDS = {
    Harm.CUSTOMER_HAS_NOTHING: Message("only when customers have nothing"),
    Harm.LEGAL_TERM: Message("also when a legal term is near"),
    Harm.NUMBERS: Message("also when numbers are at risk"),
    Harm.DECISION: Message("everything that needs me"),
    Harm.INFORMATION: Message("also what only informs"),
}
# As ntfy counts: 5 rings through, 3 is the usual.
_PRIORITIES = {Harm.CUSTOMER_HAS_NOTHING: 5, Harm.LEGAL_TERM: 4, Harm.NUMBERS: 4, Harm.DECISION: 3, Harm.INFORMATION: 2}


@dataclass(frozen=True)
class NoticeText:
    """One sentence of a notice in the reader's language, with the page where it is seen to."""

    text: str
    url: str
    harm: Harm


@dataclass(frozen=True)
class Notice:
    """What is said in one go. *notice_id* is the same at each try; *at* counts seconds since 1970; *url* is the shop's page."""

    notice_id: str
    at: int
    shop_id: str
    shop_name: str
    title: str
    url: str
    lines: tuple[NoticeText, ...]

    @property
    def harm(self) -> Harm:
        return min((line.harm for line in self.lines), default=Harm.INFORMATION)


@dataclass(frozen=True)
class Call:
    """A POST that is ready to leave."""

    headers: dict[str, str]
    body: bytes


def written(kind: ChannelKind, notice: Notice, *, secret: str) -> Call:
    """*notice* as the address reads it. *secret* signs a webhook's calls, as those about documents are signed."""
    match kind:
        case ChannelKind.WEBHOOK:
            body = json.dumps(as_json(notice), ensure_ascii=False).encode()
            signature = signature_header(secret, body, at=notice.at)
            headers = {"X-Facturelay-Event": "attention", "X-Facturelay-Signature": signature}
            return Call({"Content-Type": "application/json", **headers}, body)
        case ChannelKind.NTFY:
            headers = {
                "Title": for_header(notice.title),
                "Priority": str(_PRIORITIES[notice.harm]),
                "Click": notice.url,
            }
            return Call({"Content-Type": "text/plain; charset=utf-8", **headers}, as_text(notice).encode())
        case ChannelKind.SLACK:
            body = json.dumps({"text": as_slack_text(notice)}, ensure_ascii=False).encode()
            return Call({"Content-Type": "application/json"}, body)


def as_json(notice: Notice) -> dict[str, object]:
    return {
        "id": notice.notice_id,
        "event": "attention",
        "shop": notice.shop_id,
        "shop_name": notice.shop_name,
        "title": notice.title,
        "url": notice.url,
        "things": [{"text": line.text, "url": line.url, "harm": line.harm.name.lower()} for line in notice.lines],
    }


def as_text(notice: Notice) -> str:
    return "\n".join(line.text for line in notice.lines) or notice.title


def as_slack_text(notice: Notice) -> str:
    lines = [f"• <{line.url}|{slack_escaped(line.text)}>" for line in notice.lines]
    return "\n".join([f"*<{notice.url}|{slack_escaped(notice.title)}>*", *lines])


def slack_escaped(text: str) -> str:
    """What Slack would read as its own signs (docs.slack.dev, formatting message text)."""
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "\N{FULLWIDTH VERTICAL LINE}")
    )


def for_header(text: str) -> str:
    """Words outside ASCII as RFC 2047 wants them in a header; ntfy reads that."""
    line = " ".join(text.split())
    return line if line.isascii() else Header(line, "utf-8", maxlinelen=10_000).encode()
