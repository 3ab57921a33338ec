"""How each line of a sale is treated for VAT: one pure table from seller, buyer, destination, VAT number, what the shop charged and
what it says of things without VAT. Where the table has no lawful answer, the document waits as a draft with a sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass

from worker.domain.document import Category
from worker.domain.place_of_supply import Supply, Zone
from worker.domain.shop import VatRegime
from worker.domain.treatment import Case
from worker.domain.zero_reason import Untaxed
from worker.message import Message, Percent, quoted

OUTSIDE_VAT = {
    Untaxed.VOUCHER: Message("Without VAT, and said to be a voucher that may be spent on several things"),
    Untaxed.PACKAGING: Message("Without VAT, and said to be packaging that comes back"),
    Untaxed.DISBURSEMENT: Message("Without VAT, and said to be paid in the customer's name and for his account"),
    Untaxed.TIP: Message("Without VAT, and said to be a tip or a gift"),
}
_MOST_NAMES = 3
_ADMISSION = Message(
    "No VAT was charged on {lines}. If that is admission to an event at which the customer is present, it carries the VAT of the "
    "country where the event is, also for a business (art. 53 and 54 of directive 2006/112/EC): charge it, and recalculate the "
    "order. If it is something else, or is attended online, issue this draft."
)


@dataclass(frozen=True)
class TreatmentRow:
    """One row of the table: for which lines it holds, and what follows for them. `filled` fills its *problem* and *flag*."""

    reason: str  # the code of its problem, too
    case: Message  # what it is about, for the accountant's page
    when: Callable[[Case], bool]
    category: Category
    mention: str = ""
    problem: Message | None = None
    flag: Message | None = None
    flag_if_confirmed: Message | None = None  # in its place, where VIES confirms the buyer's number
    asks: bool = False  # its problem only holds the draft back until a person has looked


def _is_said_to_be(what: Untaxed) -> Callable[[Case], bool]:
    return lambda case: case.untaxed_as is what


# First match wins, and every case has a match: a test goes through all of them.
TREATMENTS = (
    TreatmentRow("vat_not_allowed", Message("VAT was charged by a small business under the franchise scheme"),
        lambda case: case.regime is VatRegime.SMALL_BUSINESS and case.taxed, Category.STANDARD,
        problem=Message(
            "The shop charged {rate} VAT, but a small business under the franchise scheme may show no VAT. Switch taxes off in "
            "WooCommerce, or change the VAT regime of the shop.")),
    TreatmentRow("small_business", Message("Sold by a small business under the franchise scheme"),
        lambda case: case.regime is VatRegime.SMALL_BUSINESS and not case.service_to_foreign_business,
        Category.EXEMPT, mention="small_business"),
    # What the shop says a thing without VAT is. What is outside VAT is so wherever the buyer is; E, as EN 16931 lets O stand
    # only alone and Z takes no reason.
    *(
        TreatmentRow(what, words, _is_said_to_be(what), Category.EXEMPT, mention=what)
        for what, words in OUTSIDE_VAT.items()
    ),
    TreatmentRow("margin",
        Message("Without VAT, and said to be second-hand goods under the margin scheme; not sent outside the EU"),
        lambda case: case.untaxed_as is Untaxed.MARGIN and case.zone is not Zone.OUTSIDE, Category.EXEMPT, mention="margin"),
    TreatmentRow("exempt", Message("Without VAT, and said to be exempt by article 44; not sold outside the EU"),
        lambda case: case.untaxed_as is Untaxed.EXEMPT and case.zone is not Zone.OUTSIDE, Category.EXEMPT, mention="exempt"),
    # The seller's own 0 %: to a consumer abroad as long as the seller's VAT is owed on what he buys.
    TreatmentRow("zero_rated", Message("Without VAT, and said to be goods that the law taxes at 0 %"),
        lambda case: case.untaxed_as is Untaxed.ZERO_RATED and (
            case.zone is Zone.DOMESTIC
            or (case.zone is Zone.EU and not case.foreign_business and not case.taxed_at_destination)),
        Category.ZERO_RATED, mention="zero_rated"),
    # What the shop taxed, stays taxed: VAT that is mentioned is due (art. 51 §1 3° of the VAT code). But it must be somebody's.
    TreatmentRow("rate_unknown",
        Message("VAT at a rate that the seller's country does not have, on goods that the customer picks up at the seller's"),
        lambda case: case.taxed and case.taken_to is not None and not case.home_rate, Category.STANDARD,
        problem=Message(
            "{rate} VAT was charged on {lines}, but what a customer picks up at the shop carries the VAT of {country}, which "
            "has no such rate. Let WooCommerce tax pick-up at the shop's address, as it does by itself, and recalculate the "
            "order.")),
    TreatmentRow("rate_unknown", Message("VAT at a rate that the seller's country does not have, on a sale within that country"),
        lambda case: case.taxed and case.zone is Zone.DOMESTIC and not case.home_rate, Category.STANDARD,
        problem=Message(
            "{rate} VAT was charged on {lines}, but {country} has no such rate. Correct the tax rates in WooCommerce and "
            "recalculate the order.")),
    TreatmentRow("domestic", Message("VAT charged on a sale within the seller's country"),
        lambda case: case.taxed and case.zone is Zone.DOMESTIC, Category.STANDARD),
    # Not sent, so no sale at a distance (art. 33 and 369a of the VAT directive): whoever hands over there is registered there.
    TreatmentRow("pick_up_abroad",
        Message(
            "VAT of another member state on goods that a customer picks up there, where the seller has no VAT number of its own"),
        lambda case: case.taxed and case.fetched_abroad and not case.seller_number, Category.STANDARD,
        problem=Message(
            "VAT of {destination} was charged on {lines}, which the customer picks up there. That is a sale in {destination}, "
            "and none for the One Stop Shop (OSS): it needs a VAT number there. Add it in the VAT settings; or, where the "
            "pick-up point is elsewhere, correct its address in WooCommerce and recalculate the order.")),
    TreatmentRow("vat_eu_business_taxed",
        Message("VAT of the seller's country, charged to a business with a valid VAT number of another member state"),
        lambda case: (
            case.taxed and case.zone is Zone.EU and case.foreign_business and case.business and case.home_rate
            and not case.admission),
        Category.STANDARD,
        flag=Message(
            "The shop charged {rate} VAT to a business in another member state with the VAT number {vat_number}; where VIES "
            "confirms that number, without VAT would have been possible."),
        flag_if_confirmed=Message(
            "The shop charged {rate} VAT to a business in another member state with the VAT number {vat_number}; VIES confirms "
            "that number, so without VAT would have been possible.")),
    TreatmentRow("foreign_number",
        Message("VAT of a member state in which the seller has a VAT number of its own, on a sale there"),
        lambda case: case.taxed and case.zone is Zone.EU and case.under_own_number and (case.business or not case.under_oss),
        Category.STANDARD, mention="foreign_number"),
    TreatmentRow("foreign_number",
        Message(
            "VAT at a rate of the seller's country, sold to a country outside the EU of which no rates are listed and in which "
            "the seller has a VAT number of its own"),
        lambda case: (
            case.taxed and case.zone is Zone.OUTSIDE and case.under_own_number and case.home_rate
            and not case.destination_rates_listed),
        Category.STANDARD, mention="foreign_number", asks=True,
        problem=Message(
            "{rate} VAT was charged on {lines}, sold to {destination}, where the company has the VAT number {number}; but "
            "{rate} is a rate of {country} too. Issued, it is stated as VAT of {destination}. If it is that of {country}, "
            "correct the tax rates in WooCommerce and recalculate the order.")),
    TreatmentRow("foreign_number",
        Message("VAT of a country outside the EU in which the seller has a VAT number of its own, on goods"),
        lambda case: case.taxed and case.zone is Zone.OUTSIDE and case.under_own_number and case.supply is Supply.GOODS,
        Category.STANDARD, mention="foreign_number_outside"),
    TreatmentRow("foreign_number",
        Message("VAT of a country outside the EU in which the seller has a VAT number of its own, on a service"),
        lambda case: case.taxed and case.zone is Zone.OUTSIDE and case.under_own_number,
        Category.STANDARD, mention="foreign_number"),
    TreatmentRow("foreign_rate", Message("VAT of another country, charged to a business with a valid VAT number"),
        lambda case: case.taxed and case.zone is Zone.EU and case.business and not case.home_rate, Category.STANDARD,
        problem=Message(
            "{rate} VAT was charged on {lines}, which is no rate of {country}, to a business with the VAT number {vat_number}; "
            "the One Stop Shop (OSS) is for consumers. Charge the VAT of {country}; or none, where the number is one of another "
            "member state.")),
    TreatmentRow("oss", Message("VAT of the consumer's country, charged by a seller who uses the One Stop Shop (OSS)"),
        lambda case: case.taxed and case.under_oss, Category.STANDARD, mention="oss"),
    TreatmentRow("home_rate_under_oss",
        Message("VAT of the seller's country, charged to a consumer abroad by a seller who uses the One Stop Shop (OSS)"),
        lambda case: case.taxed and case.taxed_at_destination and case.home_rate, Category.STANDARD,
        problem=Message(
            "{rate} VAT was charged on {lines}, but a seller in the One Stop Shop (OSS) owes the VAT of {destination} on it. "
            "Add the rates of {destination} in WooCommerce and recalculate the order; or correct in the VAT settings whether "
            "and since when OSS is used.")),
    TreatmentRow("eu_consumer", Message("VAT of the seller's country, charged to a consumer in another member state"),
        lambda case: case.taxed and case.zone is Zone.EU and case.home_rate, Category.STANDARD),
    TreatmentRow("foreign_rate",
        Message("VAT of the consumer's country, charged by a seller who does not use the One Stop Shop (OSS)"),
        lambda case: case.taxed and case.zone is Zone.EU and case.destination_rate, Category.STANDARD,
        problem=Message(
            "{rate} VAT of {destination} was charged on {lines}, but on the day of the order the shop did not use the One Stop "
            "Shop (OSS). Charge the VAT of {country}; or, where the company declares OSS or has a VAT number of its own in "
            "{destination}, say so in the VAT settings.")),
    TreatmentRow("rate_unknown", Message("VAT at a rate of neither the seller's nor the customer's country"),
        lambda case: case.taxed and (case.zone is Zone.EU or _is_nobodys(case)), Category.STANDARD,
        problem=Message(
            "{rate} VAT was charged on {lines}, a rate of neither {country} nor {destination}. Correct the tax rates in "
            "WooCommerce and recalculate the order.")),
    TreatmentRow("foreign_rate", Message("VAT of a country outside the EU"),
        lambda case: case.taxed and not case.home_rate, Category.STANDARD,
        problem=Message(
            "{rate} VAT was charged on {lines} to {destination}, which is no rate of {country}. The VAT of a country outside "
            "the EU needs a VAT number of the seller's there: if the company has one, add it in the VAT settings. Otherwise "
            "sell without VAT, or charge the VAT of {country}.")),
    TreatmentRow("rate_of_two_countries",
        Message(
            "VAT at a rate of both the seller's country and one outside the EU, on goods or a download sold there without a VAT "
            "number of the seller's there"),
        lambda case: case.taxed and case.leaves_the_eu and case.destination_rate, Category.STANDARD, asks=True,
        problem=Message(
            "{rate} VAT was charged on {lines}, sold to {destination}: {rate} is a rate of {destination} and of {country}, and "
            "whose VAT it is decides who gets it. If it is that of {destination}, add the company's VAT number there in the VAT "
            "settings. If it is that of {country}, issue this draft: it is stated so; without VAT would have been possible.")),
    TreatmentRow("home_rate_abroad",
        Message(
            "VAT of the seller's country on goods or a download sold to a country outside the EU in which the seller has a VAT "
            "number of its own"),
        lambda case: case.taxed and case.leaves_the_eu and bool(case.seller_number), Category.STANDARD, asks=True,
        problem=Message(
            "{rate} VAT was charged on {lines}, sold to {destination}, where the company has the VAT number {number}; but "
            "{rate} is a rate of {country}, and none of {destination}. Correct the tax rates in WooCommerce and recalculate the "
            "order. Issued all the same, it is stated as VAT of {country}.")),
    TreatmentRow("vat_export_taxed",
        Message("VAT of the seller's country, charged on goods that leave the EU or a download that is sold there"),
        lambda case: case.taxed and case.leaves_the_eu, Category.STANDARD,
        flag=Message(
            "The shop charged {rate} VAT on {lines}, sold to {destination}; it is stated as VAT of {country}, and without VAT "
            "would have been possible.")),
    TreatmentRow("outside_taxed", Message("VAT of the seller's country, charged on another service to a customer outside the EU"),
        lambda case: case.taxed, Category.STANDARD),
    # From here on no VAT was charged, and the shop does not say why.
    TreatmentRow("free", Message("Without VAT, because nothing is asked for it"), lambda case: case.free, Category.ZERO_RATED),
    # What the buyer fetches himself leaves the country only if he takes it along: the seller must be able to prove it (art. 138 and
    # 146 §1 b) of the VAT directive; art. 45a of Regulation 282/2011; RD no. 18 and 52; read 2026-11-29).
    TreatmentRow("pick_up_without_proof",
        Message("Without VAT: goods that a business with a valid VAT number of another member state picks up at the seller's"),
        lambda case: case.taken_to is Zone.EU and case.foreign_business, Category.INTRA_EU, mention="intra_eu", asks=True,
        problem=Message(
            "No VAT was charged on {lines}, which the customer picks up at the shop. That is exempt only with proof that the "
            "goods went to another member state: a statement that the customer signs, and transport documents. Issue this draft "
            "if you have it; otherwise charge the VAT of {country} and recalculate the order.")),
    TreatmentRow("pick_up_without_proof",
        Message("Without VAT: goods that a customer from outside the EU picks up at the seller's"),
        lambda case: case.taken_to is Zone.OUTSIDE, Category.EXPORT, mention="export", asks=True,
        problem=Message(
            "No VAT was charged on {lines}, which the customer picks up at the shop. That is exempt only with proof of customs "
            "that the goods left the EU. Issue this draft if you have it; otherwise charge the VAT of {country} and recalculate "
            "the order.")),
    TreatmentRow("intra_eu", Message("Without VAT: goods to a business with a valid VAT number of another member state"),
        lambda case: case.zone is Zone.EU and case.supply is Supply.GOODS and case.foreign_business,
        Category.INTRA_EU, mention="intra_eu"),
    # Taxed where the customer is (art. 21 §2 of the VAT code), so the Belgian franchise of art. 56bis does not reach it.
    TreatmentRow("small_business_abroad",
        Message("A service of a small business under the franchise scheme to a business in another member state"),
        lambda case: case.regime is VatRegime.SMALL_BUSINESS and case.service_to_foreign_business,
        Category.REVERSE_CHARGE, mention="reverse_charge",
        flag=Message(
            "{lines} is a service to a business in another member state, with the VAT number {vat_number}: the customer owes "
            "the VAT there, also where a small business sells. State it in the intra-Community listing of the quarter; the "
            "seller's own number must be activated for such services at the VAT office.")),
    TreatmentRow("admission_untaxed",
        Message("Without VAT: what may be admission to an event, to a business with a valid VAT number of another member state"),
        lambda case: case.admission and case.zone is Zone.EU and case.foreign_business,
        Category.REVERSE_CHARGE, mention="reverse_charge", asks=True, problem=_ADMISSION),
    TreatmentRow("admission_untaxed",
        Message("Without VAT: what may be admission to an event, to a customer outside the EU"),
        lambda case: case.admission and case.zone is Zone.OUTSIDE,
        Category.OUTSIDE_SCOPE, mention="outside_scope", asks=True, problem=_ADMISSION),
    TreatmentRow("reverse_charge",
        Message("Without VAT: a service to a business with a valid VAT number of another member state"),
        lambda case: case.zone is Zone.EU and case.foreign_business, Category.REVERSE_CHARGE, mention="reverse_charge"),
    TreatmentRow("export", Message("Without VAT: goods that leave the EU"),
        lambda case: case.zone is Zone.OUTSIDE and case.supply is Supply.GOODS, Category.EXPORT, mention="export"),
    TreatmentRow("buyer_in_two_places",
        Message("Without VAT: a service to a customer outside the EU with a valid VAT number of a member state that is not his address’s"),
        lambda case: case.zone is Zone.OUTSIDE and case.foreign_business and case.number_elsewhere,
        Category.OUTSIDE_SCOPE, mention="outside_scope", asks=True,
        problem=Message(
            "No VAT was charged on {lines}. The customer’s address is outside the EU ({destination}), and the VAT number "
            "{vat_number} is of a member state. If the service is for the establishment with that number, treat the order as a "
            "service to a business in another EU country; otherwise issue this draft, as a service to a customer outside the EU.")),
    TreatmentRow("private_service_outside",
        Message("Without VAT: a service that is not delivered by download, to a customer outside the EU who names no company"),
        lambda case: case.private_service_outside, Category.OUTSIDE_SCOPE, mention="outside_scope",
        flag=Message(
            "No VAT was charged on {lines}, a service to a customer outside the EU who names no company. To a private person "
            "that is right for advice, rights, data and what is downloaded or streamed; any other service, such as a repair or "
            "a workshop, carries the VAT of {country}.")),
    TreatmentRow("outside_scope", Message("Without VAT: a service to a customer outside the EU"),
        lambda case: case.zone is Zone.OUTSIDE, Category.OUTSIDE_SCOPE, mention="outside_scope"),
    TreatmentRow("reduction_untaxed", Message("Without VAT, taken off the price, and nothing says why"),
        lambda case: case.reduction, Category.ZERO_RATED,
        problem=Message(
            "{lines} takes something off the price without VAT. A reduction lowers the VAT too: let a coupon do it, or make it "
            "taxable, and recalculate the order. If it is a payment, as a gift card or credit is, say in the VAT settings that "
            "it is a voucher; if packaging came back, say that.")),
    TreatmentRow("no_tax_charged", Message("Without VAT, to another member state, with a VAT number that is not valid"),
        lambda case: case.zone is Zone.EU and bool(case.vat_number_given) and not case.vat_number, Category.ZERO_RATED,
        problem=Message(
            "No VAT was charged on {lines}, but “{vat_number}” is not a valid VAT number, so the sale to {destination} is not "
            "exempt. Correct the number in the order, or charge VAT.")),
    TreatmentRow("no_tax_charged", Message("Without VAT, to a consumer in another member state, and nothing says why"),
        lambda case: case.zone is Zone.EU, Category.ZERO_RATED,
        problem=Message(
            "No VAT was charged on {lines}, sold to {destination} without a VAT number of another member state. Add the "
            "customer's number to the order, charge VAT, or say why it carries none: in the VAT settings for all such lines, or "
            "on the order's page for this order.")),
    TreatmentRow("no_tax_charged", Message("Without VAT, within the seller's country, and nothing says why"),
        lambda case: case.zone is Zone.DOMESTIC, Category.ZERO_RATED,
        problem=Message(
            "No VAT was charged on {lines}, though it is supplied in {country}, the seller's own country. Charge VAT, or say "
            "why it carries none: in the VAT settings for all such lines (a gift voucher, a deposit, zero-rated goods …), or on "
            "the order's page for this order.")),
)  # fmt: skip


def row_of(case: Case) -> TreatmentRow:
    return next(row for row in TREATMENTS if row.when(case))


def filled(message: Message, case: Case) -> Message:
    """*message* of a row with what it names of *case*."""
    return message.given(
        rate=Percent(case.rate),
        lines=names(case),
        vat_number=case.vat_number or case.vat_number_given,
        destination=_destination(case),
        number=case.seller_number,
        country=case.seller_country,
    )


def names(case: Case) -> Message:
    different = tuple(dict.fromkeys(case.names))
    shown = quoted(different[:_MOST_NAMES])
    return Message("{names}, …", names=shown) if len(different) > _MOST_NAMES else shown


def _is_nobodys(case: Case) -> bool:
    """Neither the seller's nor that of a country outside the EU whose rates are listed."""
    return case.destination_rates_listed and not (case.home_rate or case.destination_rate)


def _destination(case: Case) -> str | Message:
    """By its code, as every country: no language cuts a word short before it, or wants an article."""
    if case.destination == "XI":
        return Message("XI (Northern Ireland)")
    return case.destination or Message("a territory outside the VAT area of the EU")
