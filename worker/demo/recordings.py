"""Read recorded deliveries of a real shop, and say what its REST API would have answered after each step."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.demo.orders import Payload

# Erasing an order sends nothing, so only the step's name shows it.
_ERASES = re.compile(r"delete permanently|force=true", re.IGNORECASE)


@dataclass(frozen=True)
class RecordedDelivery:
    """One request the shop sent. *body* is what was signed, byte for byte."""

    topic: str
    order_id: int
    body: bytes
    headers: tuple[tuple[str, str], ...]
    secret: str
    file: str


@dataclass(frozen=True)
class RecordedStep:
    name: str
    deliveries: tuple[RecordedDelivery, ...]


@dataclass(frozen=True)
class OrderState:
    """What the shop's REST API says of an order. *order* is None when it is erased for good (404)."""

    order_id: int
    order: Payload | None
    refunds: tuple[Payload, ...]


@dataclass(frozen=True)
class Scenario:
    """*orders* and *refunds* are the shop's REST answers at the end; an erased order is None."""

    name: str
    note: str
    steps: tuple[RecordedStep, ...]
    orders: Mapping[int, Payload | None]
    refunds: Mapping[int, tuple[Payload, ...]]

    def after(self, index: int) -> tuple[OrderState, ...]:
        """The state of every order seen so far once step *index* (from 0) is over."""
        seen: dict[int, Payload | None] = {}
        for step in self.steps[: index + 1]:
            for delivery in step.deliveries:
                seen[delivery.order_id] = self._order_in(delivery, before=seen.get(delivery.order_id))
            if _ERASES.search(step.name):
                seen |= {order_id: None for order_id in seen if self.orders.get(order_id) is None}
        return tuple(OrderState(order_id, order, self._refunds_of(order)) for order_id, order in seen.items())

    def _order_in(self, delivery: RecordedDelivery, *, before: Payload | None) -> Payload | None:
        if delivery.topic != "order.deleted":
            return _object(delivery.body)
        # The trash: the delivery holds only the id; GET by id still answers 200 with the whole order.
        return None if before is None else {**before, "status": "trash"}

    def _refunds_of(self, order: Payload | None) -> tuple[Payload, ...]:
        if order is None:
            return ()
        known = {refund["id"] for refund in order["refunds"]}
        return tuple(refund for refund in self.refunds.get(order["id"], ()) if refund["id"] in known)


def load(folder: Path) -> tuple[Scenario, ...]:
    """Every scenario of *folder*, in the order of their names."""
    return tuple(_scenario(path.parent) for path in sorted(folder.glob("*/scenario.json")))


def _scenario(folder: Path) -> Scenario:
    told = _object((folder / "scenario.json").read_bytes())
    return Scenario(
        name=told["scenario"],
        note=told["note"],
        steps=tuple(_step(folder, step) for step in told["steps"]),
        orders={order_id: _order_at_the_end(folder, order_id) for order_id in told["orders"]},
        refunds={order_id: _refunds_at_the_end(folder, order_id) for order_id in told["orders"]},
    )


def _step(folder: Path, told: Payload) -> RecordedStep:
    return RecordedStep(told["step"], tuple(_delivery(folder, delivery["file"]) for delivery in told["deliveries"]))


def _delivery(folder: Path, file: str) -> RecordedDelivery:
    told = _object((folder / file).read_bytes())
    headers = tuple((str(name), str(value)) for name, value in told["headers"])
    body = str(told["body_text"]).encode("ascii")
    topic = next(value for name, value in headers if name.lower() == "x-wc-webhook-topic")
    return RecordedDelivery(topic, _object(body)["id"], body, headers, told["secret"], f"{folder.name}/{file}")


def _order_at_the_end(folder: Path, order_id: int) -> Payload | None:
    told = _object((folder / f"rest-order-{order_id}.json").read_bytes())
    return told if "status" in told else None


def _refunds_at_the_end(folder: Path, order_id: int) -> tuple[Payload, ...]:
    told = json.loads((folder / f"rest-order-{order_id}-refunds.json").read_bytes())
    return tuple(told) if isinstance(told, list) else ()


def _object(text: bytes) -> Payload:
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError(f"a JSON object was expected, not {text[:40]!r}")
    return told
