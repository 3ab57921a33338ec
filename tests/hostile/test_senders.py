"""Who counts as one sender at the door: what a client writes of itself changes nothing."""

import pytest

from bridge.accounts import attempts
from tests.support.bridge_app import BridgeApp
from tests.support.personas import Visitor

MOST = 6  # a sender has sixty, and each costs the time that checking a password takes
TRIES = MOST + 1


@pytest.fixture(autouse=True)
def few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_ATTEMPTS_OF_ADDRESS", MOST)


def last_status(app: BridgeApp, senders: list[dict[str, str]]) -> int:
    """Of wrong passwords for ever other accounts, one from each of *senders* (as the server hands them over)."""
    visitor = Visitor(app)
    visitor.get("/sign-in")
    status = 0
    for number, sender in enumerate(senders):
        visitor.client.environ_base.update(sender)
        status = visitor.sign_in(f"nobody{number}@host.example", "wrong wrong wrong").status_code
    return status


@pytest.mark.parametrize(
    "senders",
    [
        [{"REMOTE_ADDR": "10.0.0.5", "HTTP_X_FORWARDED_FOR": f"198.51.100.{n}"} for n in range(TRIES)],
        [{"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": f"198.51.100.{n}, 127.0.0.1"} for n in range(TRIES)],
        [{"REMOTE_ADDR": f"2001:db8:1:2::{n:x}"} for n in range(TRIES)],
    ],
    ids=["forged from a private network", "forged from this machine", "one network of IPv6"],
)
def test_tries_under_other_addresses_are_tries_of_one_sender(app: BridgeApp, senders: list[dict[str, str]]) -> None:
    """70 of 70 passed, before."""
    assert last_status(app, senders) == 429


def test_senders_of_different_networks_do_not_count_for_each_other(app: BridgeApp) -> None:
    senders = [{"REMOTE_ADDR": f"2001:db8:1:{n:x}::1"} for n in range(TRIES)]
    assert last_status(app, senders) == 422
