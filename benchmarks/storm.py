"""A storm of orders of many shops through `facturelay up`, while one shop backfills.

    .venv/bin/python benchmarks/storm.py [--workers 2] [--shops 100] [--orders 2000] [--backfill 2000] [--json]

Every order is delivered to the bridge as WooCommerce delivers it, signed, all as fast as they are taken. An order has waited from
the answer to its delivery until its invoice is mailed. Real processes; the shops and the mail server are this process.
"""

import argparse
import http.client
import json
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bridge.webhooks.signature import sign
from tests.support.neighbours import BACKFILLING, GOOD, Neighbours, neighbours
from worker.demo.pretend_shop import an_order

SECRET = "s" * 40  # as neighbours have it
LOOK_EVERY_S = 0.2
PATIENCE_S = 3600.0


def connect_shops(street: Neighbours, number: int) -> list[str]:
    """So many shops, all on the server of one."""
    server = street.shops[GOOD[0]]
    ids = [f"storm-{n}" for n in range(number)]
    for shop_id in ids:
        street.connect(shop_id, server.url, server.consumer_key, server.consumer_secret)
        street.shops[shop_id] = server
    return ids


def delivered(street: Neighbours, connection: http.client.HTTPConnection, shop_id: str) -> tuple[str, float]:
    """Who is to be mailed, and when the delivery was answered."""
    street.next_id += 1
    order_id, buyer = street.next_id, f"koper{street.next_id}@klant.test"
    street.shops[shop_id].place(an_order(id=order_id, email=buyer))
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
    return buyer, time.monotonic()


def waits(street: Neighbours, asked: dict[str, float]) -> list[float]:
    """How long each buyer waited for his mail, in seconds. Raises TimeoutError."""
    mailed: dict[str, float] = {}
    until = time.monotonic() + PATIENCE_S
    while asked.keys() - mailed.keys():
        if time.monotonic() > until:
            raise TimeoutError(f"{len(asked) - len(mailed)} of {len(asked)} mails are missing")
        time.sleep(LOOK_EVERY_S)
        for buyer in street.mailed_to() & asked.keys():
            mailed.setdefault(buyer, time.monotonic())
    return sorted(mailed[buyer] - since for buyer, since in asked.items())


def measure(*, workers: int, number_of_shops: int, orders: int, backfill: int) -> dict[str, float]:
    with neighbours(workers=workers, shop_timeout_s=15) as street:
        ids = connect_shops(street, number_of_shops)
        street.seconds_to_mail(GOOD, 1, patience_s=PATIENCE_S)  # warm
        street.backfill(backfill)
        connection = http.client.HTTPConnection("127.0.0.1", street.system.machines[0].port, timeout=60)
        began = time.monotonic()
        asked = dict(delivered(street, connection, shop_id) for shop_id in islice(cycle(ids), orders))
        taken_s = time.monotonic() - began
        found = waits(street, asked)
        all_s = time.monotonic() - began
        older = {f"koper{order['id']}@klant.test" for order in street.shops[BACKFILLING].orders()}
        of_backfill = len(older & street.mailed_to())
    return {
        "workers": workers,
        "orders": orders,
        "shops": number_of_shops,
        "taken_in_s": round(taken_s, 1),
        "last_mail_s": round(all_s, 1),
        "orders_per_s": round(orders / all_s, 1),
        "wait_median_s": round(median(found), 1),
        "wait_p99_s": round(found[len(found) * 99 // 100], 1),
        "of_backfill_meanwhile": of_backfill,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--backfill", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(workers=asked.workers, number_of_shops=asked.shops, orders=asked.orders, backfill=asked.backfill)
    print(json.dumps(found) if asked.json else "\n".join(f"{name:<24}{value:>10}" for name, value in found.items()))


if __name__ == "__main__":
    main()
