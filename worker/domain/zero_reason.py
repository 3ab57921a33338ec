"""Why a shop sells something without VAT: what its owner says that a tax class, an article or a fee is, as values and as text.

That the shop charged 0 % says nothing: a forgotten rate looks the same. The law wants the reason (art. 5 §1 10° RD no. 1).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from worker.domain.order import OrderLine
from worker.errors import InvalidValue


class Untaxed(StrEnum):
    """What a thing without VAT is; but for the margin scheme and art. 44, each is a key of `mentions.toml` of its own."""

    VOUCHER = "voucher"  # for several purposes: taxed when it is spent (art. 1 §15 and 22ter of the VAT code)
    PACKAGING = "packaging"  # returnable (art. 28 6°)
    DISBURSEMENT = "disbursement"  # paid in the customer's name and for his account (art. 28 5°)
    TIP = "tip"  # or a gift: nothing is owed for it
    MARGIN = "margin"  # second-hand goods (art. 58 §4)
    EXEMPT = "exempt"  # art. 44
    ZERO_RATED = "zero_rated"  # goods that the law taxes at 0 %: periodicals, recovered materials


class Mark(StrEnum):
    """By what a line of an order is recognised."""

    TAX_CLASS = "tax class"
    SKU = "sku"
    PRODUCT = "product"  # its number in the shop, or that of a variation
    NAME = "name"


_READ_FROM: dict[Mark, Callable[[OrderLine], tuple[str, ...]]] = {
    Mark.TAX_CLASS: lambda line: (_slug(line.tax_class),),
    Mark.SKU: lambda line: (line.sku,),
    Mark.PRODUCT: lambda line: (str(line.product_id), str(line.variation_id)),
    Mark.NAME: lambda line: (line.name,),
}


@dataclass(frozen=True)
class ZeroReason:
    """Lines whose *mark* is *value* are *what*. Capitals make no difference, and a * stands for any text."""

    mark: Mark
    value: str
    what: Untaxed

    @classmethod
    def parse(cls, text: str) -> "ZeroReason":
        """Read `tax class zero-rate = zero_rated`, `sku GIFT-50 = voucher`, `product 812 = margin` or `name Krat* = packaging`."""
        named, _, what = text.rpartition("=")
        found = re.fullmatch(r"(tax class|sku|product|name)\s+(\S.*?)\s*", named.strip(), re.IGNORECASE)
        if found is None:
            raise InvalidValue(
                "“{text}” does not say what is sold without VAT; write it like tax class zero-rate = zero_rated, "
                "sku GIFT-50 = voucher, product 812 = margin or name Statiegeld* = packaging.",
                text=text,
            )
        if what.strip().lower() not in list(Untaxed):
            raise InvalidValue(
                "“{what}” in “{text}” is no reason to charge no VAT; choose one of {choices}.",
                what=what.strip(),
                text=text,
                choices=", ".join(Untaxed),
            )
        if not found[2].strip("*"):
            raise InvalidValue("“{text}” would hold for everything that is sold; name what it is about.", text=text)
        return cls(Mark(found[1].lower()), found[2], Untaxed(what.strip().lower()))

    def __str__(self) -> str:
        return f"{self.mark} {self.value} = {self.what}"

    def fits(self, line: OrderLine) -> bool:
        wanted = _slug(self.value) if self.mark is Mark.TAX_CLASS else self.value
        pattern = re.escape(wanted).replace(r"\*", ".*")
        texts = (text.strip() for text in _READ_FROM[self.mark](line))
        return any(re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL) for text in texts)


def reason_of(line: OrderLine, reasons: Iterable[ZeroReason]) -> Untaxed | None:
    """What the shop says that *line* is; the first of *reasons* that fits counts."""
    return next((reason.what for reason in reasons if reason.fits(line)), None)


def _slug(tax_class: str) -> str:
    """A tax class as orders name it: “Zero rate” is zero-rate there."""
    return re.sub(r"\s+", "-", tax_class.strip().lower())
