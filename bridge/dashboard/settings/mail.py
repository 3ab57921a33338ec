"""How mail leaves: sender and copies, the shop's own server, a test with a diagnosis, the attachment."""

from email.utils import parseaddr

from flask import Response, flash, request

from bridge.accounts.access import actor, me, shop
from bridge.context import context, redirect_to
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from worker.actions import shop_mails, shop_secrets
from worker.actions.shop_settings import ShopChanges
from worker.domain import settings_form
from worker.domain.settings_form import WrongSettings
from worker.errors import Rejected
from worker.net.email_address import EMAIL_ADDRESS
from worker.net.smtp_url import SmtpServer
from worker.store import senders, shops, users
from worker.store.account_mails import MailKind
from worker.store.shops import Secrets

ADDRESSES = ("mail.sender", "mail.reply_to", "mail.cc", "mail.bcc")
PORTS = {"smtp+starttls": 587, "smtps": 465, "smtp": 25}
HIGHEST_PORT = 65_535


@blueprint.get("/mail")
def mail(shop_id: str) -> Response:
    return page(shop_id, current_form(shop_id))


@blueprint.post("/mail")
def save_mail(shop_id: str) -> Response:
    """Sender and copies."""
    form = current_form(shop_id, **Form.from_request(request.form).values)
    try:
        given = {name: form.values.get(name, "") for name in ADDRESSES}
        change_shop(shop_id, ShopChanges(given))
    except WrongSettings as error:
        form.refuse(error.messages)
        return page(shop_id, form)
    flash(_("Sender and copies are saved."), "good")
    return redirect_to(f"/s/{shop_id}/settings/mail")


@blueprint.post("/mail/prove")
def prove_sender(shop_id: str) -> Response:
    """Mail a link to the sender's address; whoever opens it proves that it is the shop's. An operator need not."""
    address = shop().own_sender
    if not EMAIL_ADDRESS.fullmatch(address):
        return redirect_to(f"/s/{shop_id}/settings/mail")
    if not named_sender():
        flash(_("The sender is {address} meanwhile; press again if you mean that one.", address=address), "refused")
    elif me().user.operator:
        vouch(shop_id, address)
        flash(_("Mail leaves from {address} from now on.", address=address), "good")
    else:
        with context().store.write() as connection:
            shop_mails.plan(connection, context().settings, shop(), (MailKind.SENDER_PROOF, address), by=actor())
        flash(_("A link is on its way to {address}. Open it there.", address=address), "good")
    return redirect_to(f"/s/{shop_id}/settings/{'go-live' if shop().test else 'mail'}")


def named_sender() -> str:
    """The shop's own address, where the pressed button or question named it; empty where it was changed since."""
    return shop().own_sender if request.form.get("sender") == shop().own_sender else ""


def vouch(shop_id: str, address: str) -> None:
    """Let the shop write from *address*: an operator who read it said that it is the shop's."""
    with context().store.write() as connection:
        senders.prove(connection, shop_id, address, by=me().user.name, now=context().now())


def prove_label() -> str:
    """What the button says by which a sender is proved: an operator's word is enough."""
    if me().user.operator:
        return _("Let mail leave from {address}", address=shop().own_sender)
    return _("Mail a link to {address}", address=shop().own_sender)


def is_allowed_sender(shop_id: str) -> bool:
    with context().store.read() as connection:
        return senders.is_proved(connection, shop_id, shop().own_sender)


@blueprint.post("/mail/server")
def save_server(shop_id: str) -> Response:
    """The shop's own mail server, or the operator's again."""
    sent = Form.from_request(request.form)
    form = current_form(shop_id, **sent.values)
    server = None if sent.values.get("scheme", "") == "" else typed_server(form, request.form.get("password", ""))
    if not form.is_valid:
        return page(shop_id, form)
    try:
        shop_secrets.change_mail_server(
            context(), shop_id, shop_secrets.with_password(server, secrets_of(shop_id)) if server else None, by=actor()
        )
    except Rejected as error:
        form.errors["host"] = translate_message(error.message)
        return page(shop_id, form)
    saved = (
        _(
            "The mail server is saved: mails leave through {host}. Send a test mail to see whether it works.",
            host=form.values["host"],
        )
        if server
        else _("The shop's own mail server is given up: mails leave through that of whoever runs Facturelay.")
    )
    flash(saved, "good")
    return redirect_to(f"/s/{shop_id}/settings/mail")


def typed_server(form: Form, password: str) -> SmtpServer | None:
    scheme = form.values["scheme"]
    host = form.text("host", needed=_("Fill in the host, like mail.example.com."))
    port = form.values.get("port", "") or str(PORTS.get(scheme, 587))
    if scheme not in PORTS:
        form.errors["scheme"] = _("Choose how the server is reached.")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= HIGHEST_PORT):
        form.errors["port"] = _("A port is a number from 1 to 65535.")
    if not form.is_valid:
        return None
    return SmtpServer(scheme, host, int(port), form.values.get("username", ""), password)


@blueprint.post("/mail/test")
def test_mail(shop_id: str) -> Response:
    """Send a test mail; the page says what came of it."""
    to = Form.from_request(request.form).values.get("to", "") or me().user.email
    return request_task(shop_id, "test_mail", {"to": to}, then=f"/s/{shop_id}/settings/mail?task=0#test")


def schemes(form: Form) -> list[tuple[str, str]]:
    """By which server mail may leave; by that of whoever runs Facturelay only where there is one, or one is to be given up for it."""
    own = [
        ("smtp+starttls", _("my own mail server: STARTTLS (usually port 587)")),
        ("smtps", _("my own mail server: TLS (usually port 465)")),
        ("smtp", _("my own mail server: unencrypted (port 25)")),
    ]
    has_other = bool(context().settings.smtp_url) or bool(form.values["scheme"])
    return [("", _("the server of whoever runs Facturelay")), *own] if has_other else own


def secrets_of(shop_id: str) -> Secrets:
    with context().store.read() as connection:
        return shops.get_secrets(connection, context().encryption, shop_id)


def current_form(shop_id: str, **typed: str) -> Form:
    """What is stored, with what was *typed* in its place. A password is never shown."""
    server = shop_secrets.mail_server_of(secrets_of(shop_id))
    values = {name: value for name, value in settings_form.settings_as_text(shop()).items() if name in ADDRESSES}
    values |= {"scheme": "", "host": "", "port": "", "username": ""}
    if server is not None:
        values |= {"scheme": server.scheme, "host": server.host, "port": str(server.port), "username": server.username}
    return Form(values | {name: value for name, value in typed.items() if name != "password"})


def page(shop_id: str, form: Form) -> Response:
    test_task = finished_task(shop_id, "test_mail")
    with context().store.read() as connection:
        owner = users.owner(connection, shop_id)
    return settings_page(
        "mail",
        form=form,
        tried=test_task.answer if test_task else None,
        installation_has_server=bool(context().settings.smtp_url),
        schemes=schemes(form),
        sender=shop().writes_from(context().settings.mail_from),
        tests_go_to=shop().own_sender or owner or parseaddr(context().settings.mail_from)[1] if shop().test else "",
        has_owner=bool(owner),
        own_address=me().user.email,
        own_sender=shop().own_sender,
        prove_label=prove_label(),
        # By a server of its own the shop writes as that server lets it.
        sender_is_allowed=bool(form.values["scheme"]) or is_allowed_sender(shop_id),
        operators_sender=context().settings.mail_address,
    )
