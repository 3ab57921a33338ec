"""The plugin's zip from a running Facturelay."""

import hashlib

from bridge.plugin.package import own_package
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import signed_in


def test_wordpress_fetches_the_released_zip_without_signing_in_and_only_when_it_changed(app: BridgeApp) -> None:
    answer = app.client.get("/plugin/facturelay.zip")

    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    assert hashlib.sha256(answer.data).hexdigest() == own_package().sha256
    assert own_package().file_name in answer.headers["Content-Disposition"]
    again = app.client.get("/plugin/facturelay.zip", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_page_that_connects_a_shop_has_the_button_for_it(app: BridgeApp) -> None:
    owner = signed_in(app, "els@host.example", operator=True)

    page = owner.get(f"/s/{SHOP}/settings/connection").text

    assert 'href="/plugin/facturelay.zip" download' in page
    assert f"version {own_package().version}" in page
