"""How numbers that customers copy by hand are printed, and what stands before what was paid."""

from worker.domain.payment import Credited, Prepayment
from worker.i18n.catalogs import Translator


def web_address(url: str) -> str:
    """*url* where it is safe as a link, else nothing: an order can bring any text."""
    return url if url.startswith(("https://", "http://")) and url.isprintable() and " " not in url else ""


def format_vat_number(number: str) -> str:
    """Print a Belgian number as BE 0123.456.789; others as they are."""
    digits = number[2:]
    if number.startswith("BE") and len(digits) == 10 and digits.isdigit():
        return f"BE\N{NO-BREAK SPACE}{format_enterprise_number(digits)}"
    return number


def format_enterprise_number(number: str) -> str:
    """Print 0123456789 as 0123.456.789."""
    return f"{number[:4]}.{number[4:7]}.{number[7:]}" if len(number) == 10 and number.isdigit() else number


def format_iban(number: str) -> str:
    """Print in groups of four that stay on one line."""
    plain = "".join(number.split()).upper()
    return "\N{NO-BREAK SPACE}".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def format_reference(reference: str) -> str:
    """Print 12 digits as +++123/4567/89012+++, the international form in groups of four; any other reference as it is."""
    if len(reference) == 12 and reference.isdigit():
        return f"+++{reference[:3]}/{reference[3:7]}/{reference[7:]}+++"
    return format_iban(reference) if reference.startswith("RF") else reference


def prepaid_by(one: Prepayment, translator: Translator) -> str:
    """What stands before an amount that a gift card or store credit paid, or a credit note or a refund took off."""
    if one.refunded:
        return translator.gettext("Refunded")
    if isinstance(one, Credited):
        return translator.gettext("Credited")
    if one.deposit:
        return translator.gettext("Deposit paid")
    if one.name:
        return translator.gettext("Paid: {name}", name=one.name)
    return (
        translator.gettext("Paid with gift card {code}", code=one.code)
        if one.code
        else translator.gettext("Already paid")
    )
