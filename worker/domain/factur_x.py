"""Which documents carry their figures inside the PDF as Factur-X, which German and French bookkeeping reads by itself."""

from worker.domain import peppol
from worker.domain.document import Draft

# Where businesses must be able to read it: § 14 UStG since 1-1-2025 (Germany), art. 289 bis CGI since 1-9-2026 (France); read 28-11-2026.
COUNTRIES = ("DE", "FR")


def is_read_by(draft: Draft) -> bool:
    """Whether the buyer is a business of one of these countries, and EN 16931 can say all of the document."""
    buyer = draft.buyer
    country = buyer.address.country or buyer.vat_number[:2]
    is_business = bool(buyer.company or buyer.vat_number)
    return draft.kind in peppol.KINDS and is_business and country in COUNTRIES and not peppol.obstacle_of(draft)
