"""When two addresses are one shop: keys that were given to one of them may go to the other. Pure."""

from contextlib import suppress
from urllib.parse import urlsplit

STANDARD_PORTS = {"http": 80, "https": 443}


def host_of(url: str) -> str:
    """The server's name alone: the rest of an address may be its secret."""
    return urlsplit(url).hostname or ""


def normalized_address(url: str) -> str:
    """Host, port and folder: sites of one network may differ in the folder alone. With and without www is one site."""
    return f"{host_and_port(url)}{urlsplit(url).path.rstrip('/')}"


def host_and_port(url: str) -> str:
    """The host, by its name in the DNS and without www, and its port where that is not the scheme's own."""
    address = urlsplit(url)
    host = (address.hostname or "").rstrip(".").removeprefix("www.")
    with suppress(UnicodeError):  # of what is no name of the DNS, which is compared as it is written
        host = host if host.isascii() else host.encode("idna").decode()
    port = "" if address.port in (None, STANDARD_PORTS.get(address.scheme)) else f":{address.port}"
    return f"{host}{port}"


def admin_address(told: object, shop_url: str) -> str:
    """Where a shop is administered, ending in /: as its plugin *told*, of its own host alone; else where WordPress has it by itself."""
    with suppress(ValueError):  # of what is no address
        address = urlsplit(told) if isinstance(told, str) else urlsplit("")
        if address.scheme in STANDARD_PORTS and host_and_port(address.geturl()) == host_and_port(shop_url):
            return f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path.rstrip('/')}/"
    return f"{shop_url}/wp-admin/"


def may_have_keys_of(new: str, old: str) -> bool:
    """Whether the keys that were given for *old* may be sent to *new*: the same site, and not with less encryption."""
    loses_encryption = urlsplit(old).scheme == "https" and urlsplit(new).scheme != "https"
    return normalized_address(new) == normalized_address(old) and not loses_encryption
