"""What the fields of the shop's own checkout hold, chosen from those that its last orders have."""

from flask import Response, flash, request

from bridge.accounts.access import shop
from bridge.context import context, redirect_to
from bridge.dashboard.labels import Options, setting_choices
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from worker.actions.shop_settings import ShopChanges
from worker.domain.assessment import NUMBER_UNREAD
from worker.domain.own_field import Holds
from worker.domain.settings_form import WrongSettings
from worker.store import orders

MOST_FIELDS = 220
MOST_FLAGS = 50
NAME = "orders.own_fields"
# The row for one that is not in the list.
TYPED, HOLDS_TYPED = "field-typed", "holds-typed"


@blueprint.get("/checkout-fields")
def checkout_fields(shop_id: str) -> Response:
    return page(shop_id, Form(chosen_fields()))


@blueprint.post("/checkout-fields")
def save_checkout_fields(shop_id: str) -> Response:
    """Store what each field holds; or look which fields the last orders have."""
    form = Form.from_request(request.form)
    if form.is_checked("look"):
        return request_task(shop_id, "seen_fields", {}, then=f"/s/{shop_id}/settings/checkout-fields?task=0")
    rows = [(form.values.get(f"field-{n}", ""), form.values.get(f"holds-{n}", "")) for n in range(MOST_FIELDS)]
    rows.append((form.values.get(TYPED, ""), form.values.get(HOLDS_TYPED, "")))
    if form.values.get(TYPED) and not form.values.get(HOLDS_TYPED):
        form.errors[TYPED] = _("Choose what this field holds: without that nothing of it is kept.")
        return page(shop_id, form)
    given = "\n".join(f"{field}={holds}" for field, holds in rows if field and holds)
    try:
        change_shop(shop_id, ShopChanges({NAME: given}))
    except WrongSettings as error:
        form.errors[NAME] = translate_message(error.messages[NAME])
        return page(shop_id, form)
    flash(
        _(
            "The fields of your checkout are saved. They hold from the next order on; drafts with a problem are looked at again."
        ),
        "good",
    )
    return redirect_to(f"/s/{shop_id}/settings/checkout-fields")


def chosen_fields() -> dict[str, str]:
    """What is stored, as the form has it."""
    values: dict[str, str] = {}
    for number, (field, holds) in enumerate(shop().orders.own_fields.items()):
        values |= {f"field-{number}": field, f"holds-{number}": holds}
    return values


def page(shop_id: str, form: Form) -> Response:
    """The stored fields first, then those that were seen, and a row for one that is typed."""
    looked = finished_task(shop_id, "seen_fields")
    proposed = unread_numbers(shop_id)
    seen = proposed | ({one["field"]: one for one in looked.answer["fields"]} if looked else {})
    fields = [field for n in range(MOST_FIELDS) if (field := form.values.get(f"field-{n}"))]
    chosen = {
        form.values[f"field-{n}"]: form.values.get(f"holds-{n}", "")
        for n in range(MOST_FIELDS)
        if form.values.get(f"field-{n}")
    }
    rows = [
        (field, seen.get(field), chosen.get(field, str(Holds.VAT_NUMBER) if field in proposed else ""))
        for field in dict.fromkeys((*fields, *seen))
    ]
    return settings_page(
        "checkout-fields",
        form=form,
        error=form.errors.get(NAME, ""),
        rows=rows,
        looked=looked is not None,
        proposed=proposed,
        meanings=meanings(),
        words=dict(meanings()),
    )


def unread_numbers(shop_id: str) -> dict[str, dict[str, str | int]]:
    """The fields in which orders have a VAT number that nobody named, each with the latest one and how many orders."""
    with context().store.read() as connection:
        flags = orders.latest_flags(connection, shop_id, NUMBER_UNREAD, limit=MOST_FLAGS)
    named = {field.casefold() for field in shop().orders.own_fields}
    examples: dict[str, list[str]] = {}
    for flag in flags:
        field, number = str(flag.message.values["field"]), str(flag.message.values["vat_number"])
        if field.casefold() not in named:
            examples.setdefault(field, []).append(number)
    return {field: {"example": numbers[0], "orders": len(numbers)} for field, numbers in examples.items()}


def meanings() -> Options:
    return (("", _("as found by itself")), *setting_choices(NAME))
