"""How documents are numbered: pattern, shared series, yearly or not, and the last number of another program."""

from http import HTTPStatus

from flask import Response, flash, request

from bridge.accounts.access import actor, shop
from bridge.context import context, redirect_to
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.fields import settings_page
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from worker.actions import go_live, other_numbers, shop_settings
from worker.actions.shop_settings import NumberingChanges, ShopChanges
from worker.domain.document import Kind
from worker.errors import Rejected


@blueprint.get("/numbering")
def numbers(shop_id: str) -> Response:
    return page(shop_id, current_form())


def current_form() -> Form:
    values: dict[str, str] = {}
    for kind, series in shop().numbering.series.items():
        values |= {f"pattern-{kind}": series.pattern, f"name-{kind}": series.name}
        values[f"yearly-{kind}"] = "1" if series.yearly else ""
    return Form(values)


@blueprint.post("/numbering")
def save_numbers(shop_id: str) -> Response:
    """Store only what was changed: a number already given is never given again."""
    form, series = Form.from_request(request.form), shop().numbering.series
    patterns, names, yearly, after = dict[Kind, str](), dict[Kind, str](), dict[Kind, bool](), dict[Kind, int]()
    for kind in Kind:
        if form.values.get(f"pattern-{kind}", series[kind].pattern) != series[kind].pattern:
            patterns[kind] = form.values[f"pattern-{kind}"]
        if form.values.get(f"name-{kind}", series[kind].name) != series[kind].name:
            names[kind] = form.values[f"name-{kind}"]
        if form.is_checked(f"yearly-{kind}") != series[kind].yearly:
            yearly[kind] = form.is_checked(f"yearly-{kind}")
        if form.values.get(f"after-{kind}"):
            number = form.read(f"after-{kind}", shop_settings.parse_last_number)
            after |= {} if number is None else {kind: number}
    if not form.is_valid:
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        change_shop(shop_id, ShopChanges(numbering=NumberingChanges(names, patterns, yearly, after)))
    except Rejected as error:
        form.errors["all"] = translate_message(error.message)
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    flash(_("Saved."), "good")
    return redirect_to(f"/s/{shop_id}/settings/numbering")


@blueprint.post("/numbering/continue")
def continue_others(shop_id: str) -> Response:
    """Go on after the numbers of another plugin of the shop, which told how far they are."""
    try:
        changed = other_numbers.continue_numbers(context(), shop_id, by=actor())
    except Rejected as error:
        flash(translate_message(error.message), "refused")
        return redirect_to(f"/s/{shop_id}/settings/numbering")
    with context().store.read() as connection:
        number = go_live.next_numbers(connection, changed.shop, now=context().now())[Kind.INVOICE]
    flash(_("The first invoice here will be {number}.", number=number), "good")
    return redirect_to(f"/s/{shop_id}/settings/numbering")


def page(shop_id: str, form: Form, *, status: HTTPStatus = HTTPStatus.OK) -> Response:  # noqa: ARG001
    with context().store.read() as connection:
        next_numbers = go_live.next_numbers(connection, shop(), now=context().now())
        others = go_live.others_checks(connection, shop(), now=context().now())
    return settings_page(
        "numbering",
        "numbering",
        status=status,
        form=form,
        coming=next_numbers,
        kinds=tuple(Kind),
        other_numbers=next((check for check in others if check.name == "other_numbers"), None),
    )
