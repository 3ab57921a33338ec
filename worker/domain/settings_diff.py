"""What changed in a shop's settings, one message a setting, for the audit trail. Secrets are no settings and never come here."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime

from worker.domain.payment_method import PaymentTerms
from worker.domain.rules import Rule
from worker.domain.shop import Series, Shop
from worker.domain.zero_reason import ZeroReason
from worker.message import Message


def describe_changes(before: Shop, after: Shop) -> tuple[Message, ...]:
    """Each changed setting as `language: nl → fr`; empty when nothing changed."""
    old, new = dict(_settings(before)), dict(_settings(after))
    return tuple(
        Message(
            "{setting}: {before} → {after}",
            setting=name.replace("_", " "),
            before=old.get(name) or Message("nothing"),
            after=new.get(name) or Message("nothing"),
        )
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    )


def _settings(value: object, name: str = "") -> Iterator[tuple[str, str | Message]]:
    """Every setting below *value* by its name, in the order in which a shop is written down."""
    if isinstance(value, PaymentTerms | Rule | Series | ZeroReason) or not (
        is_dataclass(value) or isinstance(value, Mapping)
    ):
        yield name, _as_value(value)
        return
    if isinstance(value, Mapping):
        inside = {str(key): item for key, item in value.items()}
    else:
        inside = {field.name: getattr(value, field.name) for field in fields(value)}
    for key, item in inside.items():
        yield from _settings(item, f"{name}.{key}" if name else key)


def _as_value(value: object) -> str | Message:
    match value:
        case bool():
            return Message("yes") if value else Message("no")
        case Series() if value.yearly:
            return Message("{name} {pattern}, anew each year", name=value.name, pattern=value.pattern)
        case Series():
            return Message("{name} {pattern}, never anew", name=value.name, pattern=value.pattern)
        case _:
            return _shortened(_as_text(value))


def _as_text(value: object) -> str:
    match value:
        case Rule():
            conditions = (str(value.buyer), *value.payment_methods, *value.countries, value.minimum_total)
            texts = [str(condition) for condition in conditions if condition not in ("everyone", None)]
            return f"{value} ({', '.join(texts)})" if texts else str(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        case tuple():
            return ", ".join(_as_text(item) for item in value)
        case _:
            return "" if value is None else str(value)


def _shortened(text: str, most: int = 140) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
