"""A storm of orders of many shops through `facturelay up`, alone and while one more shop backfills.

    .venv/bin/python benchmarks/storm.py [--workers 2] [--shops 100] [--orders 2000] [--backfill 0 2000] [--json]

Every order is delivered to the bridge as WooCommerce delivers it, signed, all as fast as they are taken. An order has waited from
the answer to its delivery until its invoice is mailed. Real processes as they are without settings; the shops, each with a server
of its own, and the mail server are this process: what it takes stands beside what ours take. Ends with 1 where an order was lost,
mailed twice, or a number left out.
"""

import argparse
import http.client
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ingest import processor_s
from bridge.webhooks.signature import sign
from tests.support.neighbours import BACKFILLING, Neighbours
from tests.support.running_system import running_system
from worker.demo.mailbox import Mailbox
from worker.demo.pretend_shop import PretendShop, an_order
from worker.settings import VARIABLES, Settings
from worker.store import documents

SECRET = "s" * 40  # as neighbours have it
LOOK_EVERY_S = 0.2
PATIENCE_S = 7200.0
# What a running system of the tests has shorter; here they are as they are for everybody.
USUAL: dict[str, Any] = {
    VARIABLES[name].name: str(Settings.__dataclass_fields__[name].default)
    for name in ("scheduler_seconds", "poll_seconds", "lease_seconds", "longest_wait_seconds", "shop_timeout_seconds")
}
WARM = 4  # shops that have an order before


@contextmanager
def street_of(number: int, workers: int) -> Iterator[Neighbours]:
    """So many shops and the one that will backfill, connected to an installation with the product's own settings."""
    with (
        ExitStack() as servers,
        Mailbox() as mailbox,
        running_system(smtp_url=mailbox.url, workers=workers, **USUAL) as system,
    ):
        ids = (*(f"storm-{one}" for one in range(number)), BACKFILLING)
        street = Neighbours(system, {shop_id: servers.enter_context(PretendShop()) for shop_id in ids}, mailbox)
        for shop_id, shop in street.shops.items():
            street.connect(shop_id, shop.url, shop.consumer_key, shop.consumer_secret)
        yield street
        system.services.store.close()


def buyer(order_id: int) -> str:
    return f"koper{order_id}@klant.test"


def delivered(street: Neighbours, connection: http.client.HTTPConnection, shop_id: str) -> tuple[str, datetime]:
    """Who is to be mailed, and when the delivery was answered."""
    street.next_id += 1
    order_id = street.next_id
    street.shops[shop_id].place(an_order(id=order_id, email=buyer(order_id)))
    body = json.dumps({"id": order_id, "status": "processing"}).encode()
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Signature": sign(body, SECRET).decode(),
    }
    connection.request("POST", f"/webhooks/{shop_id}", body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"A delivery was answered {answer.status}")
    return buyer(order_id), datetime.now(UTC)


def wait_until_mailed(street: Neighbours, asked: set[str]) -> None:
    """Raises TimeoutError."""
    until = time.monotonic() + PATIENCE_S
    while missing := asked - street.mailed_to():
        if time.monotonic() > until:
            raise TimeoutError(f"{len(missing)} of {len(asked)} mails are missing")
        time.sleep(LOOK_EVERY_S)


def begin_backfill(street: Neighbours, number: int) -> None:
    """Until the first of it is mailed."""
    first = buyer(street.next_id + 1)
    street.backfill(number)
    wait_until_mailed(street, {first})


def waits(street: Neighbours, asked: dict[str, datetime]) -> list[float]:
    """How long each buyer waited for his first mail, in seconds, the shortest first."""
    mailed = {to: mail.received_at for mail in reversed(street.mailbox.messages()) for to in mail.recipients}
    return sorted((mailed[to] - since).total_seconds() for to, since in asked.items())


def faults(street: Neighbours, asked: dict[str, datetime]) -> dict[str, int]:
    """Orders with no or two invoices, buyers with two mails, and numbers left out in any shop."""
    mails = Counter(to for mail in street.mailbox.messages() for to in mail.recipients)
    invoices: Counter[str] = Counter()
    sequences: dict[tuple[str, str], list[int]] = defaultdict(list)
    with street.system.services.store.read() as connection:
        for shop_id in street.shops:
            for document in documents.every(connection, shop_id):
                invoices[buyer(document.draft.order_id or 0)] += 1
                sequences[shop_id, document.series].append(document.sequence)
    return {
        "lost": sum(not invoices[to] or not mails[to] for to in asked),
        "invoiced_twice": sum(times > 1 for times in invoices.values()),
        "mailed_twice": sum(times > 1 for times in mails.values()),
        "gaps": sum(sorted(found) != list(range(1, len(found) + 1)) for found in sequences.values()),
    }


def invoices_made(street: Neighbours) -> int:
    with street.system.services.store.read() as connection:
        return sum(1 for shop_id in street.shops for _ in documents.every(connection, shop_id))


def measure(*, workers: int, number_of_shops: int, orders: int, backfill: int) -> dict[str, float]:
    with street_of(number_of_shops, workers) as street:
        ids = [shop_id for shop_id in street.shops if shop_id != BACKFILLING]
        street.seconds_to_mail(ids[:WARM], 1, patience_s=PATIENCE_S)
        if backfill:
            begin_backfill(street, backfill)
        machine = street.system.machines[0]
        connection = http.client.HTTPConnection("127.0.0.1", machine.port, timeout=60)
        before, ours, mine, began = (
            invoices_made(street),
            processor_s(machine.process.pid),
            time.process_time(),
            time.monotonic(),
        )
        asked = dict(delivered(street, connection, shop_id) for shop_id in islice(cycle(ids), orders))
        taken_s = time.monotonic() - began
        wait_until_mailed(street, set(asked))
        all_s = time.monotonic() - began
        ours, mine = processor_s(machine.process.pid) - ours, time.process_time() - mine
        made = invoices_made(street) - before
        found = waits(street, asked)
        wrong = faults(street, asked)
    return {
        "workers": workers,
        "shops": number_of_shops,
        "orders": orders,
        "backfill": backfill,
        "taken_in_s": round(taken_s, 1),
        "last_mail_s": round(all_s, 1),
        "orders_per_s": round(orders / all_s, 2),
        "of_backfill_meanwhile": made - orders,
        "wait_median_s": round(median(found), 1),
        "wait_p99_s": round(found[len(found) * 99 // 100], 1),
        "processor_ms_each": round(ours / made * 1000, 1),
        "of_the_shops_ms_each": round(mine / made * 1000, 1),
        "processors": round(ours / all_s, 2),
        **wrong,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--backfill", type=int, nargs="+", default=[0, 2000], help="one run for each number")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    wrong = 0.0
    for backfill in given.backfill:
        found = measure(workers=given.workers, number_of_shops=given.shops, orders=given.orders, backfill=backfill)
        wrong += sum(found[fault] for fault in ("lost", "invoiced_twice", "mailed_twice", "gaps"))
        print(
            json.dumps(found) if given.json else "\n".join(f"{name:<24}{value:>10}" for name, value in found.items()),
            flush=True,
        )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
