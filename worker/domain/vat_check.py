"""Whether VIES confirmed the buyer's VAT number, and what to do where it did not.

A valid number is a condition of the exemption itself (art. 138 §1a and 196 of the VAT directive; circular 2020/C/50,
read 2026-11), so nothing goes out untaxed to another member state by itself without VIES's own answer. “Invalid” and “could not be asked” are two
things: the first is the buyer's to mend, the second passes.
"""

from dataclasses import dataclass
from datetime import datetime

from worker.message import Message

# Our own codes for why VIES was not asked at all.
NOT_CONFIGURED, NO_REQUESTER = "not_configured", "no_requester"
# Of an answer that nobody gave, to see what would follow from it.
SUPPOSED = "supposed"
# Asking again would give the same.
_PERMANENT = (NOT_CONFIGURED, NO_REQUESTER, "INVALID_INPUT", "INVALID_REQUESTER_INFO")
UNCHECKED, INVALID = "vat_number_unchecked", "vat_number_invalid"


@dataclass(frozen=True)
class VatCheck:
    """What VIES said of *number* when *requester*, the seller, asked. *valid* is None where it could not say: *code* is why.

    *check_id* names the stored answer. *waits_until* is set while it is asked again by itself.
    """

    number: str
    valid: bool | None
    requester: str = ""
    asked_at: datetime | None = None
    request_identifier: str = ""
    name: str = ""
    address: str = ""
    code: str = ""
    check_id: int | None = None
    waits_until: datetime | None = None

    @property
    def is_answer(self) -> bool:
        """Whether VIES said what the number is: one that it does not understand is none."""
        return self.valid is not None or self.code == "INVALID_INPUT"

    @property
    def may_change(self) -> bool:
        """Whether VIES may have an answer later."""
        return self.valid is None and self.code not in _PERMANENT


def why_not_exempt(
    check: VatCheck | None, number: str, *, shop_says: str = "", small_business: bool = False
) -> tuple[str, Message] | None:
    """A code and a sentence where *check* is no proof that *number* is valid; None where it is.

    *shop_says* is what a plugin of the shop noted of the number: worth telling, and no proof. A *small_business* may charge no
    VAT instead, and VIES knows its own number only once it is activated for services to other member states.
    """
    if check is None or check.number != number:
        return UNCHECKED, _not_checked(number)
    if check.valid:
        return None
    if small_business and (why := _why_not_of_small_business(check)):
        return why
    if check.valid is False:
        return INVALID, Message(
            "VIES says that {number} is not a valid VAT number, so the sale is not exempt. Correct the number in "
            "the order, or charge VAT.",
            number=number,
        )
    message = _why_unknown(check)
    if shop_says == "valid":
        message = Message("{message} The shop says that it is valid, which is no proof.", message=message)
    return UNCHECKED, message


def why_undecided(check: VatCheck | None, number: str, *, counts_buyer: Message) -> Message:
    """Why an invoice with VAT waits for VIES: its answer decides whose VAT that is. *counts_buyer* is as what it is stated till then."""
    if check is None or check.number != number:
        return _not_checked(number)
    if check.may_change:
        return Message(
            "VIES could not say whether {number} is valid: {reason}. It decides whose VAT is due, so issue the draft when VIES "
            "answers again; issued now, with your reason, the invoice counts the buyer {reading}.",
            number=number,
            reason=reason_of(check),
            reading=counts_buyer,
        )
    return Message(
        "{message} It decides whose VAT is due; issued now, the invoice counts the buyer {reading}.",
        message=_why_unknown(check),
        reading=counts_buyer,
    )


def waiting_message(check: VatCheck) -> Message:
    """Why an invoice is not made yet."""
    return Message(
        "The invoice waits until VIES says whether {number} is valid: {reason}. It is asked again by itself until "
        "{until}; after that a draft waits for you.",
        number=check.number,
        reason=reason_of(check),
        until=check.waits_until or "",
    )


def reason_of(check: VatCheck) -> Message:
    """Why VIES could not say, as a part of a sentence."""
    match check.code:
        case "MS_UNAVAILABLE" | "MS_MAX_CONCURRENT_REQ" | "MS_MAX_CONCURRENT_REQ_TIME" | "TIMEOUT":
            return Message("the register of {country} does not answer", country=check.number[:2])
        case "GLOBAL_MAX_CONCURRENT_REQ" | "GLOBAL_MAX_CONCURRENT_REQ_TIME":
            return Message("too many ask it at this moment")
        case "VAT_BLOCKED":
            return Message("it blocks the VAT number {number} of the seller", number=check.requester)
        case "IP_BLOCKED":
            return Message("it blocks the address of this installation")
        case "SERVICE_UNAVAILABLE" | "NO_ANSWER" | "UNREADABLE":
            return Message("it does not answer")
        case code:
            return Message("it answers with {code}", code=code)


def _not_checked(number: str) -> Message:
    return Message("{number} was not checked in VIES yet. Fetch the order again, and it is.", number=number)


def _why_not_of_small_business(check: VatCheck) -> tuple[str, Message] | None:
    if check.valid is False or check.code == "INVALID_INPUT":
        return INVALID if check.valid is False else UNCHECKED, Message(
            "VIES says that {number} is not a valid VAT number, so the customer does not owe the VAT. Correct the number in the "
            "order; or remove it there, and the invoice is exempt as a sale of a small business to a consumer.",
            number=check.number,
        )
    if check.code == "INVALID_REQUESTER_INFO":
        return UNCHECKED, Message(
            "VIES does not know the seller's own VAT number {requester}, so {number} cannot be checked. A small business must have "
            "its number activated for services to businesses in other member states: ask the VAT office for it, then fetch the "
            "order again.",
            requester=check.requester,
            number=check.number,
        )
    return None


def _why_unknown(check: VatCheck) -> Message:
    match check.code:
        case "not_configured":
            return Message(
                "{number} is not checked, because Facturelay asks no VIES here. Look the "
                "number up at ec.europa.eu/taxation_customs/vies, then issue the draft with what you saw there as the reason.",
                number=check.number,
            )
        case "no_requester":
            return Message(
                "{number} cannot be checked in VIES without the VAT number of the seller. Fill it in, in the settings.",
                number=check.number,
            )
        case "INVALID_REQUESTER_INFO":
            return Message(
                "VIES does not know the seller's own VAT number {requester}, so {number} cannot be checked. Correct the "
                "seller's number in the settings.",
                requester=check.requester,
                number=check.number,
            )
        case "INVALID_INPUT":
            return Message(
                "VIES does not understand the VAT number {number}. Correct the number in the order, or charge VAT.",
                number=check.number,
            )
        case _:
            return Message(
                "VIES could not say whether {number} is valid: {reason}. Issue the draft when VIES answers again, or issue "
                "it now with the reason why you trust the number.",
                number=check.number,
                reason=reason_of(check),
            )
