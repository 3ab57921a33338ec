"""Rules: each is shown as a sentence, with which of the shop's last orders it would have matched."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from flask import Response, flash, request

from bridge.accounts.access import shop
from bridge.context import context, redirect_to
from bridge.dashboard.labels import order_kind_name, status_name
from bridge.dashboard.settings import blueprint, change_shop, own_statuses
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form
from bridge.i18n.translate import _, _n, kind_name, translate_message
from worker.actions.shop_settings import ShopChanges
from worker.domain import setting_readers
from worker.domain.document import Kind, SendMode
from worker.domain.rules import BuyerFilter, OrderKind, Rule, Trigger, parse_moment, quoted
from worker.domain.settings_form import WrongSettings
from worker.errors import InvalidValue
from worker.store import payment_methods, products

MOST_RULES = 20
# Fields of a rule that narrow it.
CONDITIONS = ("countries", "methods", "minimum", "order", "categories", "tax_classes", "shipping", "coupons")
KINDS = (Kind.INVOICE, Kind.PAYMENT_REQUEST, Kind.ORDER_CONFIRMATION, Kind.DELIVERY_NOTE)


@dataclass(frozen=True)
class RuleRow:
    """One row of the form, as a new rule begins. Without a *kind* it is none."""

    kind: str = Kind.INVOICE
    trigger: str = Trigger.PAID
    send_mode: str = SendMode.SEND
    buyer: str = BuyerFilter.EVERYONE
    countries: str = ""
    methods: str = ""
    minimum: str = ""
    order: str = ""
    categories: str = ""
    tax_classes: str = ""
    shipping: str = ""
    coupons: str = ""

    @classmethod
    def of(cls, rule: Rule) -> "RuleRow":
        return cls(
            rule.kind,
            rule.moment,
            rule.send_mode,
            rule.buyer,
            ", ".join(rule.countries),
            ", ".join(rule.payment_methods),
            "" if rule.minimum_total is None else str(rule.minimum_total),
            "|".join(rule.order_kinds),
            comma_separated(rule.categories),
            comma_separated(rule.tax_classes),
            comma_separated(rule.shipping_methods),
            comma_separated(rule.coupons),
        )

    @property
    def is_narrowed(self) -> bool:
        return any(getattr(self, name) for name in CONDITIONS)

    def as_text(self) -> str:
        """As `Rule.parse` reads it."""
        conditions = (
            "" if self.buyer == BuyerFilter.EVERYONE else f"buyer={self.buyer}",
            f"country={pipe_separated(self.countries.upper())}" if self.countries else "",
            f"method={pipe_separated(self.methods)}" if self.methods else "",
            f"minimum={self.minimum.replace(',', '.')}" if self.minimum else "",
            f"order={self.order}" if self.order else "",
            *(
                f"{name}={'|'.join(map(quoted, names_in(typed)))}"
                for name, typed in (
                    ("category", self.categories),
                    ("tax_class", self.tax_classes),
                    ("shipping", self.shipping),
                    ("coupon", self.coupons),
                )
                if names_in(typed)
            ),
        )
        narrowed = ",".join(filter(None, conditions))
        return f"{self.kind}:{self.trigger}:{self.send_mode}" + (f":{narrowed}" if narrowed else "")


def pipe_separated(text: str) -> str:
    return "|".join(part for part in text.replace(",", " ").replace("|", " ").split() if part)


def names_in(text: str) -> list[str]:
    """Names with commas between them; one that holds a comma stands in quotes."""
    rows = csv.reader([" ".join(text.split())], skipinitialspace=True)
    return [name.strip() for row in rows for name in row if name.strip()]


def comma_separated(names: Iterable[str]) -> str:
    return ", ".join('"' + name.replace('"', '""') + '"' if "," in name or '"' in name else name for name in names)


@blueprint.get("/rules")
def rules(shop_id: str) -> Response:
    return page(shop_id, [RuleRow.of(rule) for rule in shop().rules], Form())


@blueprint.post("/rules")
def save_rules(shop_id: str) -> Response:
    """Store them, or only try them on the last orders, or show them with one more, one fewer or in another order."""
    form = Form.from_request(request.form)
    rows = rows_of(form.values)
    moved = rearranged(rows, form.values)
    if moved is not None:
        return page(shop_id, moved, form, unsaved=True)
    texts = [row.as_text() for row in rows if row.kind]
    for number, row in enumerate(rows):
        if row.kind:
            form.values["rule"] = row.as_text()
            form.errors |= {f"{name}-{number}": problem for name, problem in problems_of(row).items()}
    if not form.is_valid:
        return page(shop_id, rows, form)
    if form.is_checked("try"):
        return request_task(
            shop_id, "dry_run_rules", {"rules": "\n".join(texts)}, then=f"/s/{shop_id}/settings/rules?task=0"
        )
    try:
        given = {"rules": "\n".join(texts)}
        change_shop(shop_id, ShopChanges(given))
    except WrongSettings as error:
        form.errors["rule-0"] = translate_message(error.messages["rules"])
        return page(shop_id, rows, form)
    message = _n(
        "One rule is saved; it holds from the next order on.",
        "{count} rules are saved; they hold from the next order on.",
        len(texts),
    )
    flash(message, "good")
    return redirect_to(f"/s/{shop_id}/settings/rules")


def problems_of(row: RuleRow) -> dict[str, str]:
    """What is wrong with a rule, by the name of the field; under *rule* what is wrong with none of them by itself."""
    said = {
        "countries": _("Type each country by its two letters, like BE, NL."),
        "minimum": _("Type an amount, like 50 or 12.50."),
    }
    found = {
        name: said.get(name, _("This cannot be read: write it like the example."))
        for name in CONDITIONS
        if problem_of(replace(RuleRow(), **{name: getattr(row, name)}))
    }
    problem = problem_of(row)
    return found or ({"rule": problem} if problem else {})


def problem_of(row: RuleRow) -> str:
    try:
        Rule.parse(row.as_text())
    except InvalidValue as error:
        return translate_message(error.message)
    return ""


def rows_of(sent: Mapping[str, str]) -> list[RuleRow]:
    """The rules as typed, in their order."""
    return [
        RuleRow(**{name: sent.get(f"{name}-{number}", getattr(RuleRow, name)) for name in RuleRow.__dataclass_fields__})
        for number in range(MOST_RULES)
        if f"kind-{number}" in sent
    ]


def rearranged(rows: list[RuleRow], sent: Mapping[str, str]) -> list[RuleRow] | None:
    """*rows* after a button beside them was pressed; None where none was."""
    if "add" in sent:
        return [*rows, RuleRow()][:MOST_RULES]
    pressed = next((name for name in ("up", "down", "remove") if name in sent), None)
    if pressed is None:
        return None
    place = int(sent[pressed]) if sent[pressed].isdecimal() else len(rows)
    if pressed == "remove":
        return [row for number, row in enumerate(rows) if number != place]
    upper = place - 1 if pressed == "up" else place
    if not 0 <= upper < len(rows) - 1:
        return rows
    return [*rows[:upper], rows[upper + 1], rows[upper], *rows[upper + 2 :]]


def unknown_statuses(rows: list[RuleRow], names: Mapping[str, str]) -> list[str]:
    """Those of the shop's own statuses (*names*, by status) of which neither a rule nor the settings say anything."""
    said = {*shop().orders.status_map, *(row.trigger.partition("=")[2] for row in rows)}
    return [name for status, name in names.items() if status not in said]


def is_moment(text: str) -> bool:
    """Whether a rule could be saved with it: a plugin may name its status as no rule can."""
    try:
        parse_moment(text)
    except ValueError:
        return False
    return True


def status_moments(rows: list[RuleRow], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """The shop's own statuses (*names*, by status) as moments of a rule, and whichever a rule names already."""
    known = (status for status in names if is_moment(f"{Trigger.STATUS}={status}"))
    of_rules = (row.trigger.partition("=")[2] for row in rows if row.trigger.startswith(f"{Trigger.STATUS}="))
    return [
        (f"{Trigger.STATUS}={status}", _("in the status “{status}”", status=names.get(status) or status_name(status)))
        for status in dict.fromkeys((*known, *of_rules))
    ]


def page(shop_id: str, rows: list[RuleRow], form: Form, *, unsaved: bool = False) -> Response:
    dry_run = finished_task(shop_id, "dry_run_rules")
    if dry_run is not None and not form.values:
        # What was tried stays in the form until it is saved.
        rows = [RuleRow.of(rule) for rule in setting_readers.read_rules(str(dry_run.argument.get("rules", "")))]
    with context().store.read() as connection:
        categories, methods = products.categories(connection, shop_id), payment_methods.of_shop(connection, shop_id)
    names = own_statuses.own_names()
    own_moments = status_moments(rows, names)
    return settings_page(
        "rules",
        categories=categories,
        methods=methods,
        unknown_statuses=unknown_statuses(rows, names),
        own_moments=own_moments,
        order_kinds=[("", _("any order")), *((kind, order_kind_name(kind)) for kind in OrderKind)],
        order_kind_name=order_kind_name,
        rows=rows,
        most_rules=MOST_RULES,
        unsaved=unsaved,
        form=form,
        tried=dry_run.answer if dry_run else None,
        kinds=[(kind, kind_name(kind)) for kind in KINDS],
        triggers=[
            (Trigger.CREATED, _("placed")),
            (Trigger.PAID, _("paid")),
            (Trigger.PROCESSING, _("in processing")),
            (Trigger.COMPLETED, _("completed")),
            *own_moments,
        ],
        send_modes=[(SendMode.SEND, _("mail it at once")), (SendMode.DRAFT, _("save it as a draft"))],
        buyers=[
            (BuyerFilter.EVERYONE, _("everyone")),
            (BuyerFilter.BUSINESS, _("businesses")),
            (BuyerFilter.CONSUMER, _("consumers")),
        ],
    )
