"""Use case: how a shop's documents and mails are dressed: layout, colour, logo, and what rides along with a mail."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

from worker.actions import shop_settings
from worker.domain.shop import Shop, StoredFile
from worker.errors import Rejected
from worker.mail.server_choice import choose_server
from worker.rendering import LAYOUTS, Brand
from worker.services import Services

LARGEST_LOGO = 3_000_000
LARGEST_ATTACHMENT = 5_000_000  # mail servers take 10 to 25 MB, and the documents ride in the same mail
_ENDINGS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}


def change_settings(services: Services, shop_id: str, *, by: str, **settings: object) -> Shop:
    """Change *settings* of a shop, the fields of `Shop` by name, and write on its trail what changed."""
    return update_shop(services, shop_id, lambda shop: replace(shop, **settings), by=by)  # type: ignore[arg-type]


def update_shop(services: Services, shop_id: str, update: Callable[[Shop], Shop], *, by: str) -> Shop:
    """Store what *how* makes of a shop's settings, and write on its trail what changed."""
    return shop_settings.update_shop(services.store, services.encryption, shop_id, update, by=by, now=services.now())


def change_mail_server(services: Services, shop_id: str, smtp_url: str, *, by: str) -> None:
    """Let the shop's mail leave by a server of its own; empty: by the operator's. Raises Rejected or Unavailable."""
    if smtp_url:
        choose_server(smtp_url, "", allow_private=services.settings.allow_private_shops)
    shop_settings.change_smtp_url(services.store, services.encryption, shop_id, smtp_url, by=by, now=services.now())


def brand_of(services: Services, shop: Shop) -> Brand:
    """What the press needs to know of *shop*. Raises Rejected when the stored logo is gone."""
    logo = services.archive.get(shop.logo.path, sha256=shop.logo.sha256) if shop.logo else b""
    return Brand(accent=shop.accent, logo=logo, layout=shop.layout, templates=services.settings.templates)


def attachments_of(services: Services, shop: Shop) -> tuple[tuple[str, bytes], ...]:
    """The shop's own PDF for each mail, by name."""
    attachment = shop.mail_attachment
    return ((attachment.name, services.archive.get(attachment.path, sha256=attachment.sha256)),) if attachment else ()


def change_layout(services: Services, shop_id: str, layout: str, *, by: str) -> Shop:
    """Choose how documents are laid out from now on."""
    if layout not in LAYOUTS:
        raise Rejected(f"“{layout}” is not a layout; choose one of {', '.join(LAYOUTS)}.", code="layout_unknown")
    return change_settings(services, shop_id, by=by, layout=layout)


def save_logo(services: Services, shop_id: str, content: bytes, *, by: str) -> Shop:
    """Print *content* on documents from now on. Raises Rejected for what is not a picture that can be printed."""
    ending = next((ending for start, ending in _ENDINGS.items() if content.startswith(start)), "")
    if not ending or len(content) > LARGEST_LOGO:
        raise Rejected(f"A logo is a PNG or JPEG picture of at most {LARGEST_LOGO // 1_000_000} MB.", code="logo_wrong")
    try:
        Brand(logo=content)
    except ValueError as error:
        raise Rejected(f"{error}.", code="logo_wrong") from error
    return change_settings(
        services, shop_id, by=by, logo=_store_file(services, "logos", shop_id, content, ending, f"logo.{ending}")
    )


def remove_logo(services: Services, shop_id: str, *, by: str) -> Shop:
    """Print the name instead. The file stays: nothing in the archive is deleted."""
    return change_settings(services, shop_id, by=by, logo=None)


def save_attachment(services: Services, shop_id: str, name: str, content: bytes, *, by: str) -> Shop:
    """Send *content* along with each mail from now on."""
    if not content.startswith(b"%PDF-") or len(content) > LARGEST_ATTACHMENT:
        raise Rejected(
            f"What rides along is a PDF of at most {LARGEST_ATTACHMENT // 1_000_000} MB.", code="attachment_wrong"
        )
    stem = re.sub(r"[^\w.() -]+", "-", name.removesuffix(".pdf"))[:80].strip(" .-") or "document"
    stored = _store_file(services, "attachments", shop_id, content, "pdf", f"{stem}.pdf")
    return change_settings(services, shop_id, by=by, mail_attachment=stored)


def remove_attachment(services: Services, shop_id: str, *, by: str) -> Shop:
    """Send nothing along any more."""
    return change_settings(services, shop_id, by=by, mail_attachment=None)


def _store_file(services: Services, folder: str, shop_id: str, content: bytes, ending: str, name: str) -> StoredFile:
    # Its hash is part of the name: bytes that a setting names are never written over.
    path = f"{folder}/{shop_id}-{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
    return StoredFile(path, services.archive.put(path, content), name)
