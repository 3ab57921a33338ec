"""What is looked at on a document as a whole, beside the treatment of its lines: in which case it waits, or its owner is told.

In words for the accountant's page, by the codes of the problems; a test holds them against those that code can raise.
"""

from dataclasses import dataclass

from worker.message import Message


@dataclass(frozen=True)
class DocumentCase:
    """One case. Where *told* the document is issued and the owner is told of it; else it waits as a draft."""

    codes: tuple[str, ...]
    case: Message
    article: str = ""
    told: bool = False


DOCUMENT_CASES = (
    DocumentCase(("seller_incomplete",),
        Message("The seller's name, address, VAT number, legal form, register or account number is missing"),
        "art. 5 §1 2° Belgian RD no. 1; art. 2:20 CSA; art. III.25 CEL; art. 226 Directive 2006/112/EC"),
    DocumentCase(("buyer_incomplete", "vat_number_wrong"),
        Message("A business buyer's name or address is missing, or the valid VAT number of a Belgian one"),
        "art. 5 §1 3° Belgian RD no. 1; art. 53quater Belgian VAT code"),
    DocumentCase(("vat_number_invalid", "vat_number_unchecked"),
        Message("Without VAT to a business in another member state, and VIES did not confirm its VAT number"),
        "art. 39bis and 21 §2 Belgian VAT code; art. 138 §1 Directive 2006/112/EC"),
    DocumentCase(("vat_number_unchecked",),
        Message(
            "VAT charged to a buyer with a VAT number of another member state, where that number decides whose VAT it is and "
            "VIES did not answer"),
        "art. 33 and 369a-369k Directive 2006/112/EC; art. 18 Regulation 282/2011"),
    DocumentCase(("einvoice:", "einvoice:not_connected", "einvoice:unchecked"),
        Message("For a Belgian business, and it would be no valid e-invoice or nobody sends it by Peppol"),
        "art. 53 §2bis Belgian VAT code; art. 13ter Belgian RD no. 1"),
    DocumentCase(("shipping_rate_low",), Message("Shipping or costs at a lower VAT rate than all of the goods"),
        "art. 26 and 28 Belgian VAT code; art. 78 b) Directive 2006/112/EC"),
    DocumentCase(("shipping_rate_high",),
        Message("Shipping or costs at a higher VAT rate than all of the goods; zero-rated goods count as 0 %"),
        "art. 26, 28 and 51 §1 3° Belgian VAT code", told=True),
    DocumentCase(("partly_picked_up",), Message("One part picked up at the seller's and another sent, where the VAT differs"),
        "art. 14 and 15 Belgian VAT code; art. 31 to 33 Directive 2006/112/EC"),
    DocumentCase(("two_vat_countries",), Message("VAT of two countries at one rate on one order"),
        "art. 226 Directive 2006/112/EC"),
    DocumentCase(("rate_missing", "does_not_add_up", "no_lines"),
        Message("The order does not add up, has no lines, or does not say at which rate its VAT was charged")),
    DocumentCase(("supply_unknown",),
        Message("Nothing but the VAT settings says whether goods or a service were sold, and the VAT depends on it"),
        "art. 39, 39bis and 21 Belgian VAT code", told=True),
    DocumentCase(("treatment_needs_number",),
        Message("Treated by hand as a sale of which the buyer owes the VAT, and the order has no such VAT number of the buyer"),
        "art. 20 Belgian RD no. 1; art. 39bis and 21 §2 Belgian VAT code"),
    DocumentCase(("reduction_exceeds_rate",),
        Message("A reduction at a VAT rate at which the order sells less than it takes off"),
        "art. 26 and 28 2° Belgian VAT code; art. 79 b) and 90 Directive 2006/112/EC"),
    DocumentCase(("only_vouchers",), Message("Gift cards for several purposes alone: their sale is outside VAT"),
        "art. 1 §15 and 22ter Belgian VAT code"),
    DocumentCase(("gift_card_as_discount",), Message("A gift card that was taken off before VAT, as if it were a discount"),
        "art. 1 §15 Belgian VAT code; art. 73a Directive 2006/112/EC"),
    DocumentCase(("gift_card_taxed",), Message("A gift card that was sold with VAT: what it pays after VAT is taxed once more"),
        "art. 1 §15 and 22ter Belgian VAT code; art. 30b Directive 2006/112/EC", told=True),
    DocumentCase(("negative_total",), Message("An order that comes to less than nothing"),
        "art. 53 §2 Belgian VAT code"),
    DocumentCase(("deposit_order", "paid_in_parts"), Message("A deposit, or an order of which only a part is paid"),
        "art. 17 §1 Belgian VAT code"),
    DocumentCase(("deposit_not_invoiced",),
        Message(
            "The balance after a deposit of which there is no invoice here; where there is one, the invoice of the balance is "
            "issued and names it with its date"),
        "art. 5 §1 11° Belgian RD no. 1"),
    DocumentCase(("money_taken_back",), Message("An order that was paid and is no longer")),
    DocumentCase(("exchange_rate_missing",), Message("VAT in a currency of which the exchange rate of that day is not known"),
        "art. 27 Belgian VAT code; art. 230 Directive 2006/112/EC"),
    DocumentCase(("suborders_do_not_add_up",), Message("A marketplace's suborders do not come to the order that was paid")),
    DocumentCase(
        (
            "refund_of_which_goods", "gift_card_refund", "more_than_remaining", "more_than_rate_remaining",
            "more_than_line_remaining", "refunded_line_not_invoiced", "earlier_refund_waits", "credited_by_hand",
        ),
        Message("A refund that does not show which goods or which VAT it gives back, or that is more than is left"),
        "art. 77 and 79 Belgian VAT code; art. 4 Belgian RD no. 4"),
    DocumentCase(("invoice_late",), Message("An invoice after the 15th of the month after that in which the VAT fell due"),
        "art. 4 Belgian RD no. 1", told=True),
    DocumentCase(
        (
            "changed_after_invoice", "cancelled_but_paid", "in_bin_but_invoiced", "refund_deleted", "refund_not_credited",
            "invoiced_twice",
        ),
        Message("An order that was changed or cancelled in the shop after its invoice, or that another program invoiced too"),
        "art. 53 §2 Belgian VAT code", told=True),
)  # fmt: skip
