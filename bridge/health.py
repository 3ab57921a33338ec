"""For machines that watch: is the process alive, can it work, what is waiting. Figures come from the database, so all processes agree."""

import ipaddress
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, abort, jsonify, make_response, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge.accounts.rate_limit import limit_stranger, proves_itself
from bridge.context import context
from worker import queue
from worker.domain.health import RoadHealth
from worker.store import shops
from worker.store.queries import attention
from worker.store.queries import health as health_query
from worker.store.queries import metrics as metrics_query
from worker.store.queries.metrics import Metrics

blueprint = Blueprint("health", __name__)

# What proxies add. Who comes through one is not the machine next door, whatever the last address says.
PROXY_HEADERS = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")


@blueprint.get("/health")
@proves_itself  # whoever watches is answered, however many others ask
def health() -> Response:
    """The process answers. Depends on nothing: restarting us does not repair a database."""
    return jsonify(alive=True)


@blueprint.get("/ready")
@proves_itself
def ready() -> Response:
    """200 while deliveries can be stored. Redis is reported but not needed: the scheduler enqueues what could not be."""
    if not is_private_caller():
        limit_stranger()
    database = metrics_query.can_be_read(context().store)
    response = jsonify(
        ready=database, database=describe(database), redis=describe(queue.redis_answers(context().settings.redis_url))
    )
    response.status_code = HTTPStatus.OK if database else HTTPStatus.SERVICE_UNAVAILABLE
    return response


@blueprint.get("/metrics")
@proves_itself
def metrics() -> Response:
    """Figures for Prometheus, for callers on this machine or its private network only."""
    if not is_private_caller():
        limit_stranger()
        abort(HTTPStatus.NOT_FOUND)
    with context().store.read() as connection:
        now, seen = context().now(), health_query.look(connection, context().settings)
        collected = metrics_query.collect(connection, seen.paused, now=now)
        needs = attention.counts(connection, now=now)
        known = health_query.known_of(connection, context().encryption, None, seen, now=now)
        of_shops = health_query.of_shops(shops.watched(connection), known, now=now)
        roads = [
            *health_query.of_installation(connection, seen, now=now, known=known),
            *itertools.chain.from_iterable(of_shops.values()),
        ]
    registry = CollectorRegistry()
    waiting = now - collected.oldest_waiting_at if collected.oldest_waiting_at else None
    registry.register(MetricsCollector(collected, waiting=waiting, needs=needs, roads=roads))
    response = make_response(generate_latest(registry))
    response.content_type = CONTENT_TYPE_PLAIN_0_0_4
    return response


class MetricsCollector(Collector):
    """The figures under the names that Prometheus knows them by."""

    def __init__(
        self, metrics: Metrics, *, waiting: timedelta | None, needs: Mapping[str, int], roads: Sequence[RoadHealth]
    ) -> None:
        self.metrics, self.needs = metrics, needs
        self.roads: Counter[tuple[str, ...]] = Counter((one.road, one.state) for one in roads)
        self.waiting = waiting or timedelta()

    def collect(self) -> Iterator[Metric]:
        metrics = self.metrics
        yield GaugeMetricFamily("facturelay_shops", "Connected shops.", value=metrics.shops)
        yield labelled_gauge("facturelay_deliveries", "Kept deliveries by state.", ("state",), metrics.deliveries)
        yield labelled_gauge(
            "facturelay_steps", "Steps of documents by name and state.", ("name", "state"), metrics.steps
        )
        yield labelled_gauge("facturelay_documents", "Issued documents by kind.", ("kind",), metrics.documents)
        yield GaugeMetricFamily("facturelay_drafts_open", "Drafts that wait for a person.", value=metrics.drafts_open)
        yield labelled_gauge("facturelay_alerts_open", "Open alarms by code.", ("code",), metrics.alerts)
        yield labelled_gauge(
            "facturelay_needs",
            "What needs a person, by reason, in all shops.",
            ("reason",),
            {(reason,): count for reason, count in self.needs.items()},
        )
        yield labelled_gauge(
            "facturelay_roads",
            "Roads of shops and of the installation by their state: well, late, down, never.",
            ("road", "state"),
            self.roads,
        )
        yield GaugeMetricFamily(
            "facturelay_oldest_waiting_seconds",
            "Age of the oldest delivery or step that still waits; 0 when nothing does.",
            value=max(0.0, self.waiting.total_seconds()),
        )
        yield labelled_gauge(
            "facturelay_queue_jobs",
            "Work by queue: waiting for a worker, waiting for its time (later), being done (running).",
            ("queue", "state"),
            metrics.queues,
        )
        yield GaugeMetricFamily(
            "facturelay_slow_work",
            "Shops and queues of which a job held a worker for long lately.",
            value=metrics.slow_work,
        )
        yield labelled_gauge(
            "facturelay_resting_roads",
            "Servers that did not answer and are left in peace, by kind; shared_mail is the operator's own mail server.",
            ("kind",),
            metrics.resting_roads,
        )
        yield GaugeMetricFamily("facturelay_workers", "Workers with a heartbeat.", value=metrics.workers)
        yield CounterMetricFamily(
            "facturelay_signature_failures", "Deliveries refused for their signature.", value=metrics.signature_failures
        )


def labelled_gauge(
    name: str, help_text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], int]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for of, value in sorted(values.items()):
        family.add_metric(of, value)
    return family


def is_private_caller() -> bool:
    """Whether the caller is this machine or its private network, without a proxy in between."""
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def describe(answers: bool) -> str:
    return "answers" if answers else "away"
