"""What VIES, the register of the EU's VAT numbers, answers. As measured on its REST service in November 2026:

an error comes with status 200, 400 or 500 and is never “invalid”; `requestIdentifier`, the proof of having asked, is given only to
who asks with a VAT number of his own.
"""

import re
from dataclasses import dataclass
from typing import Any

from worker.net.http_call import read_json

UNREADABLE = "UNREADABLE"  # our own code beside those of VIES
_WITHHELD = "---"  # what DE and ES put in place of name and address


@dataclass(frozen=True)
class ViesAnswer:
    """What came of asking. *valid* is None where VIES could not say, and *code* says why. *raw* is the answer as it came."""

    valid: bool | None
    raw: str = ""
    code: str = ""
    request_identifier: str = ""
    name: str = ""
    address: str = ""


def read_answer(raw: str, number: str) -> ViesAnswer:
    """What *raw* says of *number*. Whatever is not plainly yes or no is neither."""
    found = read_json(raw)
    if not isinstance(found, dict):
        return ViesAnswer(None, raw, UNREADABLE)
    code, valid = _error_code(found), found.get("valid")
    if code or not isinstance(valid, bool) or not _is_about(found, number):
        return ViesAnswer(None, raw, code or UNREADABLE)
    return ViesAnswer(
        valid,
        raw,
        request_identifier=_text(found, "requestIdentifier")[:60],
        name=_text(found, "name"),
        address=_text(found, "address"),
    )


def _error_code(found: dict[str, Any]) -> str:
    wrappers = found.get("errorWrappers")
    first = wrappers[0] if isinstance(wrappers, list) and wrappers else None
    code = first.get("error") if isinstance(first, dict) else None
    if isinstance(code, str) and re.fullmatch(r"[A-Z_]{1,40}", code):
        return code
    return UNREADABLE if wrappers or found.get("actionSucceed") is False else ""


def _is_about(found: dict[str, Any], number: str) -> bool:
    """An answer that a proxy kept from another question is none."""
    said = f"{found.get('countryCode', number[:2])}{found.get('vatNumber', number[2:])}"
    return re.sub(r"[^0-9A-Z+*]", "", said.upper()) == number


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    text = value.strip() if isinstance(value, str) else ""
    return "" if text == _WITHHELD else text[:500]
