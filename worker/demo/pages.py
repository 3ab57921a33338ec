"""A small local site: the customer's mailbox and the shop's order screens while the demo runs."""

import base64
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from flask import Flask, Response, abort, render_template
from markupsafe import Markup

from worker.demo.http_server import serve
from worker.demo.mailbox import Attachment, Mail, Mailbox
from worker.demo.note_html import sanitize
from worker.demo.orders import Payload
from worker.demo.pretend_shop import PretendShop

__all__ = ["DecisionState", "ShownDecision", "create_pages", "serve"]

DecisionState = Literal["issued", "draft", "none", "waiting", "needs you"]

_MARKS: dict[DecisionState, str] = {"issued": "✓", "draft": "✎", "none": "–", "waiting": "…", "needs you": "!"}

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

# A mail is somebody else's HTML: no script, no request, no way out of its frame.
_MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True)
class ShownDecision:
    """One decision about an order, as a message; *number* and *link* of what was issued, if anything."""

    state: DecisionState
    message: str
    number: str | None = None
    link: str | None = None


def create_pages(
    shop: PretendShop,
    mailbox: Mailbox,
    *,
    decisions: Callable[[int], Sequence[ShownDecision]] = lambda _order_id: (),
    dashboard_url: str | None = None,
) -> Flask:
    """The site. *decisions* returns the decisions about an order id; *dashboard_url* is linked from every page."""
    app = Flask(__name__)
    app.jinja_env.globals.update(marks=_MARKS, dashboard_url=dashboard_url, note_html=_note)
    app.jinja_env.filters.update(day=lambda moment: _day(moment, shop.site_zone), size=_size, buyer=_buyer)
    pages = _Pages(shop, mailbox, decisions)
    app.add_url_rule("/", "overview", pages.overview)
    app.add_url_rule("/orders/<int:order_id>", "order", pages.order)
    app.add_url_rule("/mails/<int:number>", "mail", pages.mail)
    app.add_url_rule("/mails/<int:number>/html", "mail_html", pages.mail_html)
    app.add_url_rule("/mails/<int:number>/attachments/<int:index>", "attachment", pages.attachment)
    app.register_error_handler(404, lambda _error: (render_template("missing.html"), 404))

    @app.after_request
    def guard(answer: Response) -> Response:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    return app


class _Pages:
    def __init__(
        self, shop: PretendShop, mailbox: Mailbox, decisions: Callable[[int], Sequence[ShownDecision]]
    ) -> None:
        self._shop = shop
        self._mailbox = mailbox
        self._decisions = decisions

    def overview(self) -> str:
        orders = sorted(self._shop.orders(), key=lambda order: (order["date_created_gmt"], order["id"]), reverse=True)
        rows = [(order, self._decisions(order["id"])) for order in orders]
        return render_template("overview.html", rows=rows, mails=_numbered(self._mailbox.messages()))

    def order(self, order_id: int) -> str:
        payload = self._shop.order(order_id)
        if payload is None:
            abort(404)
        decided = self._decisions(order_id)
        return render_template(
            "order.html",
            order=payload,
            decided=decided,
            lines=_lines(payload),
            refunds=self._shop.refunds(order_id),
            notes=self._shop.notes(order_id),
            mails=[(n, mail) for n, mail in _numbered(self._mailbox.messages()) if _is_about(mail, decided)],
        )

    def mail(self, number: int) -> str:
        return render_template("mail.html", number=number, mail=_mail(self._mailbox, number))

    def mail_html(self, number: int) -> Response:
        answer = Response(_with_pictures_inside(_mail(self._mailbox, number)), mimetype="text/html")
        answer.headers["Content-Security-Policy"] = _MAIL_POLICY
        return answer

    def attachment(self, number: int, index: int) -> Response:
        attachments = _mail(self._mailbox, number).attachments
        if index >= len(attachments):
            abort(404)
        return _attachment(attachments[index])


def _numbered(mails: Sequence[Mail]) -> list[tuple[int, Mail]]:
    """Newest first, numbered in the order they came."""
    return list(enumerate(mails, 1))[::-1]


def _mail(mailbox: Mailbox, number: int) -> Mail:
    mails = mailbox.messages()
    if not 1 <= number <= len(mails):
        abort(404)
    return mails[number - 1]


def _is_about(mail: Mail, decided: Sequence[ShownDecision]) -> bool:
    numbers = [decision.number for decision in decided if decision.number]
    return any(number in mail.subject or number in mail.text for number in numbers)


def _lines(order: Payload) -> list[Payload]:
    shipping = [{**line, "name": line["method_title"]} for line in order["shipping_lines"]]
    return [*order["line_items"], *shipping, *order["fee_lines"]]


def _with_pictures_inside(mail: Mail) -> str:
    page = mail.html
    for part in mail.attachments:
        if part.content_id:
            data = base64.b64encode(part.content).decode()
            page = page.replace(f"cid:{part.content_id}", f"data:{part.type};base64,{data}")
    return page


def _attachment(part: Attachment) -> Response:
    """A PDF opens in the browser; anything else is only ever saved."""
    is_pdf = part.type == "application/pdf"
    answer = Response(part.content, mimetype=part.type if is_pdf else "application/octet-stream")
    answer.headers.set("Content-Disposition", "inline" if is_pdf else "attachment", filename=part.name or "attachment")
    # The viewer inside the browser is a page of its own and would starve under our policy.
    answer.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
    return answer


def _note(text: str) -> Markup:
    return Markup(sanitize(text))  # noqa: S704 - `sanitize` makes it safe


def _buyer(order: Payload) -> str:
    """Company or name. Only the block checkout stores them HTML-escaped."""
    billing = order["billing"]
    name = str(billing["company"] or f"{billing['first_name']} {billing['last_name']}")
    return html.unescape(name) if order["created_via"] == "store-api" else name


def _day(instant: datetime | str | None, zone: tzinfo) -> str:
    """Day first, in the shop's own time, which is what its payloads are written in."""
    if instant is None:
        return ""
    local = datetime.fromisoformat(instant) if isinstance(instant, str) else instant.astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"


def _size(content: bytes) -> str:
    kib = len(content) / 1024
    return f"{kib:.0f} KB" if kib >= 1 else f"{len(content)} bytes"
