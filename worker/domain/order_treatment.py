"""How a person says that one order is treated for VAT, where neither the shop's settings nor the order can know it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from worker.message import Message


class TreatmentName(StrEnum):
    """The treatments that a person may give an order; each is a sentence of `mentions.toml` under the same name."""

    CO_CONTRACTOR = "co_contractor"
    EU_INSTITUTION = "eu_institution"
    DIPLOMAT = "diplomat"
    INTRA_EU = "intra_eu"
    REVERSE_CHARGE = "reverse_charge"
    EXPORT = "export"
    OUTSIDE_SCOPE = "outside_scope"
    MARGIN = "margin"
    EXEMPT = "exempt"
    ZERO_RATED = "zero_rated"
    VOUCHER = "voucher"
    PACKAGING = "packaging"
    DISBURSEMENT = "disbursement"
    TIP = "tip"


TREATMENT_TERMS = {
    TreatmentName.CO_CONTRACTOR: Message("work on a building for a Belgian business that files VAT returns"),
    TreatmentName.EU_INSTITUTION: Message("sale to an EU institution or another international organisation"),
    TreatmentName.DIPLOMAT: Message("sale to a diplomat, an embassy or a consulate"),
    TreatmentName.INTRA_EU: Message("goods to a business in another EU country"),
    TreatmentName.REVERSE_CHARGE: Message("service to a business in another EU country"),
    TreatmentName.EXPORT: Message("goods that leave the EU"),
    TreatmentName.OUTSIDE_SCOPE: Message("service to a customer outside the EU"),
    TreatmentName.MARGIN: Message("second-hand goods under the margin scheme"),
    TreatmentName.EXEMPT: Message("exempt by article 44 of the VAT code"),
    TreatmentName.ZERO_RATED: Message("goods that the law taxes at 0 %, like newspapers and recovered materials"),
    TreatmentName.VOUCHER: Message("a voucher that may be spent on several things"),
    TreatmentName.PACKAGING: Message("packaging that comes back (a deposit)"),
    TreatmentName.DISBURSEMENT: Message("paid in the customer's name and for his account"),
    TreatmentName.TIP: Message("a tip or a gift"),
}


@dataclass(frozen=True)
class OrderTreatment:
    """What a person decided of one order: *name* holds for all its lines without VAT, *reason* is in their own words."""

    name: TreatmentName
    reason: str
    by: str
    at: datetime  # aware UTC
