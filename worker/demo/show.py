"""The demo: a whole installation on this machine, a pretend shop that places the recorded orders, and what each of them becomes."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from worker.actions import shop_settings
from worker.demo import business_orders
from worker.demo.business_orders import BUSINESS_ORDERS, BusinessOrder
from worker.demo.comparison import as_lines, differences, what_it_became
from worker.demo.http_server import serve
from worker.demo.mailbox import Mailbox
from worker.demo.orders import Payload
from worker.demo.pages import ShownDecision, create_pages
from worker.demo.pretend_access_points import KEY, PretendAccessPoints
from worker.demo.pretend_mollie import LIVE_KEY, PretendMollie
from worker.demo.pretend_shop import PretendShop, a_product, a_variation
from worker.demo.pretend_vies import PretendVies
from worker.demo.recordings import Scenario, load
from worker.domain.party import Address, Seller
from worker.domain.shop import MollieSettings, OrderSettings, PeppolSettings, Shop
from worker.errors import Rejected
from worker.net.mollie_key import Mode
from worker.processes import status
from worker.processes.supervisor import free_port, prepare, set_up_link, start_all, stop_on_signals
from worker.services import Services
from worker.settings import Settings
from worker.store import shops
from worker.store.database import json_codec
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails, OrderHistory
from worker.store.shops import Secrets

STEP_TIMEOUT_S = 60.0
SELLER = Seller(
    name="De Gouden Koffiepot",
    legal_form="BV",
    address=Address(street="Koestraat 41", postcode="9000", city="Gent", country="BE"),
    vat_number="BE0445566134",
    enterprise_number="0445566134",
    register="RPR Gent, afdeling Gent",
    email="bestellingen@goudenkoffiepot.example",
    phone="+32 9 000 00 00",
    website="goudenkoffiepot.example",
    iban="BE71096123456769",
    bic="GKCCBEBB",
)
# The recordings were made on 22 November 2026; the demo shop was connected before the first of them.
ORDERS_SINCE = datetime(2026, 11, 22, tzinfo=UTC)
EBOOK = "EBOOK-1"  # the one product of the recorded orders that is not sent


@dataclass(frozen=True)
class Stage:
    """All that the demo runs on."""

    services: Services
    shop: PretendShop
    mailbox: Mailbox
    points: PretendAccessPoints
    shop_id: str
    secret: str

    @property
    def delivery_url(self) -> str:
        return f"{self.services.settings.public_url}/webhooks/{self.shop_id}"


@dataclass
class Result:
    """What each recorded order became, beside what it should become. *differences* is empty when all is well."""

    orders: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    deliveries: int = 0

    def as_json(self, stage: Stage) -> dict[str, Any]:
        return {
            "ok": not self.differences,
            "differences": self.differences,
            "deliveries": self.deliveries,
            "mails": len(stage.mailbox.messages()),
            "notes": sum(len(stage.shop.notes(order["id"])) for order in stage.shop.orders()),
            "scenarios": self.orders,
        }


def run_demo(folder: Path, *, once: bool, as_json: bool, port: int, workers: int) -> int:
    """Run the demo and return the exit code: 0 when every order became what EXPECTED.json says."""
    say: Callable[[str], None] = (lambda _line: None) if as_json else click.echo
    stop = stop_on_signals()
    scenarios = load(folder)
    expected = json.loads((folder / "EXPECTED.json").read_text(encoding="utf-8"))
    with open_stage(workers=workers) as stage:
        pages = serve(
            create_pages(
                stage.shop,
                stage.mailbox,
                decisions=lambda order: decisions(stage, order),
                dashboard_url=f"{stage.services.settings.public_url}/",
            ),
            port=port,
        )
        say(f"Mails, order notes and PDFs can be seen at {pages.url}")
        say(f"The dashboard, set up in one step:   {set_up_link(stage.services)}\n")
        result = Result()
        for scenario in scenarios:
            if stop.is_set():
                return 130
            play(stage, scenario, result)
            compare(stage, scenario, expected.get(scenario.name, {}), result, say)
        for order in BUSINESS_ORDERS:
            play_business(stage, order, result, say)
        say(summary(stage, result))
        if as_json:
            click.echo(json.dumps(json_codec.plain(result.as_json(stage), str), ensure_ascii=False, indent=2))
        if not once:
            say(f"\nLook at {pages.url} · stop with Ctrl-C.")
            stop.wait()
        pages.stop()
    return 1 if result.differences else 0


@contextmanager
def open_stage(*, workers: int) -> Iterator[Stage]:
    """Everything running, in a folder of its own that is gone afterwards."""
    data = Path(tempfile.mkdtemp(prefix="facturelay-demo-"))
    try:
        with (
            PretendShop() as shop,
            Mailbox() as mailbox,
            PretendVies() as vies,
            PretendAccessPoints(everyone=True) as points,
            PretendMollie() as mollie,
        ):
            port = free_port()
            others = {
                "FACTURELAY_SMTP_URL": mailbox.url,
                "FACTURELAY_VIES_URL": vies.url,
                "FACTURELAY_PEPPOL_URL": points.url,
                "FACTURELAY_MOLLIE_URL": mollie.url,
            }
            settings = demo_settings(data, port=port, others=others)
            supervisor = start_all(settings, host="127.0.0.1", port=port, workers=workers, embedded_broker=True)
            try:
                services = Services(settings)
                yield set_up(services, shop, mailbox, points)
            finally:
                supervisor.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)


def demo_settings(data: Path, *, port: int, others: Mapping[str, str]) -> Settings:
    """Settings of the demo alone: what is set in this terminal for the real thing does not count. *others*: whom it pretends."""
    ours = {
        "FACTURELAY_DATA": str(data),
        "FACTURELAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "FACTURELAY_ALLOW_PRIVATE_SHOPS": "1",
        "FACTURELAY_LOG_LEVEL": os.environ.get("FACTURELAY_LOG_LEVEL", "ERROR"),
        "FACTURELAY_SCHEDULER_SECONDS": "1",
        # The demo shows what becomes of an order without a rate, and calls nobody on the network.
        "FACTURELAY_EXCHANGE_RATES_URL": "",
        **others,
    }
    return prepare(Settings.from_environment(ours))


def set_up(services: Services, shop: PretendShop, mailbox: Mailbox, points: PretendAccessPoints) -> Stage:
    """Connect the pretend shop as a person would by hand: two webhooks, delivery URL and secret."""
    secret = shops.new_webhook_secret()
    made = Shop(
        shop_id=shops.new_shop_id(),
        name=SELLER.name,
        url=shop.url,
        orders=OrderSettings(since=ORDERS_SINCE),
        seller=SELLER,
        peppol=PeppolSettings("e-invoice.be"),
        mollie=MollieSettings(Mode.LIVE),
    )
    with services.store.write() as connection:
        keys = Secrets((secret,), shop.consumer_key, shop.consumer_secret, peppol_key=KEY, mollie_key=LIVE_KEY)
        shops.add(connection, services.encryption, made, keys, now=services.now())
        shop_settings.vouch_for_senders(connection, made, before=None, by=services.actor("demo"))
    stage = Stage(services, shop, mailbox, points, made.shop_id, secret)
    wait_for_bridge(stage)
    for topic in ("order.created", "order.updated"):
        shop.add_webhook(topic, stage.delivery_url, secret)
    shop.run_cron(0.2)
    return stage


def wait_for_bridge(stage: Stage) -> None:
    """Return when the bridge and a worker are there. Raises Rejected when they do not come."""
    found = status.wait_until_healthy(stage.services, f"{stage.services.settings.public_url}/ready", seconds=30)
    if not found:
        raise Rejected(
            "The parts did not start within 30 seconds; run it again with FACTURELAY_LOG_LEVEL=INFO.", code="demo_start"
        )


def play(stage: Stage, scenario: Scenario, result: Result) -> None:
    """Let the shop live through *scenario*, step by step; the worker finishes each step before the next begins."""
    stage.shop.stock(*products_of(scenario))
    for index, step in enumerate(scenario.steps):
        stage.shop.take(scenario.after(index))
        for delivery in step.deliveries:
            answer = stage.shop.deliver_recorded(delivery, stage.secret, stage.delivery_url)
            result.deliveries += 1
            if answer != 200:
                result.differences.append(f"{scenario.name}: {delivery.file} was answered {answer}, not 200")
        if step.deliveries and not status.wait_until_idle(stage.services, seconds=STEP_TIMEOUT_S).is_idle:
            result.differences.append(f"{scenario.name}, {step.name}: not finished within {STEP_TIMEOUT_S:.0f} s")


def play_business(stage: Stage, order: BusinessOrder, result: Result, say: Callable[[str], None]) -> None:
    """Let a Belgian business order; the worker finishes before it is looked at."""
    business_orders.place(stage.shop, stage.points, order)
    if not status.wait_until_idle(stage.services, seconds=STEP_TIMEOUT_S).is_idle:
        result.differences.append(f"order {order.order_id}: not finished within {STEP_TIMEOUT_S:.0f} s")
    result.differences += business_orders.tell(order, get_order_history(stage, order.order_id), say)


def products_of(scenario: Scenario) -> Iterator[Payload]:
    """What the recorded shop sold in *scenario*."""
    for item in (item for order in scenario.orders.values() if order for item in order["line_items"]):
        digital = item["sku"] == EBOOK
        yield a_product(item["product_id"], item["name"], virtual=digital, downloadable=digital)
        if item["variation_id"]:
            yield a_variation(item["variation_id"], item["product_id"])


def compare(
    stage: Stage, scenario: Scenario, expected: dict[str, Any], result: Result, say: Callable[[str], None]
) -> None:
    """Compare what every order of *scenario* became with what it should."""
    became: dict[str, dict[str, Any]] = {}
    for order_id in order_ids(scenario):
        story = get_order_history(stage, order_id)
        found = what_it_became(story)
        wrong = differences(found, expected.get(str(order_id)), f"{scenario.name}, order {order_id}")
        result.differences += wrong
        became[str(order_id)] = {**found, "as_expected": not wrong}
        for line in as_lines(scenario, story, as_expected=not wrong):
            say(line)
    result.orders[scenario.name] = became
    result.differences += [f"{scenario.name}, order {gone}: never seen" for gone in expected.keys() - became.keys()]


def order_ids(scenario: Scenario) -> tuple[int, ...]:
    return tuple(dict.fromkeys(delivery.order_id for step in scenario.steps for delivery in step.deliveries))


def get_order_history(stage: Stage, order_id: int) -> OrderHistory:
    with stage.services.store.read() as connection:
        return order_history.get(connection, stage.shop_id, order_id)


def decisions(stage: Stage, order_id: int) -> Sequence[ShownDecision]:
    """What the demo's page shows beside an order."""
    try:
        found = get_order_history(stage, order_id)
    except Rejected:
        return (ShownDecision("waiting", "Nothing has arrived yet."),)
    shown = [decision(stage, item) for item in found.items]
    if not shown and found.order:
        message = next(
            (str(finding.message) for finding in found.order.rule_results if not finding.fired), "Nothing is due."
        )
        shown = [ShownDecision("none", message)]
    flags = found.order.flags if found.order else ()
    return (*shown, *(ShownDecision("needs you", str(flag.message)) for flag in flags))


def decision(stage: Stage, item: DocumentDetails) -> ShownDecision:
    if item.document is None:
        why = str(item.draft.problems[0].message) if item.draft.problems else "It waits for you to issue it."
        return ShownDecision("draft", why)
    kind = item.draft.kind.replace("_", " ").capitalize()
    return ShownDecision(
        "issued",
        f"{kind}, {item.draft.total:.2f} {item.draft.currency}",
        item.document.number,
        stage.services.link_of(item.document) or "",
    )


def summary(stage: Stage, result: Result) -> str:
    with stage.services.store.read() as connection:
        listed = order_history.listing(connection)
    issued = sum(1 for item in listed if item.document)
    orders = sum(len(became) for became in result.orders.values())
    good = sum(1 for became in result.orders.values() for order in became.values() if order["as_expected"])
    mails, waiting = len(stage.mailbox.messages()), len(listed) - issued
    lines = [
        f"\n{result.deliveries} deliveries, {orders} orders, {issued} documents issued, {waiting} drafts, {mails} mails.",
        f"{good} of {orders} orders are as expected.",
        *(f"✗ {difference}" for difference in result.differences),
    ]
    return "\n".join(lines)
