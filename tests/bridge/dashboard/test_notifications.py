"""The page of notifications: what is added is tried by its button, and the whole address is shown to nobody afterwards."""

from tests.bridge.dashboard.test_pages import SETTINGS, admin, asked
from tests.support.bridge_app import NOW, SHOP, BridgeApp
from worker.message import Message
from worker.store import channels
from worker.store.database.encryption import Encryption

PAGE = f"{SETTINGS}/notifications"
SLACK = "https://hooks.slack.com/services/T0/B0/geheim"


def test_a_channel_is_added_tried_and_removed_and_its_address_is_not_shown_again(app: BridgeApp) -> None:
    visitor = admin(app)
    assert "Nobody but by mail" in visitor.get(PAGE).text
    visitor.post(PAGE, kind="slack", url=SLACK, threshold="2")
    shown = visitor.get(PAGE).text
    assert ("hooks.slack.com" in shown, "geheim" in shown) == (True, False)
    assert "also when a legal term is near" in shown
    visitor.post(f"{PAGE}/1/try")
    assert asked(app) == ("try_channel", {"channel_id": 1})
    visitor.post(f"{PAGE}/1/remove")
    assert "Nobody but by mail" in visitor.get(PAGE).text
    trail = visitor.get(f"/s/{SHOP}/activity").text
    assert ("hooks.slack.com is no longer notified" in trail, "geheim" in trail) == (True, False)


def test_a_webhooks_secret_is_shown_once_and_a_private_address_is_refused_beside_its_field(app: BridgeApp) -> None:
    visitor = admin(app)
    assert "fn_" in visitor.post(PAGE, kind="webhook", url="https://books.example.com/hook", threshold="4").text
    assert "fn_" not in visitor.get(PAGE).text
    refused = visitor.post(PAGE, kind="ntfy", url="https://127.0.0.1/x", threshold="4")
    assert (refused.status_code, "private network" in refused.text) == (422, True)
    refused = visitor.post(PAGE, kind="ntfy", url="my phone", threshold="4")
    assert "An address has no blanks" in refused.text


def test_what_is_not_taken_is_told_on_the_page(app: BridgeApp) -> None:
    visitor = admin(app)
    visitor.post(PAGE, kind="ntfy", url="https://ntfy.sh/geheim", threshold="4")
    encryption = Encryption(app.settings.secret_keys)
    with app.store.write() as connection:
        (channel,) = channels.of_shop(connection, encryption, SHOP)
        channels.owe(connection, channel, [1, 2])
        channels.failed(connection, channel, Message("The receiver cannot be reached."), now=NOW)
    shown = visitor.get(PAGE).text
    assert "The receiver cannot be reached." in shown
    assert "2 things are still to be told" in shown
