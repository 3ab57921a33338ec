"""What the page of mail settings says under a test mail: an owner's words to owners, more to whoever runs the installation."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bridge_app import SHOP, BridgeApp, settings_for
from tests.support.personas import signed_in
from worker.mail import diagnosis
from worker.message import Message
from worker.net.smtp_url import parse_smtp_url
from worker.store.users import Role

SERVER, SENDER = parse_smtp_url("smtps://mail.provider.example"), "winkel@gist.example"


@pytest.fixture
def tried(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[BridgeApp, str]]:
    """A shop that sent a test mail, and the page that says what came of it."""
    app = BridgeApp(settings_for(sqlite_url, tmp_path))
    app.add_shop()
    answer = {
        "accepted": True,
        "code": "mail_accepted",
        "message": Message("{host} took the mail.", host=SERVER.host),
        "hints": diagnosis.arrival_hints(SENDER, SERVER, is_own=True),
        "operator_hints": diagnosis.sender_hints(SENDER, SERVER),
    }
    task_id = app.finished_task("test_mail", answer)
    yield app, f"/s/{SHOP}/settings/mail?task={task_id}"
    app.close()


@pytest.mark.parametrize(("operator", "reads_of_records"), [(False, False), (True, True)])
def test_records_of_domains_are_told_to_who_runs_the_installation_alone(
    tried: tuple[BridgeApp, str], *, operator: bool, reads_of_records: bool
) -> None:
    app, path = tried
    roles = {} if operator else {SHOP: Role.ADMIN}

    page = signed_in(app, "els@host.example", operator=operator, roles=roles).get(path).text

    assert "Ask whoever manages the name gist.example for you" in page
    assert ("SPF record of gist.example" in page) is reads_of_records


def test_a_shop_in_test_says_whose_address_its_mails_go_to(sqlite_url: str, tmp_path: Path) -> None:
    settings = dataclasses.replace(settings_for(sqlite_url, tmp_path), mail_from="Facturelay <documents@host.test>")
    app, path = BridgeApp(settings), f"/s/{SHOP}/settings/mail"
    app.add_shop()
    app.change_shop(test=True)
    without = signed_in(app, "els@host.example", operator=True).get(path).text
    owned = signed_in(app, "an@gist.example", roles={SHOP: Role.ADMIN}).get(path).text
    app.close()

    assert "are mailed to documents@host.test and to no customer" in without
    assert ("whoever runs Facturelay; a sender below" in without, "That is the owner" in without) == (True, False)
    assert "are mailed to an@gist.example and to no customer" in owned
    assert ("whoever runs Facturelay; a sender below" in owned, "That is the owner" in owned) == (False, True)
