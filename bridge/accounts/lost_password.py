"""A lost password: whoever types his mail address gets a link there. The answer never says whether anybody has an account."""

from http import HTTPStatus

from flask import Blueprint, Response, abort, request

from bridge.accounts.access import client_group, guard_forms
from bridge.accounts.attempts import MOST_ATTEMPTS, is_rate_limited, too_many_attempts
from bridge.accounts.sign_in import sign_in_page
from bridge.context import context
from bridge.forms import Form, read_mail_address
from bridge.i18n.translate import translator
from worker.store import account_mails
from worker.store.account_mails import MailKind

blueprint = Blueprint("lost_password", __name__)
guard_forms(blueprint)

# In a quarter of an hour: nobody's mailbox is filled by asking again.
MOST_MAILS = 3


@blueprint.before_request
def only_with_a_mail_server() -> None:
    if not context().settings.smtp_url:
        abort(HTTPStatus.NOT_FOUND)


@blueprint.get("/sign-in/lost-password")
def ask_address() -> Response:
    return sign_in_page("lost_password", Form(), asked="")


@blueprint.post("/sign-in/lost-password")
def plan_mail() -> Response:
    """Have the mail sent. Who it is for is looked up when it leaves, so that this answers everybody alike and as fast."""
    form = Form.from_request(request.form)
    email = form.read("email", read_mail_address)
    if not form.is_valid or email is None:
        return sign_in_page("lost_password", form, asked="")
    if is_rate_limited("lost-address", client_group(), MOST_ATTEMPTS):
        raise too_many_attempts()
    if not is_rate_limited("lost", email, MOST_MAILS):
        now = context().now()
        with context().store.write() as connection:
            account_mails.plan(connection, MailKind.PASSWORD_LOST, email, language=translator().language, now=now)
    return sign_in_page("lost_password", form, asked=email)
