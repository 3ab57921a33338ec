"""What the shop's plugin may ask of the bridge: connecting with a code, the check, the heartbeat, the way to a document."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import redis

from bridge.plugin.package import own_package
from tests.services.process import wait_until
from tests.support.bridge_app import NOW, PDF, SHOP, BridgeApp, settings_for
from tests.support.personas import signed_in
from tests.support.plugin_requests import (
    CODE,
    KEYS,
    PLUGIN_SECRET,
    Signer,
    ask,
    code_of,
    connect,
    invite,
    plugin_of,
    post,
)
from worker.message import Message
from worker.net import document_link
from worker.net.request_signature import sign_request, signature
from worker.queue import QueueName, job_of, open_queue
from worker.store import alerts, order_statuses, own_mails, plugins, shops, steps
from worker.store.plugins import PluginCheck
from worker.store.steps import StepPlan

WC_API_HASH = "27e07459bee170e054622b55467e3afb676e4f3bef8004a4117b30aa7f2f4309"  # of WooCommerce: wc_api_hash( 'ck_' . str_repeat( 'a', 40 ) )


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("nl-BE", "Facturelay kent deze code niet. Kopieer hem opnieuw, of laat een nieuwe maken."),
        ("fr-FR", "Facturelay ne connaît pas ce code. Copiez-le à nouveau, ou faites-en faire un nouveau."),
        (
            "de-DE",
            "Facturelay kennt diesen Code nicht. Kopieren Sie ihn erneut, oder lassen Sie einen neuen erstellen.",
        ),
        # As the plugin writes WordPress's locales.
        ("nl-NL-formal", "Facturelay kent deze code niet. Kopieer hem opnieuw, of laat een nieuwe maken."),
        ("fr-CA", "Facturelay ne connaît pas ce code. Copiez-le à nouveau, ou faites-en faire un nouveau."),
        (
            "de-CH-informal",
            "Facturelay kennt diesen Code nicht. Kopieren Sie ihn erneut, oder lassen Sie einen neuen erstellen.",
        ),
        ("pl-PL", "Facturelay does not know this code. Copy it again, or have a new one made."),
    ],
)
def test_the_plugin_shows_what_is_refused_in_the_language_of_its_page(
    app: BridgeApp, language: str, message: str
) -> None:
    headers = {"X-Facturelay-Invite": plugins.code_hash("XXXXX"), "Accept-Language": language}
    refused = post(app, "/plugin/connect", KEYS, headers, signer=Signer(plugins.signing_key("XXXXX")))
    assert refused.json == {"error": "code_wrong", "message": message}


def test_a_code_connects_the_shop_and_its_keys_are_stored(app_on_each_database: BridgeApp) -> None:
    invite(app_on_each_database)

    answer = connect(app_on_each_database)

    assert answer.get_json() == {
        "shop": SHOP,
        "name": "Bakkerij Janssens",
        "delivery_url": f"https://documents.example/webhooks/{SHOP}",
    }
    secrets = app_on_each_database.connected.secrets
    assert (secrets.rest_key, secrets.rest_secret) == (KEYS["rest_key"], KEYS["rest_secret"])
    assert secrets.webhook_secrets == (KEYS["webhook_secret"], "4f9d2c7b81e640d3a55e")
    found = plugin_of(app_on_each_database)
    assert found is not None
    assert (found.secret, found.check_state) == (PLUGIN_SECRET, "waiting")


def test_a_code_works_once(connected: BridgeApp) -> None:
    assert code_of(connect(connected)) == (401, "code_used")


def test_a_code_ends_after_a_week(app: BridgeApp) -> None:
    invite(app)
    app.now = NOW + timedelta(days=7)

    assert code_of(connect(app)) == (401, "code_used")


def test_a_new_code_ends_the_one_before(app: BridgeApp) -> None:
    invite(app)
    invite(app, "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ")

    assert code_of(connect(app)) == (401, "code_wrong")


@pytest.mark.parametrize("late_s", [-301, 301])
def test_a_clock_that_is_off_is_named(app: BridgeApp, late_s: int) -> None:
    invite(app)

    assert code_of(connect(app, late_s=late_s)) == (401, "clock_off")


def test_knowing_where_a_code_is_stored_is_not_knowing_the_code(app: BridgeApp) -> None:
    invite(app)
    found = {"X-Facturelay-Invite": plugins.code_hash(CODE)}

    assert code_of(post(app, "/plugin/connect", KEYS, found, signer=Signer(secret=plugins.code_hash(CODE)))) == (
        401,
        "code_wrong",
    )
    assert plugin_of(app) is None


@pytest.mark.parametrize(
    ("site", "found"),
    [
        ("https://staging.shop.example", (409, "site_other")),
        ("https://shop.example:8443", (409, "site_other")),
        ("https://shop.example/second", (409, "site_other")),
        ("http://shop.example", (422, "shop_url_http")),
    ],
)
def test_another_site_than_the_code_was_made_for_is_refused_and_the_code_stays(
    app: BridgeApp, site: str, found: tuple[int, str]
) -> None:
    invite(app)

    assert code_of(connect(app, {"site": site})) == found
    assert connect(app, {"site": "https://www.shop.example/"}).status_code == 200
    assert app.shop.url == "https://www.shop.example"


@pytest.mark.parametrize("name", ["rest_key", "rest_secret", "webhook_secret", "plugin_secret"])
def test_a_key_that_is_none_is_refused(app: BridgeApp, name: str) -> None:
    invite(app)

    assert code_of(connect(app, {name: ""})) == (400, "request_wrong")
    assert app.connected.secrets.rest_key == ""


def test_the_check_waits_until_somebody_tried_the_keys(connected: BridgeApp) -> None:
    assert ask(connected, "check").get_json() == {"state": "waiting", "code": "", "message": ""}

    found = plugin_of(connected)
    assert found is not None
    with connected.store.write() as connection:
        plugins.record_check(
            connection,
            found.plugin_id,
            PluginCheck(state="failed", code="rest_key_refused", message=Message("No.")),
            now=NOW,
        )

    assert ask(connected, "check").get_json() == {"state": "failed", "code": "rest_key_refused", "message": "No."}
    assert ask(connected, "check", {"again": True}).get_json()["state"] == "waiting"


def test_heartbeat_brings_an_empty_table_while_the_shop_cannot_be_told_anything(connected: BridgeApp) -> None:
    answer = ask(connected, "heartbeat", {"version": "0.1.1"}).get_json()

    assert (answer["reachable"], answer["hold_rules"]["mails"]) == (False, {})
    found = plugin_of(connected)
    assert found is not None
    assert (found.version, found.heartbeat_at) == ("0.1.1", NOW)


def test_heartbeat_brings_the_table_of_a_shop_that_can_be_told(connected: BridgeApp, tmp_path: Any) -> None:
    found = plugin_of(connected)
    assert found is not None
    mailing = BridgeApp(replace(connected.settings, smtp_url="smtp://127.0.0.1:25"))
    shop = connected.shop
    seller = replace(shop.seller, name="Bakkerij Janssens", vat_number="BE0445566134", enterprise_number="0445566134")
    seller = replace(seller, legal_form="BV", register="RPR Gent", iban="BE71096123456769")
    seller = replace(
        seller, address=replace(seller.address, street="Kerkstraat 12", postcode="9000", city="Gent", country="BE")
    )
    with connected.store.write() as connection:
        plugins.record_response(connection, found.plugin_id, NOW)
        shops.change(connection, replace(shop, seller=replace(seller, email="winkel@janssens.example")))

    answer = ask(mailing, "heartbeat").get_json()

    assert (answer["reachable"], answer["shop"]["name"]) == (True, "Bakkerij Janssens")
    payee = {"iban": "BE71096123456769", "name": "Bakkerij Janssens BV", "country": "BE", "seed": 1, "earlier": []}
    assert answer["shop"]["payee"] == payee
    assert set(answer["hold_rules"]["mails"]) == {
        "customer_on_hold_order",
        "customer_processing_order",
        "customer_completed_order",
        "customer_refunded_order",
        "customer_partially_refunded_order",
        "customer_on_hold_renewal_order",
        "customer_processing_renewal_order",
        "customer_completed_renewal_order",
        "customer_renewal_invoice",
    }
    mailing.store.close()
    mailing.client.application.extensions["facturelay"].store.close()


def test_heartbeat_tells_the_order_statuses_that_the_shop_has_now(connected: BridgeApp) -> None:
    told = [{"id": "completed", "title": "Afgerond"}, {"id": "await-ship", "title": "Klaar voor verzending"}]
    ask(connected, "heartbeat", {"order_statuses": told})
    ask(connected, "heartbeat", {"order_statuses": told[:1]})
    # One before it told them, or one whose list failed, takes nothing away.
    ask(connected, "heartbeat")

    with connected.store.read() as connection:
        assert order_statuses.of_shop(connection, SHOP) == {"completed": "Afgerond"}


@pytest.mark.parametrize(
    ("told", "differs"), [(WC_API_HASH, False), ("5f" * 32, True), ("", False), (True, False), (None, False)]
)
def test_a_heartbeat_tells_that_the_shops_key_is_another_than_ours(
    connected: BridgeApp, told: object, differs: bool
) -> None:
    """The answer to a renewal was lost: the shop deleted the key that we have, and would never know."""
    assert ask(connected, "heartbeat", {"key": told}).get_json()["key_differs"] is differs


@pytest.mark.parametrize("verb", ["heartbeat", "renew", "check", "disconnect", "off"])
def test_a_copy_of_the_shop_is_told_that_it_is_one_and_changes_nothing(connected: BridgeApp, verb: str) -> None:
    """It has the shop's secret, and would take its place with keys of its own."""
    before, found = connected.connected, plugin_of(connected)
    for _ in range(2):
        copy = ask(connected, verb, {**KEYS, "site": "https://staging.shop.example"})
        assert code_of(copy) == (409, "site_other")
    assert (connected.connected, plugin_of(connected)) == (before, found)
    with connected.store.read() as connection:
        assert [alert.code for alert in alerts.open_alerts(connection)] == ["other_site:staging.shop.example"]
    assert ask(connected, verb, {**KEYS, "site": "http://www.shop.example/fr/"}).status_code == 200


@pytest.mark.parametrize("verb", ["heartbeat", "renew"])
def test_the_plugin_of_a_shop_that_moved_is_called_where_it_is_now(connected: BridgeApp, verb: str) -> None:
    """And asked about mails at once, however long nobody answered: those that left meanwhile are not sent a second time."""
    moved = "https://moved.example"
    connected.change_shop(url=moved)
    connected.now += timedelta(days=2)
    assert code_of(ask(connected, verb, {**KEYS, "site": "https://shop.example"})) == (409, "site_other")
    assert ask(connected, verb, {**KEYS, "site": moved}).status_code == 200
    found = plugin_of(connected)
    assert found is not None
    assert (found.site, found.must_ask_about_mail(connected.now)) == (moved, True)


def test_a_shop_that_begins_with_www_is_asked_there_with_the_key_that_it_gave(connected: BridgeApp) -> None:
    """WooCommerce counts its address into the signature by which it knows the key, and refuses it at the one before."""
    key = connected.connected.secrets.rest_key
    assert ask(connected, "heartbeat", {**KEYS, "site": "https://www.shop.example"}).status_code == 200
    found = plugin_of(connected)
    assert found is not None
    assert (connected.shop.url, found.site) == ("https://www.shop.example",) * 2
    assert (connected.connected.secrets.rest_key, connected.connected.secrets.rest_key_withheld) == (key, False)


@pytest.mark.parametrize(
    "said",
    [
        "", "http://shop.example", "https://shop.example/fr", "https://shop.example:99999", "https://[x",
        "https://a:b@shop.example", "https://shop.example\n", "https://shop.example?a=b", "https://shop.example/#a", "x" * 5000,
    ],
)  # fmt: skip
def test_a_plugin_is_not_called_where_it_may_have_no_keys(connected: BridgeApp, said: str) -> None:
    assert ask(connected, "heartbeat", {**KEYS, "site": said}).status_code == 200
    found = plugin_of(connected)
    assert found is not None
    assert found.site == "https://shop.example"


def test_a_signature_for_one_question_is_none_for_another(connected: BridgeApp) -> None:
    body = b"{}"
    seal = sign_request(PLUGIN_SECRET, time=int(NOW.timestamp()), nonce="5f" * 16, route="/plugin/check", body=body)
    headers = {"X-Facturelay-Time": seal.time, "X-Facturelay-Nonce": seal.nonce, "X-Facturelay-Shop": SHOP}

    answer = connected.client.post(
        "/plugin/disconnect", data=body, headers={**headers, "X-Facturelay-Signature": seal.signature}
    )

    assert code_of(answer) == (401, "not_connected")
    assert plugin_of(connected) is not None


def test_a_plugin_that_is_switched_off_is_waited_for_no_longer(connected: BridgeApp) -> None:
    before = plugin_of(connected)
    assert before is not None
    with connected.store.write() as connection:
        plugins.record_response(connection, before.plugin_id, connected.now)

    assert ask(connected, "off").get_json() == {"off": True, "mailing": []}

    after = plugin_of(connected)
    assert after is not None
    assert not after.must_ask_about_mail(connected.now)
    assert connected.connected.secrets.has_rest, "orders go on coming in"


@pytest.mark.parametrize("verb", ["off", "disconnect"])
def test_a_plugin_that_goes_hears_which_mails_are_ours_and_says_which_left(connected: BridgeApp, verb: str) -> None:
    document, mail_group = connected.issue(), "7f-1"
    with connected.store.write() as connection:
        plan = StepPlan(names=("mail",), mail_group=mail_group)
        steps.plan(connection, plan, shop_id=SHOP, document_id=document.document_id, now=connected.now)
    asked_for = {"order": document.draft.order_id, "refund": 0, "kinds": ["invoice"], "mail_group": mail_group}
    refund = {"order": 7, "refund": 70, "kinds": ["credit_note"], "mail_group": ""}
    given_up = {"order": 8, "refund": 0, "kinds": ["invoice", "delivery_note"], "mail_group": "of-nobody"}

    answer = ask(connected, verb, {"own_mails": [asked_for, refund, given_up]})

    assert answer.get_json()["mailing"] == [mail_group]
    with connected.store.read() as connection:
        left = {
            order_id: own_mails.kinds_mailed(connection, SHOP, order_id, refunds, now=connected.now)
            for order_id, refunds in ((document.draft.order_id, ()), (7, (70,)), (8, (80,)))
        }
    assert left == {document.draft.order_id: frozenset(), 7: {"credit_note"}, 8: {"invoice", "delivery_note"}}


@pytest.mark.parametrize(
    "told", ["all", [7], [{"order": 7}], [{"order": 2**63, "refund": 0, "kinds": [], "mail_group": ""}]], ids=str
)
def test_a_plugin_that_says_nonsense_of_its_mails_changes_nothing(connected: BridgeApp, told: object) -> None:
    assert code_of(ask(connected, "disconnect", {"own_mails": told})) == (400, "request_wrong")
    assert plugin_of(connected) is not None


def test_disconnecting_forgets_the_plugin_and_the_rest_key_and_keeps_the_webhook_secrets(connected: BridgeApp) -> None:
    before = connected.connected.secrets

    assert ask(connected, "disconnect").status_code == 200

    assert plugin_of(connected) is None
    after = connected.connected.secrets
    assert (after.has_rest, after.webhook_secrets) == (False, before.webhook_secrets)


def test_a_signed_way_leads_to_a_fresh_link(connected: BridgeApp) -> None:
    document = connected.issue()

    answer = connected.client.get(way_to(document.document_id))

    assert answer.status_code == 303
    token = answer.headers["Location"].removeprefix("https://documents.example/d/")
    link = document_link.read(connected.settings.secret_keys, token)
    assert link is not None
    assert (link.document_id, link.expires_at) == (document.document_id, NOW + timedelta(days=1))


def test_a_signed_way_may_lead_to_the_file_itself_and_only_to_that_one(connected: BridgeApp) -> None:
    document = connected.issue()
    way = way_to(document.document_id, "/pdf")

    answer = connected.client.get(way)

    assert (answer.status_code, answer.headers["Location"].endswith("/pdf")) == (303, True)
    assert connected.client.get(answer.headers["Location"].removeprefix("https://documents.example")).data == PDF
    assert connected.client.get(way.replace("/pdf?", "/xml?")).status_code == 404
    assert connected.client.get(way.replace("/pdf?", "?")).status_code == 404


def test_a_way_that_is_old_or_altered_leads_nowhere(connected: BridgeApp) -> None:
    document = connected.issue()
    way = way_to(document.document_id)

    altered = connected.client.get(way.replace(f"/{document.document_id}?", f"/{document.document_id + 1}?"))
    unsigned = connected.client.get(f"/plugin/d/{SHOP}/{document.document_id}")
    connected.now = NOW + timedelta(minutes=6)
    old = connected.client.get(way)

    assert [answer.status_code for answer in (altered, unsigned, old)] == [404, 404, 404]


def way_to(document_id: int, leaf: str = "") -> str:
    route = f"/plugin/d/{SHOP}/{document_id}{leaf}"
    seal = sign_request(PLUGIN_SECRET, time=int(NOW.timestamp()), nonce="5f" * 16, route=route, body=b"")
    return f"{route}?time={seal.time}&nonce={seal.nonce}&signature={seal.signature}"


def test_both_sides_sign_alike() -> None:
    """The same values stand in tests/wordpress/php/Http/SignatureTest.php."""
    signed = signature("secret", "1790000000", "abc", "/facturelay/v1/sync", '{"é":1}'.encode())
    assert signed == "173230f5b210a7adbabdf08c878d533cd11be00c8659a7c9ea4206eb72dc16b0"
    assert plugins.signing_key(" abcde fghjk ") == "8782c6f481b9e3cec1f7659bcfc0d086d3f140f0bff5abc2ebe473f61aa7e7ff"


def test_a_sync_of_the_plugin_is_enqueued_when_settings_were_saved(
    app: BridgeApp, tmp_path: Path, broker_url: str
) -> None:
    invite(app)
    connect(app)
    found = plugin_of(app)
    assert found is not None
    ringing = BridgeApp(settings_for(app.settings.database_url, tmp_path, redis_url=broker_url))
    owner = signed_in(ringing, "els@host.example", operator=True)

    assert (
        owner.post(f"/s/{SHOP}/settings/company", **{"seller.vat_number": "BE1"}).status_code
        == HTTPStatus.UNPROCESSABLE_ENTITY
    )
    assert owner.post(f"/s/{SHOP}/settings/go-live/pause").status_code == HTTPStatus.SEE_OTHER

    with redis.Redis.from_url(broker_url) as client:
        queue = open_queue(client, QueueName.CALLS)
        wait_until(lambda: queue.count >= 1, what="the job")
        enqueued = [job_of(job_id) for job_id in queue.job_ids]
    assert enqueued == [("sync_plugin", found.plugin_id)]
    ringing.store.close()


def test_a_heartbeat_says_which_plugin_belongs_to_this_server_signed_for_this_shop(connected: BridgeApp) -> None:
    """The plugin checks the zip against it before WordPress installs it (Updates.php)."""
    package = own_package()
    told = ask(connected, "heartbeat").get_json()["update"]

    signed = signature(PLUGIN_SECRET, "", package.version, "/plugin/facturelay.zip", package.sha256.encode())
    assert told == {
        "version": package.version,
        "sha256": hashlib.sha256(connected.client.get("/plugin/facturelay.zip").data).hexdigest(),
        "signature": signed,
        "requires": "6.1",
        "requires_php": "7.4",
    }
