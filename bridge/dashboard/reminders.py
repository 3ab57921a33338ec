"""Reminders: who gets which one when, what holds them back, and what was sent."""

from flask import Blueprint, Response, request

from bridge.accounts.access import guard_shop
from bridge.accounts.access import shop as this_shop
from bridge.accounts.sign_in import safe_next_path
from bridge.context import context, rendered
from bridge.dashboard.actions import run_action
from bridge.dashboard.pagination import neighbours, page_request
from bridge.i18n.translate import _, translate_message
from worker.actions import reminders as actions
from worker.domain.reminder import REMINDER_TERMS, ReminderKind
from worker.store import bank_lines, reminders
from worker.store.queries import reminder_outlook

blueprint = Blueprint("reminders", __name__, url_prefix="/s/<shop_id>/payments/reminders")
guard_shop(blueprint)


@blueprint.get("")
def coming(shop_id: str) -> Response:
    """What is open, with the reminder that comes next, what is due first on top."""
    now = context().now()
    with context().store.read() as connection:
        bank = reminder_outlook.bank_facts(connection, this_shop(), now=now)
        page = reminder_outlook.page(connection, this_shop(), page_request(), now=now, bank=bank)
        return rendered(
            "dashboard/payments/reminders.html",
            shown="coming",
            page=page,
            held=bank.hold,
            today=this_shop().day_of(now),
            waiting=bank_lines.waiting_count(connection, shop_id),
            reminder_name=reminder_name,
            **neighbours(page),
        )


@blueprint.get("/sent")
def sent(shop_id: str) -> Response:
    """What left, the newest on top."""
    with context().store.read() as connection:
        page = reminders.page(connection, shop_id, page_request())
        return rendered(
            "dashboard/payments/reminders.html",
            shown="sent",
            page=page,
            waiting=bank_lines.waiting_count(connection, shop_id),
            reminder_name=reminder_name,
            **neighbours(page),
        )


def reminder_name(kind: ReminderKind) -> str:
    return translate_message(REMINDER_TERMS[kind])


@blueprint.post("/<int:document_id>/skip/<any({}):kind>".format(", ".join(ReminderKind)))
def skip(shop_id: str, document_id: int, kind: str) -> Response:
    """Pass over the next one; what comes after it comes."""
    return run_action(
        lambda connection, by: actions.skip(connection, shop_id, document_id, ReminderKind(kind), by=by),
        then=asked_from(shop_id),
        message=_("It is passed over; the next one comes on its day."),
    )


@blueprint.post("/<int:document_id>/stop")
def stop(shop_id: str, document_id: int) -> Response:
    return run_action(
        lambda connection, by: actions.stop(connection, shop_id, document_id, by=by),
        then=asked_from(shop_id),
        message=_("Nobody is reminded of it any more."),
    )


@blueprint.post("/<int:document_id>/resume")
def resume(shop_id: str, document_id: int) -> Response:
    return run_action(
        lambda connection, by: actions.resume(connection, shop_id, document_id, by=by),
        then=asked_from(shop_id),
        message=_("Its reminders go on."),
    )


def asked_from(shop_id: str) -> str:
    """The page of the document, where that had the button (*back*), or the list."""
    back = request.form.get("back", "")
    return safe_next_path(back) if back else f"/s/{shop_id}/payments/reminders"
