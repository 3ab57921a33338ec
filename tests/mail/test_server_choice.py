"""The way a mail takes: the shop's own server or the operator's, checked before it is called, explained when it fails."""

import re

import pytest

from worker.errors import FacturelayError, Rejected
from worker.mail.diagnosis import HINTS, OPERATOR_HINTS, arrival_hints, hints, operator_hints, sender_hints
from worker.mail.server_choice import choose_server
from worker.net.smtp_url import parse_smtp_url

OPERATORS = "smtps://relay.example"


def refused(own: str, *, allow_private: bool = False) -> FacturelayError:
    with pytest.raises(FacturelayError) as caught:
        choose_server(own, OPERATORS, allow_private=allow_private)
    return caught.value


def test_without_a_server_of_its_own_a_shop_uses_the_operator_s() -> None:
    way = choose_server("", OPERATORS, allow_private=False)

    assert (way.smtp_url, way.connect_to, way.is_own) == (OPERATORS, (), False)


def test_a_server_of_its_own_is_reached_by_the_checked_number() -> None:
    way = choose_server("smtps://u:p@127.0.0.1", OPERATORS, allow_private=True)

    assert (way.connect_to, way.is_own, way.server.host) == (("127.0.0.1",), True, "127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "[::1]", "localhost"])
def test_a_server_inside_a_private_network_is_never_called(host: str) -> None:
    assert refused(f"smtp+starttls://u:p@{host}").code == "private_address"


def test_a_password_never_travels_in_the_open() -> None:
    assert refused("smtp://u:geheim@127.0.0.1").code == "mail_server_open"


def test_no_refusal_tells_the_password() -> None:
    for own in ("smtp://u:geheim@127.0.0.1", "ftp://u:geheim@127.0.0.1", "smtps://u:geheim@127.0.0.1/x"):
        assert "geheim" not in str(refused(own).message)


def test_a_host_that_nobody_knows_is_a_passing_thing() -> None:
    error = refused("smtps://u:p@no-such-host.invalid")

    assert (error.code, isinstance(error, Rejected)) == ("mail_server_unreachable", False)


def test_where_there_is_no_server_at_all_the_sentence_says_what_to_do() -> None:
    with pytest.raises(Rejected, match="No mail server is set"):
        choose_server("", "", allow_private=False)


OF_OPERATORS = re.compile(r"://|DNS|TXT|v=spf1|FACTURELAY_|facturelay mail|percent|certificate")


def test_every_hint_is_a_sentence() -> None:
    told = [*HINTS.values(), *OPERATOR_HINTS.values()]
    assert all(str(hint).endswith(".") for found in told for hint in found)
    assert (hints("mail_accepted"), operator_hints("mail_accepted")) == ((), ())


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize("sender", ["winkel@gist.example", "gist@gmail.com"])
def test_an_owner_reads_no_word_that_only_who_runs_servers_knows(sender: str, *, is_own: bool) -> None:
    arrival = arrival_hints(sender, parse_smtp_url("smtps://mail.provider.example"), is_own=is_own)

    assert arrival
    assert [
        str(hint)
        for hint in (*arrival, *(one for found in HINTS.values() for one in found))
        if OF_OPERATORS.search(str(hint))
    ] == []


@pytest.mark.parametrize(
    ("sender", "host", "said"),
    [
        ("winkel@gist.example", "mail.provider.example", "SPF record of gist.example"),
        ("gist@gmail.com", "mail.provider.example", "gmail.com tells everybody"),
        ("gist@gmail.com", "smtp.gmail.com", "SPF record of gmail.com"),
        ("gist@hotmail.com", "smtp.office365.com", "SPF record of hotmail.com"),
        ("gist@telenet.be", "smtp.telenet.be", "SPF record of telenet.be"),
    ],
)
def test_a_mailbox_provider_s_address_from_another_server_is_warned_about(sender: str, host: str, said: str) -> None:
    (hint,) = sender_hints(sender, parse_smtp_url(f"smtps://{host}"))

    assert said in str(hint)
