"""From test to live: what must be right before the first real number, what would become of the open orders, and pausing."""

from collections.abc import Callable
from datetime import datetime

from flask import Response, flash, request

from bridge.accounts.access import me, shop
from bridge.context import context, redirect_to
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.settings.mail import named_sender, prove_label, vouch
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form
from bridge.i18n.translate import _, format_datetime, translate_message
from worker.actions import go_live
from worker.actions.go_live import ReadinessCheck
from worker.actions.shop_settings import ShopChanges
from worker.domain import setting_readers
from worker.errors import Rejected


@blueprint.get("/go-live")
def live(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/go-live")
def start_live(shop_id: str) -> Response:
    """Begin with real documents."""
    form = Form.from_request(request.form)
    since = form.read("since", read_since)
    if not form.is_valid:
        return page(shop_id, form)
    with context().store.read() as connection:
        mail = go_live.mail_check(connection, shop(), context())
    vouches = operator_vouches(mail)
    if not (is_confirmed() and (named_sender() or not vouches)) and can_begin():
        return ask(live_question(shop_id, since, mail))
    try:
        changed = change_shop(shop_id, ShopChanges(live=True, begin=since))
    except Rejected as error:
        flash(translate_message(error.message), "refused")
        return redirect_to(f"/s/{shop_id}/settings/go-live")
    if vouches:
        vouch(shop_id, named_sender())
    begin = format_datetime(changed.shop.orders.since)
    flash(_("The shop is live: orders placed since {since} become real documents.", since=begin), "good")
    return redirect_to(f"/s/{shop_id}")


def live_question(shop_id: str, since: datetime | None, mail: ReadinessCheck) -> Question:
    question = _("Go live with {shop}?", shop=shop().name)
    numbers = _("Orders placed from now on get real numbers.")
    if since is not None:
        numbers = _("Orders placed since {since} get real numbers.", since=format_datetime(since))
    mails = said_of_check(mail)
    if mail.good:
        mails = _("Customers get mail from {address}.", address=shop().writes_from(context().settings.mail_address))
    named = {"sender": shop().own_sender} if operator_vouches(mail) else {}
    return Question(question, _("Go live"), f"/s/{shop_id}/settings/go-live", f"{numbers} {mails}", named=named)


def operator_vouches(mail: ReadinessCheck) -> bool:
    """Whether who goes live proves the sender by saying yes to the question, which names it."""
    return mail.name == "sender" and me().user.operator


def said_of_check(check: ReadinessCheck) -> str:
    """What this reader is told: that nobody has proved the sender stops no mail of a shop with which an operator goes live."""
    if operator_vouches(check):
        return _(
            "Customers get mail from {address}. Nobody has proved yet that it is the shop's: by going live you vouch for it.",
            address=shop().own_sender,
        )
    return translate_message(check.message)


def can_begin() -> bool:
    """Whether all that is needed is there; else the page says what is missing."""
    with context().store.read() as connection:
        checks = go_live.first_run_checklist(connection, shop(), context(), now=context().now())
    return go_live.is_ready(checks)


def read_since(text: str) -> datetime | None:
    return setting_readers.read_instant(text, zone=shop().zone) if text else None


@blueprint.post("/go-live/orders")
def open_orders(shop_id: str) -> Response:
    """What would become of the orders that are under way."""
    form = Form.from_request(request.form)
    form.read("since", read_since)
    if not form.is_valid:
        return page(shop_id, form)
    since = form.values.get("since", "")
    argument = {"since": since} if since else {}
    return request_task(shop_id, "open_orders", argument, then=f"/s/{shop_id}/settings/go-live?task=0#orders")


QUESTIONS: dict[str, Callable[[str], Question]] = {
    "test": lambda shop_id: Question(
        _("Put {shop} back to test?", shop=shop().name),
        _("Back to test"),
        f"/s/{shop_id}/settings/go-live",
        _("New orders then make test documents only, and customers get no mail."),
    ),
    "pause": lambda shop_id: Question(
        _("Pause {shop}?", shop=shop().name),
        _("Pause"),
        f"/s/{shop_id}/settings/go-live",
        _("No document is made until the shop goes on; its orders wait meanwhile."),
    ),
}


@blueprint.post("/go-live/<any(test, pause, resume):what>")
def change(shop_id: str, what: str) -> Response:
    """Back to test; pause, so that orders wait and nothing is lost; go on."""
    if what in QUESTIONS and not is_confirmed():
        return ask(QUESTIONS[what](shop_id))
    if what == "test":
        change_shop(shop_id, ShopChanges(live=False))
        flash(_("The shop makes test documents from now on."), "good")
    else:
        change_shop(shop_id, ShopChanges(suspended=what == "pause"))
        flash(_("The shop is paused; its orders wait.") if what == "pause" else _("The shop goes on."), "good")
    return redirect_to(f"/s/{shop_id}/settings/go-live")


def page(shop_id: str, form: Form) -> Response:
    foreseen = finished_task(shop_id, "open_orders")
    if foreseen:
        form.values.setdefault("since", str(foreseen.argument.get("since", "")))
    with context().store.read() as connection:
        checks = go_live.first_run_checklist(connection, shop(), context(), now=context().now())
    since = read_since(str(foreseen.argument.get("since", ""))) if foreseen else None
    return settings_page(
        "go-live",
        form=form,
        checks=checks,
        said_of_check=said_of_check,
        prove_label=prove_label(),
        can_begin=go_live.is_ready(checks),
        foreseen=foreseen.answer if foreseen else None,
        foreseen_since=since,
    )
