"""What machines that watch are told."""

from datetime import timedelta
from pathlib import Path

import pytest

from bridge import create_app
from tests.support.bridge_app import NOW, SHOP, BridgeApp, settings_for
from worker.message import Message
from worker.store import alerts, shops
from worker.store.queries import metrics

ONLY_NEAR = ["127.0.0.1", "127.8.8.8", "::1", "10.0.0.7", "172.20.0.3", "192.168.1.5", "fd00::1", "::ffff:10.0.0.7"]
FAR = ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "100.64.0.1", "", "unix:", "not an address"]


def test_health_depends_on_nothing(tmp_path: Path) -> None:
    nothing = settings_for("postgresql+psycopg://nobody@/nothing?host=/nowhere", tmp_path)

    answer = create_app(nothing).test_client().get("/health")

    assert (answer.status_code, answer.json) == (200, {"alive": True})


def test_ready_tells_of_redis_and_does_not_need_it(app: BridgeApp) -> None:
    answer = app.client.get("/ready")

    assert (answer.status_code, answer.json) == (200, {"ready": True, "database": "answers", "redis": "away"})


def test_ready_is_503_without_a_database(tmp_path: Path, broker_url: str) -> None:
    nothing = settings_for("postgresql+psycopg://nobody@/nothing?host=/nowhere", tmp_path, redis_url=broker_url)

    answer = create_app(nothing).test_client().get("/ready")

    assert (answer.status_code, answer.json) == (503, {"ready": False, "database": "away", "redis": "answers"})


def test_ready_is_503_before_the_database_has_its_tables(empty_database_url: str, tmp_path: Path) -> None:
    bare = create_app(settings_for(empty_database_url, tmp_path))

    assert bare.test_client().get("/ready").status_code == 503
    bare.extensions["facturelay"].store.close()


def test_metrics_are_the_figures_of_the_database(app_on_each_database: BridgeApp) -> None:
    app = app_on_each_database
    app.deliver()
    app.deliver(headers={"Content-Type": "application/json"})
    app.issue()
    with app.store.write() as connection:
        for code in ("owner_lost_rights", "owner_lost_rights", "numbering_gap"):
            alerts.raise_alert(connection, SHOP, code=code, message=Message("x"), now=NOW)
        alerts.close(connection, SHOP, code="numbering_gap", now=NOW)
    app.now = NOW + timedelta(seconds=90)

    answer = app.client.get("/metrics")

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    values = {line for line in answer.text.splitlines() if not line.startswith("#") and not line.endswith(" 0.0")}
    values = {line for line in values if 'road="disk"' not in line}  # as full as this machine's is
    assert values == {
        "facturelay_shops 1.0",
        'facturelay_deliveries{state="waiting"} 1.0',
        'facturelay_steps{name="render",state="waiting"} 1.0',
        'facturelay_documents{kind="invoice"} 1.0',
        'facturelay_alerts_open{code="owner_lost_rights"} 1.0',
        'facturelay_needs{reason="alert"} 1.0',
        'facturelay_roads{road="orders",state="well"} 1.0',
        'facturelay_roads{road="shop",state="never"} 1.0',
        'facturelay_roads{road="mail",state="unset"} 1.0',
        'facturelay_roads{road="work",state="down"} 1.0',
        'facturelay_roads{road="broker",state="down"} 1.0',
        'facturelay_roads{road="workers",state="never"} 1.0',
        'facturelay_roads{road="sweep",state="never"} 1.0',
        'facturelay_roads{road="backup",state="never"} 1.0',
        "facturelay_oldest_waiting_seconds 90.0",
        'facturelay_queue_jobs{queue="orders",state="waiting"} 1.0',
        'facturelay_queue_jobs{queue="pdf",state="waiting"} 1.0',
        "facturelay_signature_failures_total 1.0",
    }


def test_what_never_happened_is_told_as_zero(app: BridgeApp) -> None:
    lines = app.client.get("/metrics").text.splitlines()

    assert 'facturelay_deliveries{state="failed"} 0.0' in lines
    assert 'facturelay_steps{name="mail",state="failed"} 0.0' in lines
    assert "facturelay_oldest_waiting_seconds 0.0" in lines


def test_figures_of_an_empty_database_are_zero(app: BridgeApp) -> None:
    with app.store.read() as connection:
        taken = metrics.collect(connection, {}, now=NOW)

    assert (taken.shops, sum(taken.deliveries.values()), sum(taken.steps.values()), taken.oldest_waiting_at) == (
        1,
        0,
        0,
        None,
    )
    with app.store.read() as connection:
        assert taken.signature_failures == shops.signature_failures_of(connection, SHOP) == 0


@pytest.mark.parametrize("address", ONLY_NEAR)
def test_metrics_are_served_to_the_machines_next_door(app: BridgeApp, address: str) -> None:
    assert app.client.get("/metrics", environ_overrides={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize("address", FAR)
def test_metrics_are_404_to_everybody_else(app: BridgeApp, address: str) -> None:
    answer = app.client.get("/metrics", environ_overrides={"REMOTE_ADDR": address})

    nowhere = app.client.get("/api/no/such/page")
    assert (answer.status_code, answer.json, dict(answer.headers)) == (404, nowhere.json, dict(nowhere.headers))


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
@pytest.mark.parametrize("value", ["127.0.0.1", ""])
def test_metrics_are_404_through_a_proxy_whatever_it_says(app: BridgeApp, header: str, value: str) -> None:
    assert app.client.get("/metrics", headers={header: value}).status_code == 404
