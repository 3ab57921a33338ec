"""Use case: how a shop's documents and mails are dressed: layout, colour, logo, and what rides along with a mail."""

import hashlib
import re
from dataclasses import replace

from worker.domain.shop import KeptFile, Shop
from worker.errors import Rejected
from worker.rendering import LAYOUTS, Brand
from worker.services import Services
from worker.store import shops

LARGEST_LOGO = 3_000_000
LARGEST_ENCLOSED = 5_000_000  # mail servers take 10 to 25 MB, and the documents ride in the same mail
_ENDINGS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}


def brand_of(services: Services, shop: Shop) -> Brand:
    """What the press needs to know of *shop*. Raises Rejected when the stored logo is gone."""
    logo = services.archive.get(shop.logo.path, sha256=shop.logo.sha256) if shop.logo else b""
    return Brand(accent=shop.accent, logo=logo, layout=shop.layout)


def enclosed_of(services: Services, shop: Shop) -> tuple[tuple[str, bytes], ...]:
    """The shop's own PDF for each mail, by name."""
    kept = shop.mail_attachment
    return ((kept.name, services.archive.get(kept.path, sha256=kept.sha256)),) if kept else ()


def change_layout(services: Services, shop_id: str, layout: str) -> Shop:
    """Choose how documents are laid out from now on."""
    if layout not in LAYOUTS:
        raise Rejected(f"“{layout}” is not a layout; choose one of {', '.join(LAYOUTS)}.", code="layout_unknown")
    return _change(services, shop_id, layout=layout)


def keep_logo(services: Services, shop_id: str, content: bytes) -> Shop:
    """Print *content* on documents from now on. Raises Rejected for what is not a picture that can be printed."""
    ending = next((ending for start, ending in _ENDINGS.items() if content.startswith(start)), "")
    if not ending or len(content) > LARGEST_LOGO:
        raise Rejected(f"A logo is a PNG or JPEG picture of at most {LARGEST_LOGO // 1_000_000} MB.", code="logo_wrong")
    try:
        Brand(logo=content)
    except ValueError as error:
        raise Rejected(f"{error}.", code="logo_wrong") from error
    return _change(services, shop_id, logo=_kept(services, "logos", shop_id, content, ending, f"logo.{ending}"))


def drop_logo(services: Services, shop_id: str) -> Shop:
    """Print the name instead. The file stays: nothing in the archive is deleted."""
    return _change(services, shop_id, logo=None)


def keep_enclosed(services: Services, shop_id: str, name: str, content: bytes) -> Shop:
    """Send *content* along with each mail from now on."""
    if not content.startswith(b"%PDF-") or len(content) > LARGEST_ENCLOSED:
        raise Rejected(
            f"What rides along is a PDF of at most {LARGEST_ENCLOSED // 1_000_000} MB.", code="attachment_wrong"
        )
    stem = re.sub(r"[^\w.() -]+", "-", name.removesuffix(".pdf"))[:80].strip(" .-") or "document"
    kept = _kept(services, "enclosed", shop_id, content, "pdf", f"{stem}.pdf")
    return _change(services, shop_id, mail_attachment=kept)


def drop_enclosed(services: Services, shop_id: str) -> Shop:
    """Send nothing along any more."""
    return _change(services, shop_id, mail_attachment=None)


def _kept(services: Services, folder: str, shop_id: str, content: bytes, ending: str, name: str) -> KeptFile:
    # Its hash is part of the name: bytes that a setting names are never written over.
    path = f"{folder}/{shop_id}-{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
    return KeptFile(path, services.archive.put(path, content), name)


def _change(services: Services, shop_id: str, **changes: object) -> Shop:
    with services.store.write() as connection:
        shop = shops.connected(connection, services.vault, shop_id).shop
        changed = replace(shop, **changes)  # type: ignore[arg-type]  # the fields of a shop, by name
        shops.change(connection, changed)
    return changed
