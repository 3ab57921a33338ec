"""The demo's own site: what there is to see, the shops with their counters and order screens, and the customers' mailbox."""

import base64
import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Literal

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from worker.demo import i18n
from worker.demo.counter import CARD, Counter
from worker.demo.demo_user import COOKIE
from worker.demo.mailbox import Attachment, Mail, Mailbox
from worker.demo.note_html import sanitize
from worker.demo.orders import SITE_ZONE, Payload
from worker.i18n import LANGUAGES

DecisionState = Literal["issued", "draft", "none", "waiting", "needs you"]

_MARKS: dict[DecisionState, str] = {"issued": "✓", "draft": "✎", "none": "–", "waiting": "…", "needs you": "!"}

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

# A mail is somebody else's HTML: no script, no request, no way out of its frame.
_MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# How often an order's page is loaded again after a button, every two seconds, while its documents are made.
_WATCHES = 8


@dataclass(frozen=True)
class ShownDecision:
    """One decision about an order, as a message; *number* and *link* of what was issued, if anything."""

    state: DecisionState
    message: str
    number: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class ShownShop:
    """A shop on the site. *told*: what the order of an id shows; *dashboard*: its path there."""

    slug: str
    name: str
    about: str
    counter: Counter
    decisions: Callable[[int], Sequence[ShownDecision]] = lambda _order_id: ()
    told: Mapping[int, str] = field(default_factory=dict)
    dashboard: str = "/"


@dataclass(frozen=True)
class Door:
    """The way into the dashboard at *url*; *sign_in* begins a session in a language and returns its token."""

    url: str
    sign_in: Callable[[str], str]


@dataclass
class Progress:
    """How far the demo is with the recordings that it plays by itself, and whether anything is being done."""

    is_playing: bool = False
    done: int = 0
    of: int = 0
    is_busy: Callable[[], bool] = lambda: False


def create_pages(
    shops: Sequence[ShownShop], mailbox: Mailbox, *, door: Door | None = None, progress: Progress | None = None
) -> Flask:
    """The site of *shops*; *door* is linked from every page."""
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    i18n.install(app)
    app.jinja_env.globals.update(marks=_MARKS, has_dashboard=door is not None, shops=shops, note_html=_note)
    app.jinja_env.filters.update(day=_day, size=_size, buyer=_buyer)
    pages = _Pages(shops, mailbox, door, progress or Progress())
    for rule, name, view in (
        ("/", "welcome", pages.welcome),
        ("/dashboard", "dashboard", pages.dashboard),
        ("/language/<code>", "choose_language", pages.choose_language),
        ("/mails", "mails", pages.mails),
        ("/mails/<int:number>", "mail", pages.mail),
        ("/mails/<int:number>/html", "mail_html", pages.mail_html),
        ("/mails/<int:number>/attachments/<int:index>", "attachment", pages.attachment),
        ("/<slug>", "shop", pages.shop),
        ("/<slug>/orders/<int:order_id>", "order", pages.order),
    ):
        app.add_url_rule(rule, name, view)
    app.add_url_rule("/<slug>/orders", "place", pages.place, methods=["POST"])
    app.add_url_rule("/<slug>/orders/<int:order_id>/<what>", "act", pages.act, methods=["POST"])
    app.register_error_handler(404, lambda _error: (render_template("missing.html"), 404))

    @app.before_request
    def refuse_other_sites() -> None:
        """Another page that is open in this browser presses no buttons here."""
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            abort(HTTPStatus.FORBIDDEN)

    @app.after_request
    def guard(answer: Response) -> Response:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    return app


class _Pages:
    def __init__(self, shops: Sequence[ShownShop], mailbox: Mailbox, door: Door | None, progress: Progress) -> None:
        self._shops = {shop.slug: shop for shop in shops}
        self._mailbox = mailbox
        self._door = door
        self._progress = progress

    def welcome(self) -> str:
        stories = [
            (shop, [(shop.counter.shop.order(order_id), title, shop.decisions(order_id)) for order_id, title in told])
            for shop in self._shops.values()
            if (told := tuple(shop.told.items()))
        ]
        return render_template(
            "welcome.html",
            stories=stories,
            progress=self._progress,
            refresh_s=3 if self._progress.is_playing else 0,
            mails=len(self._mailbox.messages()),
        )

    def dashboard(self) -> AnyResponse:
        """Sign this browser in, in the language of these pages, and go to the dashboard's page *to*."""
        if self._door is None:
            abort(404)
        answer = redirect(self._door.url.rstrip("/") + _path_asked())
        answer.set_cookie(COOKIE, self._door.sign_in(i18n.language()), httponly=True, samesite="Lax", path="/")
        return answer

    def choose_language(self, code: str) -> AnyResponse:
        """From now on these pages speak it; back to the page *to*."""
        if code not in LANGUAGES:
            abort(404)
        answer = redirect(_path_asked())
        answer.set_cookie(i18n.COOKIE, code, httponly=True, samesite="Lax", path="/")
        return answer

    def shop(self, slug: str) -> str:
        shop = self._shop(slug)
        orders = sorted(
            shop.counter.shop.orders(), key=lambda order: (order["date_created_gmt"], order["id"]), reverse=True
        )
        return render_template(
            "shop.html", shop=shop, rows=[(order, shop.decisions(order["id"])) for order in orders], card=CARD
        )

    def place(self, slug: str) -> AnyResponse:
        counter = self._shop(slug).counter
        basket = {product.sku: _quantity(request.form.get(product.sku)) for product in counter.products}
        chosen = _quantity(request.form.get("customer"))
        method = request.form.get("method", "")
        if not any(basket.values()) or chosen >= len(counter.customers) or method not in (counter.methods or {}):
            return redirect(url_for("shop", slug=slug))
        order_id = counter.order(counter.customers[chosen], basket, method)
        return redirect(url_for("order", slug=slug, order_id=order_id, watch=_WATCHES))

    def order(self, slug: str, order_id: int) -> str:
        shop = self._shop(slug)
        payload = shop.counter.shop.order(order_id)
        if payload is None:
            abort(404)
        decided = shop.decisions(order_id)
        watch = _quantity(request.args.get("watch"))
        watches = 0 < watch <= _WATCHES and (watch == _WATCHES or self._progress.is_busy())
        return render_template(
            "order.html",
            shop=shop,
            order=payload,
            decided=decided,
            lines=_lines(payload),
            refunds=shop.counter.shop.refunds(order_id),
            notes=shop.counter.shop.notes(order_id),
            mails=[(n, mail) for n, mail in _numbered(self._mailbox.messages()) if _is_about(mail, decided, payload)],
            refresh_s=2 if watches else 0,
            refresh_url=url_for("order", slug=slug, order_id=order_id, watch=watch - 1),
        )

    def act(self, slug: str, order_id: int, what: str) -> AnyResponse:
        """A button of an order: pay, complete, change, refund, cancel."""
        counter = self._shop(slug).counter
        order = counter.shop.order(order_id)
        if order is None:
            abort(404)
        quantities = {line["id"]: _quantity(request.form.get(f"quantity-{line['id']}")) for line in order["line_items"]}
        match what:
            case "pay":
                counter.pay(order_id)
            case "complete":
                counter.complete(order_id)
            case "cancel":
                counter.cancel(order_id)
            case "refund":
                counter.refund(order_id, quantities)
            case "change":
                basket = {line["sku"]: quantities[line["id"]] for line in order["line_items"]}
                counter.change(order_id, basket, company=request.form.get("company", ""))
            case _:
                abort(404)
        return redirect(url_for("order", slug=slug, order_id=order_id, watch=_WATCHES))

    def mails(self) -> str:
        return render_template("mails.html", mails=_numbered(self._mailbox.messages()))

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

    def _shop(self, slug: str) -> ShownShop:
        if slug not in self._shops:
            abort(404)
        return self._shops[slug]


def _path_asked() -> str:
    """The page *to* that the address names, where it is one of this site."""
    path = request.args.get("to", "/")
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


def _quantity(text: str | None) -> int:
    """What was typed as a small whole number, 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _numbered(mails: Sequence[Mail]) -> list[tuple[int, Mail]]:
    """Newest first, numbered in the order they came."""
    return list(enumerate(mails, 1))[::-1]


def _mail(mailbox: Mailbox, number: int) -> Mail:
    mails = mailbox.messages()
    if not 1 <= number <= len(mails):
        abort(404)
    return mails[number - 1]


def _is_about(mail: Mail, decided: Sequence[ShownDecision], order: Payload) -> bool:
    """Whether it went to the order's customer and names a document of it; two shops may have the same numbers."""
    numbers = [decision.number for decision in decided if decision.number]
    return order["billing"]["email"] in mail.recipients and any(
        number in mail.subject or number in mail.text for number in numbers
    )


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


def _day(instant: datetime | str | None) -> str:
    """Day first, in the shop's own time, which is what its payloads are written in."""
    if instant is None:
        return ""
    local = datetime.fromisoformat(instant) if isinstance(instant, str) else instant.astimezone(SITE_ZONE)
    return i18n.moment(local, SITE_ZONE)


def _size(content: bytes) -> str:
    kib = len(content) / 1024
    return f"{kib:.0f} KB" if kib >= 1 else f"{len(content)} bytes"
