"""Where a request came from: what a client writes of itself changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.net.sender import parse_networks, sender_group, sender_of

PROXY = "10.213.77.2"


@given(st.lists(st.text(max_size=40) | st.ip_addresses().map(str), max_size=5))
def test_where_nobody_is_trusted_the_sender_is_who_connected(forged: list[str]) -> None:
    assert sender_of("127.0.0.1", forged, ()) == "127.0.0.1"
    assert sender_of("10.0.0.7", forged, ("10.0.0.8",)) == "10.0.0.7"


@given(st.lists(st.text(max_size=40) | st.ip_addresses().map(str), max_size=5))
def test_what_a_client_writes_before_its_proxy_changes_nothing(forged: list[str]) -> None:
    assert sender_of(PROXY, [*forged, "198.51.100.7"], (PROXY,)) == "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "forwarded", "sender"),
    [
        (PROXY, [], PROXY),
        (PROXY, ["nonsense"], PROXY),
        (PROXY, ["198.51.100.7", "10.213.77.9"], "198.51.100.7"),  # two proxies of ours, one behind the other
        (PROXY, ["192.0.2.1", "198.51.100.7", "10.213.77.9"], "198.51.100.7"),
        (f"::ffff:{PROXY}", ["::ffff:198.51.100.7"], "198.51.100.7"),
        (PROXY, ["2001:db8::5"], "2001:db8::5"),
        ("", ["198.51.100.7"], ""),
        ("localhost", ["198.51.100.7"], ""),
    ],
)
def test_proxies_are_believed_as_far_as_they_are_trusted(peer: str, forwarded: list[str], sender: str) -> None:
    assert sender_of(peer, forwarded, ("10.213.77.0/24",)) == sender


@given(st.ip_addresses(v=6, network="2001:db8:1:2::/64").map(str))
def test_a_network_of_ipv6_is_one_sender(address: str) -> None:
    assert sender_group(address) == "2001:db8:1:2::/64"


def test_each_address_of_ipv4_is_a_sender() -> None:
    assert (sender_group("198.51.100.7"), sender_group("")) == ("198.51.100.7", "")


def test_networks_are_written_with_commas_between_them() -> None:
    assert parse_networks("10.0.0.2, 192.168.7.9/24,") == ("10.0.0.2/32", "192.168.7.0/24")
    with pytest.raises(ValueError, match="proxy"):
        parse_networks("proxy")
