"""What a broken rule means for the shop owner: which field of the order or of the settings, and what to do."""

from collections.abc import Iterable

from worker.domain import peppol
from worker.domain.document import Draft, Problem
from worker.message import Message

# What found fault: the rule's name, and what is wrong in its own words.
Fault = tuple[str, str]

NO_CUSTOMER = Message("Order {order} names no customer; fill in the company or the name in its billing address.")
NO_BUYER_COUNTRY = Message(
    "The billing address of order {order} is empty or has no country, which an e-invoice must say; complete it in the order."
)
UNKNOWN_COUNTRY = Message(
    "A country of order {order} is not one that an e-invoice knows; choose it again in the billing and the shipping address, "
    "and in your own under Settings, Company."
)
NO_BUYER_NUMBER = Message(
    "Nothing says under which number the customer of order {order} receives e-invoices; put its VAT number in the order."
)
NO_VAT_NUMBER_OF_BUYER = Message(
    "An invoice without VAT to a business must state the VAT number of that business; put it in order {order}, or charge VAT."
)
BUYER_NUMBER = Message(
    "The customer's VAT number in order {order} is mistyped: its last two digits check the others. Ask the customer for it."
)
SELLER_INCOMPLETE = Message(
    "The name, address, country or enterprise number of your company is missing; complete it under Settings, Company."
)
SELLER_VAT_NUMBER = Message(
    "The VAT number of your company is missing or does not begin with its country; type it like BE0123456749 under Settings, Company."
)
SELLER_NUMBER = Message(
    "The VAT or enterprise number of your company is mistyped: its last two digits check the others. Correct it under "
    "Settings, Company."
)
A_NUMBER = Message(
    "An enterprise number is mistyped: its last two digits check the others. Look at the customer's in order {order}, and at "
    "yours under Settings, Company."
)
NO_DELIVERY_COUNTRY = Message(
    "A sale without VAT to another EU country says where the goods go; choose the country in the shipping address of order {order}."
)
AMOUNTS = Message(
    "The amounts of order {order} do not add up as an e-invoice must ({rule}); recalculate the order in the shop. If that "
    "changes nothing, tell whoever runs Facturelay this rule."
)
OUTSIDE_SCOPE = Message(
    "Order {order} has lines outside the scope of VAT beside lines with VAT, which an e-invoice cannot say; make two orders of it."
)
NO_REASON = Message(
    "Nothing says why order {order} carries no VAT ({rule}); look at the tax of its lines, and at your VAT scheme under Settings, VAT."
)
IBAN = Message(
    "Your account number (IBAN) is missing or mistyped; type it under Settings, Company as your bank writes it."
)
NO_DUE_DATE = Message(
    "Nothing says when or how order {order} is paid; give its payment method a title in the shop, or choose how many days "
    "customers have to pay."
)
NO_INVOICE = Message(
    "The credit note of order {order} does not say which invoice it takes back; credit the invoice on its own page."
)
BEFORE_INVOICE = Message(
    "The credit note of order {order} would be dated before the invoice that it takes back; wait until that day."
)
OTHER = Message(
    "The e-invoice of order {order} would be refused: {rule} ({words}). Tell whoever runs Facturelay this rule; nothing is lost meanwhile."
)

SENTENCES = {
    NO_CUSTOMER: "BR-07",
    NO_BUYER_COUNTRY: "BR-10 BR-11",
    UNKNOWN_COUNTRY: "BR-CL-14",
    NO_BUYER_NUMBER: "PEPPOL-EN16931-R010",
    NO_VAT_NUMBER_OF_BUYER: "BR-AE-02 BR-AE-03 BR-AE-04 BR-IC-02 BR-IC-03 BR-IC-04",
    BUYER_NUMBER: "buyer_number",
    SELLER_INCOMPLETE: "BR-06 BR-08 BR-09 PEPPOL-EN16931-R020",
    SELLER_VAT_NUMBER: (
        "BR-S-02 BR-S-03 BR-S-04 BR-Z-02 BR-Z-03 BR-Z-04 BR-E-02 BR-E-03 BR-E-04 BR-G-02 BR-G-03 BR-G-04 BR-CO-09 BR-CO-26"
    ),
    SELLER_NUMBER: "seller_number",
    A_NUMBER: "PEPPOL-COMMON-R043",
    NO_DELIVERY_COUNTRY: "BR-57 BR-IC-11 BR-IC-12",
    AMOUNTS: (
        "BR-27 BR-28 BR-CO-03 BR-CO-10 BR-CO-11 BR-CO-12 BR-CO-13 BR-CO-14 BR-CO-15 BR-CO-16 BR-CO-17 BR-CO-18 BR-S-01 BR-S-05 BR-S-08 "
        "BR-S-09 BR-Z-01 BR-Z-05 BR-Z-08 BR-Z-09 BR-E-01 BR-E-05 BR-E-08 BR-E-09 BR-AE-01 BR-AE-05 BR-AE-08 BR-AE-09 BR-IC-01 "
        "BR-IC-05 BR-IC-08 BR-IC-09 BR-G-01 BR-G-05 BR-G-08 BR-G-09 BR-O-08 BR-O-09 PEPPOL-EN16931-R040 PEPPOL-EN16931-R120 "
        "vat_to_the_cent bases_add_up rounding_too_large"
    ),
    OUTSIDE_SCOPE: "BR-O-01 BR-O-11 BR-O-12 BR-O-13 BR-O-14",
    NO_REASON: "BR-E-10 BR-AE-10 BR-IC-10 BR-G-10 BR-O-10",
    IBAN: "BR-50 BR-61 iban",
    NO_DUE_DATE: "no_due_date",
    NO_INVOICE: "BR-55 no_corrected_invoice",
    BEFORE_INVOICE: "before_its_invoice",
}
BY_RULE = {rule: sentence for sentence, rules in SENTENCES.items() for rule in rules.split()}


def problems_of(faults: Iterable[Fault], draft: Draft) -> tuple[Problem, ...]:
    """What *faults* mean: each sentence once, with all the rules that it stands for. The first one is the problem's code.

    A rule's own words are shown only where we have no sentence for it.
    """
    rules_of: dict[Message, list[str]] = {}
    for rule, words in faults:
        other = OTHER.given(rule=rule, words=words)
        rules_of.setdefault(BY_RULE.get(rule, other), []).append(rule)
    return tuple(problem(said, list(dict.fromkeys(rules)), draft) for said, rules in rules_of.items())


def problem(said: Message, rules: list[str], draft: Draft) -> Problem:
    return Problem(peppol.FINDING + rules[0], said.given(order=draft.order_number, rule=", ".join(rules)))
