"""Which addresses may be called: held against the registries themselves, whatever the running Python believes."""

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.net.ip_address import is_public

# Every entry of IANA's IPv4 and IPv6 Special-Purpose Address Registries (read 2026-11-28), and the multicast, IPv4-compatible
# and site-local ranges that have registries of their own.
REGISTRIES = re.findall(
    r"\S+",
    """
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29 192.0.0.8/32
192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24
192.88.99.2/32 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
255.255.255.255/32
::1/128 ::/128 ::/96 ::ffff:0:0/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128 2001:1::2/128
2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16
2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8
""",
)
# Metadata services of clouds: whoever may have one called reads its machine's keys.
METADATA = ("169.254.169.254", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fe80::a9fe:a9fe")


@pytest.mark.parametrize("network", REGISTRIES)
def test_no_address_of_a_special_registry_is_public(network: str) -> None:
    addresses = ipaddress.ip_network(network)
    middle = addresses[addresses.num_addresses // 2]
    assert [is_public(str(address)) for address in (addresses[0], middle, addresses[-1])] == [False] * 3


@pytest.mark.parametrize("number", METADATA)
def test_no_metadata_service_is_public(number: str) -> None:
    assert not is_public(number)


@pytest.mark.parametrize(
    "number",
    ["9.255.255.255", "11.0.0.0", "192.0.1.0", "191.255.255.255", "172.32.0.0", "223.255.255.255", "2001:200::", "2003::", "3ffe::"],
)  # fmt: skip
def test_the_neighbours_of_the_registries_are_public(number: str) -> None:
    assert is_public(number)


@given(st.ip_addresses())
def test_nothing_is_public_that_this_python_knows_to_be_special(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    nat64 = address in ipaddress.ip_network("64:ff9b::/96")
    assert not is_public(str(address)) or address.is_global or nat64


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_the_same_when_nat64_writes_it(address: ipaddress.IPv4Address) -> None:
    assert is_public(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(address)))) == is_public(
        str(address)
    )
