"""What needs somebody is heard by webhook, ntfy and Slack too: in the reader's language, tried again, and never lost in silence."""

import hashlib
import hmac
import json

import pytest

from tests.integration.notifications.test_alerts import quiet, sound
from tests.support.scripted_server import ReceivedRequest, ScriptedServer, answer
from tests.support.system import System
from tests.support.task_requests import answered, refused
from worker.actions import channels as actions
from worker.domain.actor import Actor
from worker.domain.attention import Harm
from worker.domain.channel import ChannelKind
from worker.notifications.channels import tell_channels
from worker.store import channels, users
from worker.store.channels import Channel, NewChannel
from worker.store.users import NewUser, Role

TAKEN, REFUSED = answer(200, b""), answer(503, b"")
AN = "an@gist.example"


def added(system: System, kind: ChannelKind, url: str, harm: Harm = Harm.DECISION, user_id: int | None = None) -> str:
    new = NewChannel(system.shop_id, kind, url, harm, user_id)
    with system.services.store.write() as connection:
        return actions.add_channel(connection, system.services.encryption, new, by=Actor("An", system.clock.now))[1]


def channel(system: System) -> Channel:
    with system.services.store.read() as connection:
        return channels.of_shop(connection, system.services.encryption, system.shop_id)[0]


def told(system: System, server: ScriptedServer) -> list[ReceivedRequest]:
    before = len(server.asked)
    tell_channels(system.services, system.connected)
    return list(server.asked[before:])


def test_each_kind_is_told_in_the_form_that_it_reads(system: System) -> None:
    with ScriptedServer([TAKEN] * 3) as server:
        secret = added(system, ChannelKind.WEBHOOK, f"{server.url}/json")
        for kind in (ChannelKind.NTFY, ChannelKind.SLACK):
            added(system, kind, f"{server.url}/{kind}")
        sound(system, "reconcile_missing", "Order 7 has no invoice <yet>.")
        as_json, as_text, as_slack = told(system, server)
        assert told(system, server) == []
    at, _, signature = as_json.headers["x-facturelay-signature"].removeprefix("t=").partition(",v1=")
    assert signature == hmac.new(secret.encode(), at.encode() + b"." + as_json.body, hashlib.sha256).hexdigest()
    said = json.loads(as_json.body)
    assert (said["event"], [thing["text"] for thing in said["things"]]) == (
        "attention",
        ["Order 7 has no invoice <yet>."],
    )
    assert as_text.body.decode() == "Order 7 has no invoice <yet>."
    assert (as_text.headers["priority"], as_text.headers["click"]) in [(str(p), said["url"]) for p in (3, 4, 5)]
    assert "Order 7 has no invoice &lt;yet&gt;." in json.loads(as_slack.body)["text"]


def test_a_person_is_told_in_his_language_only_from_the_harm_on_that_he_chose(system: System) -> None:
    with system.services.store.write() as connection:
        user = users.add(connection, NewUser(AN, "An", "x", "nl", operator=False), now=system.clock.now)
        users.give_role(connection, user, system.shop_id, Role.ADMIN)
    with ScriptedServer([TAKEN]) as server:
        added(system, ChannelKind.NTFY, f"{server.url}/geheim", Harm.LEGAL_TERM, user)
        sound(system, "oss_limit_near", "This only informs.")
        assert told(system, server) == []
        assert channel(system).owed == ()


def test_what_is_not_taken_is_tried_again_told_on_the_page_and_closed_when_it_is(system: System) -> None:
    with ScriptedServer([REFUSED, REFUSED, REFUSED, TAKEN]) as server:
        added(system, ChannelKind.SLACK, f"{server.url}/services/T0/B0/secret")
        sound(system, "reconcile_missing", "Order 7 has no invoice.")
        for _ in range(3):
            assert len(told(system, server)) == 1
            assert told(system, server) == []  # not before its time
            system.clock.move(minutes=10)
        assert (channel(system).failures, len(channel(system).owed), "503" in str(channel(system).message)) == (
            3,
            1,
            True,
        )
        assert "channel_silent" in system.alert_codes()
        assert "secret" not in str(channel(system)) + repr(channel(system))
        (last,) = told(system, server)
    assert "Order 7" in json.loads(last.body)["text"]
    assert (channel(system).failures, channel(system).owed) == (0, ())
    assert "channel_silent" not in system.alert_codes()


def test_what_is_over_before_it_was_told_is_not_told(system: System) -> None:
    with ScriptedServer([REFUSED]) as server:
        added(system, ChannelKind.NTFY, server.url)
        sound(system, "reconcile_missing", "Order 7 has no invoice.")
        told(system, server)
        quiet(system, "reconcile_missing")
        system.clock.move(minutes=10)
        assert told(system, server) == []
    assert channel(system).owed == ()


def test_who_may_not_see_the_shop_any_more_hears_nothing_of_it(system: System) -> None:
    with system.services.store.write() as connection:
        user = users.add(connection, NewUser(AN, "An", "x", "nl", operator=False), now=system.clock.now)
    with ScriptedServer([]) as server:
        added(system, ChannelKind.NTFY, server.url, user_id=user)
        sound(system, "reconcile_missing", "Order 7 has no invoice.")
        assert told(system, server) == []


def test_a_private_address_is_not_called(system: System) -> None:
    added(system, ChannelKind.NTFY, "http://127.0.0.1:9/x")
    private = channel(system).channel_id
    code, said = refused(system, "try_channel", channel_id=private)[:2]
    assert code in ("private_address", "receiver_away")
    assert said


@pytest.mark.parametrize("kind", list(ChannelKind))
def test_a_try_says_whether_it_was_taken(system: System, kind: ChannelKind) -> None:
    with ScriptedServer([TAKEN, REFUSED]) as server:
        added(system, kind, server.url)
        assert answered(system, "try_channel", channel_id=channel(system).channel_id) == {"host": "127.0.0.1"}
        code, said = refused(system, "try_channel", channel_id=channel(system).channel_id)[:2]
    assert (code, "503" in said) == ("receiver_refuses", True)
