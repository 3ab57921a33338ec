"""The link to an order's documents in WooCommerce's own mail: it opens the document that this mail announces."""

from datetime import timedelta
from http import HTTPStatus

from flask import Response, make_response, redirect, request
from sqlalchemy import Connection

from bridge.context import base_path, context
from bridge.customer.document import blueprint
from bridge.customer.linked_document import visible_documents
from bridge.errors import Notice, customer_message_page, link_unknown
from bridge.forms import parse_whole_number
from bridge.i18n.translate import CATALOG_PACKAGE
from worker.domain.document import Document, Kind
from worker.domain.shop import Shop
from worker.i18n import Translator
from worker.net import document_link, order_link
from worker.net.order_link import OrderLink
from worker.store import shops

REFRESH_S = 5
# After that a person decides on it; the link goes on working.
IS_BEING_MADE = timedelta(hours=1)


@blueprint.get("/o/<token>")
def order(token: str) -> Response:
    """The page of the document that the mail announces: with `refund` its credit note, else the newest. That page lists the rest."""
    link, now = order_link.read(context().settings.secret_keys, token), context().now()
    if link is None or now >= link.expires_at:
        raise link_unknown()
    with context().store.read() as connection:
        shop = shops.settings_of(connection, link.shop_id)
        announced = announced_document(connection, link, parse_whole_number(request.args.get("refund", "")))
    if shop is None:
        raise link_unknown()
    if announced is None:
        return nothing_yet(shop, is_being_made=now - link.signed_at < IS_BEING_MADE)
    lifetime = link.expires_at - now
    found = document_link.sign(context().settings.secret_keys, announced.document_id, now=now, lifetime=lifetime)
    return make_response(redirect(f"{base_path()}/d/{found}", HTTPStatus.SEE_OTHER))


def announced_document(connection: Connection, link: OrderLink, refund: int | None) -> Document | None:
    made = visible_documents(connection, link.shop_id, link.order_id, now=context().now())
    made = tuple(document for document in made if link.is_of(document.draft.order_key))
    of_refund = [document for document in made if document.draft.cause.split(":")[:2] == ["refund", str(refund)]]
    # A refund that is credited later announces itself; any other mail was about the sale.
    of_sale = [document for document in made if document.draft.kind is not Kind.CREDIT_NOTE]
    return next(iter((*of_refund, *(() if refund else of_sale), *made)), None)


def nothing_yet(shop: Shop, *, is_being_made: bool) -> Response:
    words = Translator(shop.language, package=CATALOG_PACKAGE)
    if is_being_made:
        notice = Notice(
            words.gettext("Your document is being made"),
            words.gettext("This usually takes only a few seconds. This page looks again by itself."),
        )
        return customer_message_page(HTTPStatus.OK, words, notice, refresh_s=REFRESH_S)
    notice = Notice(
        words.gettext("There is no document yet"),
        words.gettext(
            "As soon as {seller} has made one for this order, it opens by this same link.", seller=shop.seller.name
        ),
    )
    return customer_message_page(HTTPStatus.OK, words, notice)
