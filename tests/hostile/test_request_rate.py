"""Nobody has the bridge for himself: beyond his share of a minute he waits, and nobody else does."""

from datetime import timedelta
from pathlib import Path

import pytest

from bridge.accounts import rate_limit
from bridge.accounts.rate_limit import By, RateLimiter
from bridge.plugin import vat_number
from tests.bridge.test_page_picture import a_pdf
from tests.hostile.test_doors import filled
from tests.support.api_client import ApiClient, a_token
from tests.support.bridge_app import NOW, SHOP, BridgeApp, settings_for, signed_headers
from tests.support.personas import SITE, Visitor, signed_in
from tests.support.plugin_requests import ask, code_of, connect, invite
from worker.domain.shop import Shop
from worker.net.vies_answer import ViesAnswer
from worker.store import alerts, backlogs
from worker.store.users import Role

HERE = "127.0.0.1"  # where a test's client comes from
ORDER = b'{"id":239,"status":"processing"}'


def use_up(app: BridgeApp, by: By, name: str) -> None:
    """Ask as often as may be asked in this minute."""
    bridge = app.client.application
    with bridge.app_context():
        for _ in range(by.most):
            rate_limit.rate_limiter().wait_s(by, name, now=app.now)


@pytest.fixture
def busy(app: BridgeApp) -> BridgeApp:
    """A bridge whose visitor on this machine has used up his minute."""
    invite(app)
    connect(app)
    use_up(app, By.NETWORK, HERE)
    use_up(app, By.FILES, HERE)
    use_up(app, By.PICTURES, HERE)
    return app


def test_beyond_his_share_a_stranger_is_told_to_wait_at_every_address(busy: BridgeApp) -> None:
    """By the bridge's own list of addresses. Whoever watches over it is answered all the same."""
    answers = {}
    for rule in busy.client.application.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            headers = {"X-Forwarded-For": "198.51.100.7"}  # what a proxy adds, and a client may write himself
            answer = busy.client.open(filled(rule), method=method, headers=headers, base_url=SITE)
            answers[method, rule.rule] = (answer.status_code, answer.headers.get("Retry-After"))
    answers["GET", "/no/such/page"] = (busy.client.get("/no/such/page").status_code, "60")

    assert len(answers) > 150
    assert {asked: said for asked, said in answers.items() if said != (429, "60")} == {("GET", "/health"): (200, None)}


def test_pictures_of_lists_leave_an_address_its_pages_and_their_look(app: BridgeApp) -> None:
    use_up(app, By.PICTURES, HERE)
    asked = ("/sign-in", "/static/pages.css", f"/s/{SHOP}/documents/1/small.webp")
    answers = {}
    for path in asked:
        with app.client.get(path, base_url=SITE) as answer:
            answers[path] = answer.status_code

    assert answers.pop(asked[-1]) == 429
    assert 429 not in answers.values()


def test_what_is_signed_is_never_kept_out_by_a_neighbour_on_the_same_server(busy: BridgeApp) -> None:
    token = ApiClient(busy, a_token(busy))
    forged = busy.client.post(f"/webhooks/{SHOP}", data=ORDER, headers=signed_headers(ORDER, secret="wrong"))
    assert forged.status_code == 429

    assert busy.deliver(ORDER).status_code == 200
    assert ask(busy, "check").status_code == 200
    assert token.get("/shop").status_code == 200


def test_forged_deliveries_beyond_the_share_write_nothing(busy: BridgeApp) -> None:
    for _ in range(3):
        busy.client.post(f"/webhooks/{SHOP}", data=ORDER, headers=signed_headers(ORDER, secret="wrong"))

    assert busy.signature_failures() == 0


def test_an_office_shares_an_address_and_each_who_is_signed_in_has_his_own_share(app: BridgeApp) -> None:
    els, jan = (signed_in(app, f"{name}@host.example", operator=True) for name in ("els", "jan"))
    use_up(app, By.NETWORK, HERE)
    use_up(app, By.USER, "1")

    assert (els.get("/shops").status_code, jan.get("/shops").status_code) == (429, 200)
    assert Visitor(app).get("/sign-in").status_code == 429
    app.now += timedelta(minutes=1)
    assert els.get("/shops").status_code == 200


def test_a_list_of_fifty_pictures_takes_one_page_of_what_an_office_has(app: BridgeApp) -> None:
    document = app.issue(stored=a_pdf())
    els = signed_in(app, "els@host.example", operator=True)
    before = asked(app, By.NETWORK)
    paths = ["documents", *[f"documents/{document.document_id}/small.webp"] * 50]

    assert {els.get(f"/s/{SHOP}/{path}").status_code for path in paths} == {200}
    assert asked(app, By.NETWORK) == before + 1


def asked(app: BridgeApp, by: By) -> int:
    """How often this machine asked in this minute."""
    with app.client.application.app_context():
        return rate_limit.rate_limiter()._counts[by, HERE].requests  # noqa: SLF001  # the memory that is spoken of


def test_the_page_that_says_to_wait_has_its_styles(app: BridgeApp) -> None:
    use_up(app, By.NETWORK, HERE)

    assert app.client.get("/sign-in").status_code == 429
    with app.client.get("/static/facturelay.css") as styles:
        assert styles.status_code == 200


def test_a_shop_that_floods_is_told_later_and_the_others_are_taken(app: BridgeApp) -> None:
    app.add_shop("another", secrets=("4f9d2c7b81e640d3a55e",))
    use_up(app, By.DELIVERIES, SHOP)
    refused = app.deliver(ORDER)

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    assert app.how_many_kept() == 0
    assert app.deliver(ORDER, shop="another").status_code == 200
    app.now += timedelta(minutes=1)
    assert app.deliver(ORDER).status_code == 200


def test_of_a_shop_that_floods_for_ever_no_more_is_kept_than_waits_to_be_processed(
    app: BridgeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left out is found by asking the shop: WooCommerce must not switch its webhook off for that."""
    monkeypatch.setattr(backlogs, "MOST_WAITING", 12)
    monkeypatch.setattr(backlogs, "LOOK_EVERY", 5)
    app.add_shop("another", secrets=("4f9d2c7b81e640d3a55e",))
    invite(app)
    connect(app)
    kept = [(app.deliver(b'{"id":%d,"status":"pending"}' % number).json or {})["kept"] for number in range(1, 40)]

    assert kept == [True] * 12 + [False] * 27
    # The plugin tells again of an order deleted for good, and WooCommerce but once of one in the bin: no list has either.
    assert code_of(ask(app, "changed", {"orders": [900]})) == (503, "too_fast")
    assert (app.deliver(b'{"id":1}', signed_headers(b'{"id":1}', topic="order.deleted")).json or {})["kept"]
    assert app.deliver(ORDER, shop="another").json == {"kept": True, "delivery": 14}
    with app.store.read() as connection:
        assert [alert.code for alert in alerts.open_alerts(connection, SHOP)] == ["too_many_reports"]


def test_of_a_shop_that_cannot_be_asked_all_is_kept_that_it_delivers(
    app: BridgeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlogs, "MOST_WAITING", 1)
    monkeypatch.setattr(backlogs, "LOOK_EVERY", 1)
    assert [(app.deliver(ORDER).json or {})["kept"] for _ in range(4)] == [True] * 4


@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [("198.51.100.7", "203.0.113.{}"), ("2001:db8:1:2::{}", ""), ("10.213.77.2", "203.0.113.{}, 198.51.100.7")],
    ids=["forged by a client", "one network of IPv6", "forged behind the proxy"],
)
def test_whatever_a_client_writes_he_is_one_sender(sqlite_url: str, tmp_path: Path, peer: str, forwarded: str) -> None:
    app = BridgeApp(settings_for(sqlite_url, tmp_path, trusted_proxies=("10.213.77.2/32",)))
    use_up(app, By.NETWORK, "2001:db8:1:2::/64" if ":" in peer else "198.51.100.7")
    statuses = [
        app.client.get(
            "/sign-in",
            headers={"X-Forwarded-For": forwarded.format(number)} if forwarded else {},
            environ_overrides={"REMOTE_ADDR": peer.format(number)},
        ).status_code
        for number in range(1, 4)
    ]
    others = app.client.get("/sign-in", environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code
    app.close()

    assert (statuses, others) == ([429] * 3, 200)


def test_however_many_senders_there_are_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MOST_NAMES", 100)
    limiter = RateLimiter()
    for number in range(1_000):
        limiter.wait_s(By.NETWORK, f"2001:db8:{number:x}::/64", now=NOW)
    assert len(limiter._counts) == 100  # noqa: SLF001  # the memory that is spoken of
    limiter.wait_s(By.NETWORK, "one more", now=NOW + timedelta(minutes=1))
    assert len(limiter._counts) == 1  # noqa: SLF001


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Try again in 60 s."),
        ("nl", "Probeer het over 60 s opnieuw."),
        ("fr", "Réessayez dans 60 s."),
        ("de", "Versuchen Sie es in 60 s erneut."),
    ],
)
@pytest.mark.parametrize("path", ["/sign-in", "/d/some-link"])
def test_a_person_reads_it_in_his_language_and_the_page_comes_back_by_itself(
    busy: BridgeApp, language: str, words: str, path: str
) -> None:
    answer = busy.client.get(path, headers={"Accept-Language": language})

    assert words in answer.text
    assert answer.headers["Retry-After"] == "60"
    assert answer.headers["Refresh"] == "60"
    assert "Refresh" not in busy.client.post(path, headers={"Accept-Language": language}).headers


def test_long_deliveries_count_for_several_so_that_no_shop_fills_the_disk(app: BridgeApp) -> None:
    """A shop signs what it likes: 90 kB each, it is told to wait long before six thousand."""
    long = b'{"id":239,"note":"' + b"a" * 90_000 + b'"}'
    bridge = app.client.application
    with bridge.app_context():
        rate_limit.seconds_to_wait(By.DELIVERIES, SHOP, weight=By.DELIVERIES.most - 7)

    assert [app.deliver(long).status_code for _ in range(3)] == [200, 503, 503]


def test_a_shop_that_asks_for_vat_numbers_without_end_is_not_asked_for(
    app: BridgeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VIES would stop answering everybody's invoices."""
    asked: list[str] = []

    def answer_for(_shop: Shop, number: str) -> ViesAnswer:
        asked.append(number)
        return ViesAnswer(True)

    monkeypatch.setattr(vat_number, "answer_for", answer_for)
    invite(app)
    connect(app)
    states = [
        (ask(app, "vat-number", {"number": "BE0445566134", "country": "BE"}).json or {})["state"] for _ in range(20)
    ]

    assert states == ["valid"] * 15 + ["unknown"] * 5
    assert len(asked) == 15


@pytest.mark.parametrize("address", ["settings/branding/logo", "payments/bank"])
def test_uploads_and_tasks_have_an_end(app: BridgeApp, address: str) -> None:
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    admin.get(f"/s/{SHOP}/settings/branding")
    uploads = [admin.upload(f"/s/{SHOP}/{address}", content=b"x", name="a.png").status_code for _ in range(21)]
    tasks = [admin.post(f"/s/{SHOP}/accounting/verify").status_code for _ in range(81)]

    assert uploads == [303] * 20 + [429]
    assert tasks == [303] * 80 + [422]
