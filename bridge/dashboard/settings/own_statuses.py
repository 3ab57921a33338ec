"""Order statuses of the shop's own: each that it tells of, or its orders came with, is a choice of what it stands for; others may be typed."""

from flask import g

from bridge.accounts.access import shop
from bridge.context import context
from bridge.dashboard.labels import Options, status_name
from bridge.forms import Form
from bridge.i18n.translate import _
from worker.domain import setting_readers
from worker.domain.order_status import DELETED, DRAFT_STATUSES
from worker.domain.payment_method import IN_PARTS_STATUSES
from worker.store import order_statuses
from worker.store.queries import order_statuses as seen_statuses

MOST = seen_statuses.MOST_STATUSES
SETTING = "orders.status_map"
# What these mean is known.
KNOWN = {*setting_readers.STATUSES, *DRAFT_STATUSES, *IN_PARTS_STATUSES, "trash", DELETED}


def own_names() -> dict[str, str]:
    """What the shop calls each, without WooCommerce's own: those that it tells of, and those that only its orders came with.

    Read from the database once a request.
    """
    if "own_status_names" not in g:
        with context().store.read() as connection:
            told = order_statuses.of_shop(connection, shop().shop_id)
            seen = seen_statuses.seen(connection, shop().shop_id)
        names = {status: status for status in seen} | told
        g.own_status_names = {status: name for status, name in names.items() if status not in KNOWN}
    found: dict[str, str] = g.own_status_names
    return found


def as_fields(text: str) -> dict[str, str]:
    """The fields of a form: a choice for each status that was seen, and lines to type for what was not."""
    chosen, fields = setting_readers.read_status_map(text), dict[str, str]()
    for number, status in enumerate(list(own_names())[:MOST]):
        fields |= {f"{SETTING}-status-{number}": status, f"{SETTING}-means-{number}": chosen.pop(status, "")}
    return fields | {SETTING: "\n".join(f"{status}={means}" for status, means in chosen.items())}


def as_text(form: Form) -> str:
    """What those fields say, as `settings_form` reads it. What was chosen counts more than what was typed."""
    lines = [form.values.get(SETTING, "")]
    for number in range(MOST):
        status, means = (form.values.get(f"{SETTING}-{part}-{number}", "") for part in ("status", "means"))
        lines += [f"{status}={means}"] if status and means else []
    return "\n".join(filter(None, lines))


def meanings() -> Options:
    """What a status may stand for."""
    return (
        ("", _("nothing: no document because of it")),
        *((one, status_name(one)) for one in setting_readers.STATUSES),
    )
