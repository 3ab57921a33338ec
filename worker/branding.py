"""Branding of a shop's documents and mails: layout, colour, logo, and the attachment of each mail."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from worker.actions import shop_secrets, shop_settings
from worker.domain.actor import Actor
from worker.domain.settings_form import with_setting
from worker.domain.shop import Shop, StoredFile
from worker.errors import InvalidValue, Rejected
from worker.mail.server_choice import choose_server
from worker.rendering import Brand
from worker.rendering.print_process import WRONG_PDF, print_process
from worker.services import Services

LARGEST_LOGO = 3_000_000
LARGEST_ATTACHMENT = 5_000_000  # mail servers take 10 to 25 MB, and the documents are in the same mail
_ENDINGS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}


def change_settings(services: Services, shop_id: str, settings: Mapping[str, object], *, by: Actor) -> Shop:
    """Change *settings* of a shop by name, like `branding.logo`, and write on its trail what changed."""

    def changed(shop: Shop) -> Shop:
        for name, value in settings.items():
            shop = with_setting(shop, name, value)
        return shop

    return shop_settings.update_shop(services, shop_id, changed, by=by)


def change_mail_server(services: Services, shop_id: str, smtp_url: str, *, by: Actor) -> None:
    """Send the shop's mail by a server of its own; empty: by the operator's. Raises Rejected or Unavailable."""
    if smtp_url:
        choose_server(smtp_url, "", allow_private=services.settings.allow_private_shops)
    shop_secrets.change_smtp_url(services, shop_id, smtp_url, by=by)


def brand_of(services: Services, shop: Shop) -> Brand:
    """What the press needs to know of *shop*. Raises Rejected when the stored logo is gone."""
    logo = (
        services.archive.get(shop.branding.logo.path, sha256=shop.branding.logo.sha256) if shop.branding.logo else b""
    )
    return brand_with(services, shop, logo)


def brand_with(services: Services, shop: Shop, logo: bytes) -> Brand:
    """The same with *logo*. Raises Rejected where that is no picture."""
    try:
        return Brand(
            accent=shop.branding.accent, logo=logo, layout=shop.branding.layout, templates=services.settings.templates
        )
    except InvalidValue as error:
        raise Rejected(error.message, code="logo_wrong") from error


def attachments_of(services: Services, shop: Shop) -> tuple[tuple[str, bytes], ...]:
    """The shop's own PDF for each mail, by name."""
    attachment = shop.mail.attachment
    return ((attachment.name, services.archive.get(attachment.path, sha256=attachment.sha256)),) if attachment else ()


def save_logo(services: Services, shop_id: str, content: bytes, *, by: Actor) -> Shop:
    """Print *content* on documents from now on. Raises Rejected for what is not a picture that can be printed."""
    ending = next((ending for start, ending in _ENDINGS.items() if content.startswith(start)), "")
    if not ending or len(content) > LARGEST_LOGO:
        raise Rejected(
            "A logo is a PNG or JPEG picture of at most {most} MB.", most=LARGEST_LOGO // 1_000_000, code="logo_wrong"
        )
    picture = print_process().small_picture(content)
    stored = _store_file(services, "logos", shop_id, picture, f"logo.{ending}")
    return change_settings(services, shop_id, {"branding.logo": stored}, by=by)


def remove_logo(services: Services, shop_id: str, *, by: Actor) -> Shop:
    """Print the name instead. The file stays: nothing in the archive is deleted."""
    return change_settings(services, shop_id, {"branding.logo": None}, by=by)


def save_attachment(services: Services, shop_id: str, name: str, content: bytes, *, by: Actor) -> Shop:
    """Attach *content* to each mail from now on."""
    if not content.startswith(b"%PDF-") or len(content) > LARGEST_ATTACHMENT:
        raise Rejected(
            "An attachment is a PDF of at most {most} MB.", most=LARGEST_ATTACHMENT // 1_000_000, code=WRONG_PDF
        )
    print_process().refuse_owners_pdf(content)
    stem = re.sub(r"[^\w.() -]+", "-", name.removesuffix(".pdf"))[:80].strip(" .-") or "document"
    stored = _store_file(services, "attachments", shop_id, content, f"{stem}.pdf")
    return change_settings(services, shop_id, {"mail.attachment": stored}, by=by)


def remove_attachment(services: Services, shop_id: str, *, by: Actor) -> None:
    """Send nothing along any more."""
    change_settings(services, shop_id, {"mail.attachment": None}, by=by)


def _store_file(services: Services, folder: str, shop_id: str, content: bytes, name: str) -> StoredFile:
    # Its hash is part of the name: bytes that a setting names are never written over.
    path = f"{folder}/{shop_id}-{hashlib.sha256(content).hexdigest()[:16]}{Path(name).suffix}"
    return StoredFile(path, services.archive.put(path, content), name)
