"""The demo: a whole installation on this machine, a pretend shop that places the recorded orders, and what each of them becomes."""

import json
import os
import sys
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import click
from flask import Flask

from worker.demo import business_orders, demo_user, stories
from worker.demo.business_orders import BUSINESS_ORDERS, BusinessOrder
from worker.demo.comparison import as_lines, differences, what_it_became
from worker.demo.counter import Counter
from worker.demo.http_server import serve
from worker.demo.i18n import _, amount, in_catalog, language, told
from worker.demo.orders import Payload
from worker.demo.pages import Door, Progress, ShownDecision, ShownShop, create_pages
from worker.demo.pretend_shop import a_product, a_variation
from worker.demo.recordings import Scenario, load
from worker.demo.stage import STEP_TIMEOUT_S, Stage, open_stage
from worker.demo.stories import PlayedShop, open_stories
from worker.errors import Rejected
from worker.i18n import Translator, title
from worker.processes import status
from worker.processes.supervisor import begin_no_second_bridge, stop_on_signals
from worker.store.database import json_codec
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails, OrderHistory

RECORDED = in_catalog("Recorded orders")
EBOOK = "EBOOK-1"  # the one product of the recorded orders that is not sent


@dataclass
class Result:
    """What each recorded order became, beside what it should become. *differences* is empty when all is well."""

    orders: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    deliveries: int = 0
    quiet: dict[str, list[int]] = field(default_factory=dict)  # orders that made nothing, as they should, by reason

    def as_json(self, stage: Stage) -> dict[str, Any]:
        return {
            "ok": not self.differences,
            "differences": self.differences,
            "deliveries": self.deliveries,
            "mails": len(stage.mailbox.messages()),
            "notes": sum(len(stage.shop.notes(order["id"])) for order in stage.shop.orders()),
            "scenarios": self.orders,
        }


@dataclass(frozen=True)
class Show:
    """The stage of the recorded orders, the shops of the stories, and where what happens is told."""

    stage: Stage
    stories: tuple[PlayedShop, ...]
    progress: Progress
    result: Result
    say: Callable[[str], None]


def run_demo(folder: Path, *, once: bool, as_json: bool, port: int, workers: int) -> int:
    """Run the demo and return the exit code: 0 when every order became what EXPECTED.json and the stories say."""
    stop, result = stop_on_signals(), Result()
    begin_no_second_bridge()
    say: Callable[[str], None] = (lambda _line: None) if as_json else click.echo
    with open_stage(workers=workers, name=RECORDED) as stage, open_stories(stage) as shops:
        progress = Progress(is_playing=True, is_busy=lambda: not status.check(stage.services).is_idle)
        show = Show(stage, shops, progress, result, say)
        with serve(pages_of(show), port=port) as pages:
            say(f"Open {pages.url} in a browser: orders, mails, PDFs, and the dashboard without a password.")
            if not once:
                open_browser(pages.url)
            if not play_all(show, folder, stop):
                return 130
            if as_json:
                click.echo(json.dumps(json_codec.plain(result.as_json(stage), str), ensure_ascii=False, indent=2))
            if not once:
                say(f"\nPlace, pay, change and refund orders yourself at {pages.url} · stop with Ctrl-C.")
                stop.wait()
    return 1 if result.differences else 0


def play_all(show: Show, folder: Path, stop: Event) -> bool:
    """The stories first, then the recorded orders; False when it was stopped meanwhile."""
    expected = json.loads((folder / "EXPECTED.json").read_text(encoding="utf-8"))
    for shop in show.stories:
        show.result.differences += stories.tell(stories.play(shop), show.say)
    show.say(f"\n{RECORDED} of a real WooCommerce")
    scenarios = load(folder)
    for index, scenario in enumerate(scenarios, 1):
        if stop.is_set():
            return False
        show.progress.done, show.progress.of = index, len(scenarios)
        play(show.stage, scenario, show.result)
        compare(show.stage, scenario, expected.get(scenario.name, {}), show.result, show.say)
    for order in BUSINESS_ORDERS:
        play_business(show.stage, order, show.result, show.say)
    show.progress.is_playing = False
    show.say(summary(show.stage, show.result))
    return True


def pages_of(show: Show) -> Flask:
    """The demo's site: the shops of the stories, and that of the recorded orders."""
    services = show.stage.services
    user_id = demo_user.add(services)
    told = [
        ShownShop(
            slug=shop.of.slug,
            name=shop.of.seller.name,
            about=shop.of.about,
            counter=shop.counter,
            decisions=partial(decisions, shop.stage),
            told=shop.told,
            dashboard=f"/s/{shop.stage.shop_id}",
        )
        for shop in show.stories
    ]
    recorded = ShownShop(
        slug="recorded",
        name=RECORDED,
        about=in_catalog(
            "What a real WooCommerce sent, byte for byte, in 43 orders: foreign addresses, free orders, refunds, deleted ones."
        ),
        counter=Counter(show.stage.shop),
        decisions=partial(decisions, show.stage),
        dashboard=f"/s/{show.stage.shop_id}",
    )
    door = Door(services.settings.public_url, lambda language: demo_user.sign_in(services, user_id, language))
    return create_pages((*told, recorded), show.stage.mailbox, door=door, progress=show.progress)


def open_browser(url: str) -> None:
    """Open *url* where a person sits before this terminal and a screen."""
    has_screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.stdout.isatty() and has_screen:
        with suppress(webbrowser.Error):
            webbrowser.open(url)


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
        if not wrong and not found["documents"] and not found["flags"]:
            result.quiet.setdefault(str(found["reason"]), []).append(order_id)
            continue
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
    """What the demo's page shows beside an order, in the language of whoever asks."""
    try:
        found = get_order_history(stage, order_id)
    except Rejected:
        return (ShownDecision("waiting", _("Nothing has arrived yet.")),)
    shown = [one for item in found.items for one in decision(stage, item)]
    if not shown and found.order:
        message = next(
            (told(finding.message) for finding in found.order.rule_results if not finding.fired), _("Nothing is due.")
        )
        shown = [ShownDecision("none", message)]
    flags = found.order.flags if found.order else ()
    return (*shown, *(ShownDecision("needs you", told(flag.message)) for flag in flags))


def decision(stage: Stage, item: DocumentDetails) -> Iterator[ShownDecision]:
    """What was made, and what of it failed."""
    if item.document is None:
        why = told(item.draft.problems[0].message) if item.draft.problems else _("It waits for you to issue it.")
        yield ShownDecision("draft", why)
        return
    kind, currency = title(item.draft.kind, Translator(language())), item.draft.currency
    total = f", {amount(item.draft.total, currency)}" if item.draft.total else ""
    due = _(", {amount} to be paid", amount=amount(item.open, currency)) if item.open and item.open > 0 else ""
    yield ShownDecision(
        "issued", f"{kind}{total}{due}", item.document.number, stage.services.link_of(item.document) or ""
    )
    yield from (ShownDecision("needs you", told(step.message)) for step in item.steps if step.state == "failed")


def summary(stage: Stage, result: Result) -> str:
    with stage.services.store.read() as connection:
        listed = order_history.listing(connection, shop_id=stage.shop_id)
    issued = sum(1 for item in listed if item.document)
    orders = sum(len(became) for became in result.orders.values())
    good = sum(1 for became in result.orders.values() for order in became.values() if order["as_expected"])
    waiting = len(listed) - issued
    lines = [
        *(
            f"✓ {len(ids)} more made no document, as they should ({code.replace('_', ' ')}): {', '.join(map(str, ids))}"
            for code, ids in result.quiet.items()
        ),
        f"\n{result.deliveries} deliveries, {orders} recorded orders, {issued} documents issued, {waiting} drafts.",
        f"{good} of {orders} orders are as expected.",
        *(f"✗ {difference}" for difference in result.differences),
    ]
    return "\n".join(lines)
