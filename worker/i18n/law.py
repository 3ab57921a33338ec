"""The names of laws in a reader's language: articles are written once, in English, beside what they found."""

import re

from worker.i18n.catalogs import Translator
from worker.message import Message

# What articles are made of beside their numbers; where one begins like another the longer stands first.
LAW_TERMS = (
    Message("law of the country of destination"),
    Message("the number under which the supply is made"),
    Message("in Belgium periodicals and recovered materials"),
    Message("zero rates of before 1991"),
    Message("clause since"),
    Message("regime of"),
    Message("Belgian VAT code"),
    Message("Belgian RD"),
    Message("Directive 2006/112/EC"),
    Message("Regulation"),
    Message("CSA"),
    Message("CEL"),
    Message("RD"),
    Message("no."),
    Message("point"),
    Message("and"),
    Message("to"),
)
_TERM = re.compile("|".join(rf"(?<!\w){re.escape(term.key)}(?!\w)" for term in LAW_TERMS))


def law_reference(article: str, translator: Translator) -> str:
    """*article*, like “art. 39bis Belgian VAT code; art. 138 §1 Directive 2006/112/EC”, as *translator* names the laws."""
    said = _TERM.sub(lambda found: translator.lookup(found[0]), article)
    return said.replace(";", translator.semicolon).replace(": ", f"{translator.colon} ")
