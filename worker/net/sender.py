"""Who sent a request: the address behind the proxies that the operator named, and what counts as one sender. Pure."""

import ipaddress
from collections.abc import Sequence

# What a provider gives to one household or server. Whoever has one address of it has 2^64.
IPV6_SHARE = 64
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(text: str) -> tuple[str, ...]:
    """The addresses and networks in *text*, separated by commas. Raises ValueError for what is none."""
    return tuple(str(ipaddress.ip_network(part.strip(), strict=False)) for part in text.split(",") if part.strip())


def sender_of(peer: str, forwarded: Sequence[str], trusted: Sequence[str]) -> str:
    """The address that a request came from; "" where that is none.

    *peer* is who connected, *forwarded* what X-Forwarded-For says, the nearest last. Each proxy adds who connected to it, so an
    address counts only as far as everybody after it is in *trusted* (networks): what a client writes there itself changes nothing.
    """
    sender = normalized(peer)
    networks = [ipaddress.ip_network(one) for one in trusted]
    for further in reversed(forwarded):
        if not is_in(sender, networks):
            break
        known = normalized(further)
        if not known:
            break
        sender = known
    return sender


def sender_group(address: str) -> str:
    """What counts as one sender: an IPv4 address, of an IPv6 one its network of 64 bits. "" stays that."""
    found = parsed(address)
    if not isinstance(found, ipaddress.IPv6Address):
        return address
    return str(ipaddress.ip_network((found, IPV6_SHARE), strict=False))


def normalized(text: str) -> str:
    found = parsed(text)
    return "" if found is None else str(found)


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IPv4 address in the clothes of IPv6 is one."""
    try:
        found = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def is_in(address: str, networks: Sequence[Network]) -> bool:
    found = parsed(address)
    return found is not None and any(found in network for network in networks if network.version == found.version)
