"""Tasks that preview a document or a mail with settings that nobody has stored yet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from worker import branding
from worker.actions.shop_settings import with_texts
from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_source import Cancellation
from worker.domain.document import Document, Draft, Kind, Purpose
from worker.domain.draft import draft_document
from worker.domain.example_order import example_order
from worker.domain.order import Order
from worker.domain.order_payment import in_test
from worker.domain.settings_form import WrongSettings, apply_settings
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.invoicing.exchange_rates import with_rate
from worker.mail import customer_mail
from worker.rendering import render_pdf
from worker.rendering.print_process import print_process
from worker.services import Services
from worker.store import counters
from worker.store.files import temporary
from worker.store.shops import ConnectedShop
from worker.store.tasks import Task
from worker.tasks.common import file_of
from worker.tasks.sample_orders import find_order, last_orders, paid_or_not

EXAMPLE_SENDER, EXAMPLE_BUYER = "shop@example.com", "jan@klant.example"


@dataclass(frozen=True)
class Sample:
    """A document that does not exist, of the shop as it would be. *is_example*: of an order that nobody placed."""

    shop: Shop
    document: Document
    is_example: bool


def preview(services: Services, task: Task) -> Mapping[str, Any]:
    """Print a document of one of the shop's own orders with unsaved settings, with the watermark TEST. It is no document.

    Argument: `{"kind"}`, and where wanted: `"settings": {"branding.accent": "#334155", …}` by the names of `domain.settings_form.FIELDS`;
    `"texts": {"document.intro/invoice/*/nl": "…", …}` (null: the default); `"logo": {…}` an upload put there with `store.files.temporary.put`,
    or null for none; `"order_id"` (default: the newest order, or an example where there is none); `"language"`; `"paid": true|false`;
    `"example": true` for the example order. Check settings and texts with `domain.settings_form.apply_settings` and
    `actions.shop_settings.with_texts` first: here a wrong one only fails with its message.
    Answer: `{"file", "kind", "number", "order_number", "example", "problems": [{"code", "message"}]}`; *file* is a PDF that stays
    for an hour or two, *number* the one that comes next, *problems* what would make it wait as a draft.
    """
    sample = make_sample(services, task)
    brand = branding.brand_with(services, sample.shop, logo_of(services, task, sample.shop))
    # The watermark: a preview must never pass for a document.
    payment = sample.document.draft.payment
    as_test = replace(sample.document.draft, test=True, payment=in_test(payment) if payment else None)
    shown = replace(sample.document, draft=as_test)
    pdf = render_pdf(shown, brand=brand)
    draft = sample.document.draft
    file = temporary.put(
        services.archive, task.shop_id, f"{draft.kind}.pdf", pdf, until=services.now() + temporary.PREVIEW_LIFETIME
    )
    return {
        "file": file.as_json,
        "kind": str(draft.kind),
        "number": sample.document.number,
        "order_number": draft.order_number,
        "example": sample.is_example,
        "problems": [vars(problem) for problem in draft.problems],
    }


def preview_mail(services: Services, task: Task) -> Mapping[str, Any]:
    """Write the mail that would bring a document, with unsaved settings and texts. Nothing is sent.

    Argument: as `preview` (the logo does not matter). Answer: `{"subject", "html", "text", "from", "to", "reply_to", "cc",
    "attachments": ["…pdf"], "order_number", "example"}`. Show the html in a sandboxed frame only.
    """
    sample = make_sample(services, task)
    shop = with_example_sender(services, sample.shop)
    draft = sample.document.draft
    buyer = draft.buyer if draft.buyer.email else replace(draft.buyer, email=EXAMPLE_BUYER)
    document = replace(sample.document, draft=replace(draft, buyer=buyer, test=shop.test))
    message = customer_mail.compose(
        shop,
        ((document, b""),),
        ways=customer_mail.Ways(lambda _: f"{services.settings.public_url}/d/…"),
        message_id="<preview@example.com>",
        attachments=((shop.mail.attachment.name, b""),) if shop.mail.attachment else (),
    )
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "subject": str(message["Subject"]),
        "html": html.get_content() if html else "",
        "text": text.get_content() if text else "",
        "from": str(message["From"]),
        "to": str(message["To"]),
        "reply_to": str(message["Reply-To"] or ""),
        "cc": str(message["Cc"] or ""),
        "attachments": [part.get_filename() for part in message.iter_attachments()],
        "order_number": draft.order_number,
        "example": sample.is_example,
    }


def with_example_sender(services: Services, shop: Shop) -> Shop:
    """*shop* with a sender, where it has none yet: its mails are to be seen before all is filled in."""
    sender = shop.writes_from(services.settings.mail_from) or EXAMPLE_SENDER
    return replace(shop, mail=replace(shop.mail, sender=sender))


def make_sample(services: Services, task: Task) -> Sample:
    connected = services.connected(task.shop_id)
    shop = with_unsaved_settings(connected.shop, task.argument)
    kind = Kind(task.argument["kind"])
    order, is_example = order_for(services, connected, task)
    shop = with_rate(services, shop, order.currency)
    draft = draft_of(services, kind, order, shop)
    today = services.today(shop)
    series = shop.numbering.series[kind]
    with services.store.read() as connection:
        counter = counters.counter_of(connection, shop.shop_id, series.name)
    number = counters.upcoming(series, counter, today=today)
    document = Document(0, shop.shop_id, series.name, number.number, number.sequence, today, services.now(), draft)
    return Sample(shop, document, is_example)


def with_unsaved_settings(shop: Shop, argument: Mapping[str, Any]) -> Shop:
    """*shop* with the settings and texts of the argument, stored nowhere."""
    try:
        shop = apply_settings(shop, {name: str(text) for name, text in (argument.get("settings") or {}).items()})
        return with_texts(shop, argument.get("texts") or {})
    except WrongSettings as error:
        raise Rejected(error.message, code="option_wrong") from error
    except LookupError as error:
        raise Rejected("{reason}.", reason=error.args[0], code="option_wrong") from error


def order_for(services: Services, connected: ConnectedShop, task: Task) -> tuple[Order, bool]:
    argument = task.argument
    paid = argument.get("paid")
    order, is_example = None, False
    if argument.get("order_id"):
        order = find_order(services, connected, int(argument["order_id"]))
    elif not argument.get("example"):
        order = next(iter(last_orders(services, connected, limit=10)), None)
    if order is None:
        country = connected.shop.seller.address.country
        order, is_example = example_order(now=services.now(), paid=paid is not False, country=country), True
    order = paid_or_not(order, paid=paid, now=services.now())
    return replace(order, language_hint=str(argument.get("language") or order.language_hint)), is_example


def draft_of(services: Services, kind: Kind, order: Order, shop: Shop) -> Draft:
    today = services.today(shop)
    of = Kind.INVOICE if kind is Kind.CREDIT_NOTE else kind
    draft = draft_document(order, shop, today=today, purpose=Purpose(of, "preview"))
    if kind is not Kind.CREDIT_NOTE:
        return draft
    number = counters.upcoming(shop.numbering.series[of], None, today=today).number
    invoice = Document(0, shop.shop_id, of, number, 1, today, services.now(), draft)
    return draft_credit_note(
        Cancellation(), CreditedInvoice(invoice, ()), order, shop, purpose=Purpose(Kind.CREDIT_NOTE, "preview")
    )


def logo_of(services: Services, task: Task, shop: Shop) -> bytes:
    """The uploaded logo, the shop's own, or none."""
    if "logo" not in task.argument:
        return branding.brand_of(services, shop).logo
    if task.argument["logo"] is None:
        return b""
    return print_process().small_picture(temporary.get(services.archive, file_of(task, "logo")))
