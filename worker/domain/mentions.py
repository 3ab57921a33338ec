"""Legal mentions on documents. The texts are data with article, source and date: an accountant may change them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from worker.domain.data_file import read_data
from worker.domain.document import Category, Mention

SIMPLIFIED = "simplified_invoice"  # of the invoice as a whole: no line and no category is so, and no credit note


@dataclass(frozen=True)
class NationalText:
    """What the law of one country other than Belgium wants its own sellers to say; *text* is by language."""

    article: str
    source: str
    date_read: date
    text: Mapping[str, str]


@dataclass(frozen=True)
class LegalText:
    """One case of the law. *text* is by language; *national* is by the seller's country, *abroad* for sellers in any other."""

    key: str
    category: Category | None  # the VAT category it explains; None when it explains no 0 %
    vatex: str  # the code of the CEF list of exemption reasons (BT-121), where one exists
    article: str
    source: str
    date_read: date
    text: Mapping[str, str]
    abroad: Mapping[str, str]
    national: Mapping[str, NationalText]

    def for_seller_in(self, country: str) -> Mapping[str, str]:
        """The texts of a seller in *country*, by language: its own law's, else the directive's; Belgium's are *text*."""
        if country in self.national:
            return self.national[country].text
        return self.text if country == "BE" or not self.abroad else self.abroad


def mention(key: str, *, language: str, second: str = "", seller_country: str = "BE") -> Mention:
    """The mention *key* as it is printed, in a *second* language too where there is one."""
    said = legal_texts()[key].for_seller_in(seller_country)
    return Mention(key=key, text=said[language], second=said[second] if second else "")


def exemption(category: Category, printed: Iterable[Mention]) -> tuple[str, str]:
    """Code and text of the reason why *category* carries no VAT (BT-121, BT-120), from the mentions of a document.

    Several reasons of one category share its one text, and no code fits them all.
    """
    found = [(legal_texts()[said.key], said) for said in printed if said.key in legal_texts()]
    reasons = [(legal.vatex, said.text) for legal, said in found if legal.category is category]
    return reasons[0] if len(reasons) == 1 else ("", "; ".join(text for _, text in reasons))


@cache
def legal_texts() -> Mapping[str, LegalText]:
    """Everything in `data/mentions.toml`, by key."""
    return {
        key: LegalText(
            key=key,
            category=Category(entry["category"]) if "category" in entry else None,
            vatex=entry.get("vatex", ""),
            article=entry["article"],
            source=entry["source"],
            date_read=entry["date_read"],
            text=entry["text"],
            abroad=entry.get("abroad", {}),
            national={country: NationalText(**national) for country, national in entry.get("national", {}).items()},
        )
        for key, entry in read_data("mentions").items()
    }
