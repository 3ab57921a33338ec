"""Legal mentions on documents. The texts are data with article, source and date: an accountant may change them."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from worker.domain.document import Category, Mention


@dataclass(frozen=True)
class LegalText:
    """One case of the law. *text* is by language; *abroad* is for sellers outside Belgium, whose own code we do not quote."""

    key: str
    category: Category | None  # the VAT category it explains; None when it explains no 0 %
    vatex: str  # the code of the CEF list of exemption reasons (BT-121), where one exists
    article: str
    source: str
    date_read: date
    text: Mapping[str, str]
    abroad: Mapping[str, str]


def mention(key: str, *, language: str, seller_country: str = "BE") -> Mention:
    """The mention *key* as it is printed."""
    legal = legal_texts()[key]
    texts = legal.text if seller_country == "BE" or not legal.abroad else legal.abroad
    return Mention(key=key, text=texts[language])


def exemption(category: Category, printed: Iterable[Mention]) -> tuple[str, str]:
    """Code and text of the reason why *category* carries no VAT (BT-121, BT-120), from the mentions of a document."""
    for said in printed:
        legal = legal_texts().get(said.key)
        if legal and legal.category is category:
            return legal.vatex, said.text
    return "", ""


@cache
def legal_texts() -> Mapping[str, LegalText]:
    """Everything in `data/mentions.toml`, by key."""
    text = (files("worker.domain") / "data/mentions.toml").read_text(encoding="utf-8")
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
        )
        for key, entry in tomllib.loads(text).items()
    }
