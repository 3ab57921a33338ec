"""How documents are numbered: prefix, year, digits and the next number; for experts the pattern and shared series."""

from collections.abc import Mapping

from flask import Response, flash, request

from bridge.accounts.access import actor, shop
from bridge.context import context, redirect_to
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.frame import settings_page
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from worker.actions import go_live, other_numbers
from worker.actions.shop_settings import NumberingChanges, ShopChanges
from worker.domain.document import Kind
from worker.domain.numbering import PatternParts, sequence_in
from worker.domain.shop import Series
from worker.errors import InvalidValue, Rejected
from worker.store import counters

MOST_DIGITS = 12
# What stands between year and number where there was none yet.
AFTER_YEAR = "-"


@blueprint.get("/numbering")
def numbers(shop_id: str) -> Response:  # noqa: ARG001  # the guard has read the shop
    return page(Form())


def current_values(coming: Mapping[Kind, str]) -> dict[str, str]:
    """What the fields show; *coming* are the next numbers as printed."""
    values: dict[str, str] = {}
    for kind, series in shop().numbering.series.items():
        parts, sequence = PatternParts.of(series.pattern), sequence_in(series, coming[kind])
        number = str(sequence[1]) if sequence else ""
        values |= {f"pattern-{kind}": series.pattern, f"name-{kind}": series.name}
        values |= {f"next-{kind}": number, f"shown-next-{kind}": number}
        values[f"yearly-{kind}"] = "1" if series.yearly else ""
        if parts is not None:
            values |= {f"prefix-{kind}": parts.prefix, f"digits-{kind}": str(parts.digits)}
            values[f"with-year-{kind}"] = "" if parts.after_year is None else "1"
    return values


@blueprint.post("/numbering")
def save_numbers(shop_id: str) -> Response:
    """Store only what was changed: a number already given is never given again."""
    form, series = Form.from_request(request.form), shop().numbering.series
    patterns, names, yearly, after = dict[Kind, str](), dict[Kind, str](), dict[Kind, bool](), dict[Kind, int]()
    for kind in Kind:
        pattern = wanted_pattern(form, kind, series[kind])
        if pattern != series[kind].pattern:
            patterns[kind] = pattern
        if form.values.get(f"name-{kind}", series[kind].name) != series[kind].name:
            names[kind] = form.values[f"name-{kind}"]
        if form.is_checked(f"yearly-{kind}") != series[kind].yearly:
            yearly[kind] = form.is_checked(f"yearly-{kind}")
        # Compared with what was shown: meanwhile a document may have taken that number.
        if form.values.get(f"next-{kind}", "") not in ("", form.values.get(f"shown-next-{kind}", "")):
            number = form.read(f"next-{kind}", read_next)
            after |= {} if number is None else {kind: number - 1}
    if not form.is_valid:
        return page(form)
    try:
        changed = change_shop(shop_id, ShopChanges(numbering=NumberingChanges(names, patterns, yearly, after)))
    except Rejected as error:
        form.errors["all"] = translate_message(error.message)
        return page(form)
    with context().store.read() as connection:
        coming = counters.next_numbers(connection, changed.shop, today=context().today(changed.shop))[Kind.INVOICE]
    flash(_("The numbers are saved: the next invoice is {number}.", number=coming), "good")
    return redirect_to(f"/s/{shop_id}/settings/numbering")


def wanted_pattern(form: Form, kind: Kind, series: Series) -> str:
    """The pattern that was typed, where it was; else what prefix, year and digits say."""
    typed = form.values.get(f"pattern-{kind}", series.pattern)
    parts = PatternParts.of(series.pattern)
    if typed != series.pattern or parts is None or f"prefix-{kind}" not in form.values:
        return typed
    digits = form.read(f"digits-{kind}", read_digits)
    has_year = form.is_checked(f"with-year-{kind}") or form.is_checked(f"yearly-{kind}")
    after_year = (AFTER_YEAR if parts.after_year is None else parts.after_year) if has_year else None
    wanted = PatternParts(form.values[f"prefix-{kind}"], after_year, digits or parts.digits)
    # As it stands, however it was written: {number:05} and {number:05d} are the same.
    return series.pattern if wanted == parts else form.read(f"prefix-{kind}", lambda _text: wanted.pattern) or typed


def read_digits(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_DIGITS):
        raise InvalidValue("“{text}” is not a number of digits; use 1 to {most}.", text=text, most=MOST_DIGITS)
    return int(text)


def read_next(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0):
        raise InvalidValue("“{text}” is not a number to begin with; write it like 116.", text=text)
    return int(text)


@blueprint.post("/numbering/continue")
def continue_others(shop_id: str) -> Response:
    """Go on after the numbers of another plugin of the shop, which told how far they are."""
    try:
        changed = other_numbers.continue_numbers(context(), shop_id, by=actor())
    except Rejected as error:
        flash(translate_message(error.message), "refused")
        return redirect_to(f"/s/{shop_id}/settings/numbering")
    with context().store.read() as connection:
        number = counters.next_numbers(connection, changed.shop, today=context().today(changed.shop))[Kind.INVOICE]
    flash(_("The first invoice here will be {number}.", number=number), "good")
    return redirect_to(f"/s/{shop_id}/settings/numbering")


def page(form: Form) -> Response:
    with context().store.read() as connection:
        next_numbers = counters.next_numbers(connection, shop(), today=context().today(shop()))
        others = go_live.others_checks(connection, shop(), now=context().now())
    form.values = form.values or current_values(next_numbers)
    return settings_page(
        "numbering",
        form=form,
        coming=next_numbers,
        kinds=tuple(Kind),
        other_numbers=next((check for check in others if check.name == "other_numbers"), None),
    )
