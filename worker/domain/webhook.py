"""Outgoing webhooks: which events there are, which addresses may be called, and how a request is signed. Pure."""

import hmac
import ipaddress
import re
from enum import StrEnum
from urllib.parse import urlsplit

from worker.errors import InvalidValue
from worker.net.ip_address import is_public

LONGEST_URL = 500
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# Names that never lead to the internet (RFC 6761, RFC 6762, RFC 8375, and ICANN's .internal).
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa")


class WebhookEventKind(StrEnum):
    ISSUED = "document.issued"
    PAID = "document.paid"
    CREDITED = "document.credited"


def check_webhook_url(text: str, *, allow_private: bool) -> str:
    """*text* itself. Raises ValueError with a message when it is no address that may be called.

    A name is not resolved here: where it leads is checked by `net.guarded_http` each time it is called.
    """
    host = _host_of(text, schemes=("https", "http") if allow_private else ("https",))
    if not allow_private and _is_private(host):
        raise InvalidValue(
            "“{host}” is inside a private network, so it is not called. Use a public address.", host=host
        )
    return text


def _host_of(text: str, *, schemes: tuple[str, ...]) -> str:
    if len(text) > LONGEST_URL:
        raise InvalidValue(
            "An address may have {longest} characters; this one has {length}.", longest=LONGEST_URL, length=len(text)
        )
    # Two parsers read a backslash or a line end in two ways; what is checked must be what is called.
    if not text.isascii() or not text.isprintable() or re.search(r"[\s\\]", text):
        raise InvalidValue(
            "An address has no blanks and no letters with accents; copy the whole of it from where it is shown."
        )
    try:
        address = urlsplit(text)
        has_port = address.port != 0
        host = address.hostname or ""
    except ValueError as error:
        raise InvalidValue("“{text}” is not a web address ({error}).", text=text, error=error) from error
    is_name = _HOST.fullmatch(host) is not None and "[" not in address.netloc
    if address.scheme not in schemes or not has_port or not (is_name or _is_ip_address(host)):
        raise InvalidValue(
            "“{text}” is not an address that can be called; write it like https://books.example.com/hook.", text=text
        )
    if "@" in address.netloc or "#" in text:
        raise InvalidValue("An address here has no user, password or #; the signature tells who calls.")
    return host


def _is_private(host: str) -> bool:
    if _is_ip_address(host):
        return not is_public(host)
    # The last label of a public name is never a number: 127.1 and 0x7f.1 are ways to write 127.0.0.1.
    return "." not in host or f".{host}".endswith(_PRIVATE_SUFFIXES) or host.rpartition(".")[2][0].isdigit()


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def signature_header(secret: str, body: bytes, *, at: int) -> str:
    """The header that proves who calls and when: `t=1764150000,v1=…`, HMAC-SHA256 over the time, a dot and the raw body."""
    return f"t={at},v1={hmac.digest(secret.encode(), f'{at}.'.encode() + body, 'sha256').hex()}"
