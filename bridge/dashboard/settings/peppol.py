"""Who brings the shop's e-invoices to Peppol: one key, a test of it, the state; or another system, said once and on the record."""

from flask import Response, flash, request

from bridge.accounts.access import actor, me
from bridge.accounts.access import shop as this_shop
from bridge.context import context, redirect_to
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.labels import Options, setting_choices
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from worker.actions import peppol as peppol_actions
from worker.actions.peppol import NewAccount
from worker.actions.shop_settings import ShopChanges
from worker.domain.access_point import ELSEWHERE, OPERATORS, PROVIDERS
from worker.domain.peppol_connection import Keys, why_not
from worker.domain.shop import BusinessChannel, Shop
from worker.errors import Rejected
from worker.net import peppol_hook
from worker.store import alerts, shops
from worker.store.queries import einvoices

CHECKED = "/settings/peppol?task=0#check"


@blueprint.get("/peppol")
def peppol(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/peppol/connect")
def connect_access_point(shop_id: str) -> Response:
    """Store the key, let go what waited for it, and try it."""
    form = Form.from_request(request.form)
    account = NewAccount(
        form.values.get("provider", ""),
        request.form.get("key", ""),
        company=form.values.get("company", ""),
        sandbox=form.is_checked("sandbox"),
        by_operator=me().user.operator,
    )
    try:
        peppol_actions.connect(context(), shop_id, account, by=actor())
    except Rejected as error:
        place = "key" if "key" in error.code else "provider"
        form.errors[place] = translate_message(error.message)
        return page(shop_id, form)
    return request_task(shop_id, "check_peppol", {}, then=f"/s/{shop_id}{CHECKED}")


@blueprint.post("/peppol/check")
def check_access_point(shop_id: str) -> Response:
    """Try the key."""
    return request_task(shop_id, "check_peppol", {}, then=f"/s/{shop_id}{CHECKED}")


@blueprint.post("/peppol/elsewhere")
def send_elsewhere(shop_id: str) -> Response:
    """Another system sends them: kept with name and time."""
    if not is_confirmed():
        question = _("Does another system send the e-invoices of {shop} by Peppol?", shop=this_shop().name)
        more = _(
            "From now on Facturelay sends nothing by Peppol; by law that other system must. Your name and the time are kept."
        )
        return ask(Question(question, _("Another system sends them"), f"/s/{shop_id}/settings/peppol", more))
    peppol_actions.send_elsewhere(context(), shop_id, by=actor())
    flash(
        _("Noted, with your name and the time. PDFs to Belgian businesses say from now on that they are copies."),
        "good",
    )
    return redirect_to(f"/s/{shop_id}/settings/peppol")


@blueprint.post("/peppol/businesses")
def save_businesses(shop_id: str) -> Response:
    """How invoices reach businesses."""
    chosen = Form.from_request(request.form).values.get("peppol.businesses", "")
    if chosen in list(BusinessChannel):
        change_shop(shop_id, ShopChanges({"peppol.businesses": chosen}))
        flash(_("How invoices reach businesses is saved."), "good")
    return redirect_to(f"/s/{shop_id}/settings/peppol")


def page(shop_id: str, form: Form) -> Response:
    shop, settings = this_shop(), context().settings
    with context().store.read() as connection:
        secrets = shops.get_secrets(connection, context().encryption, shop_id)
        alert = alerts.find(connection, shop_id, peppol_actions.ACCOUNT_ALERT)
        waiting = einvoices.count_waiting_for_access_point(connection, shop_id)
    checked = finished_task(shop_id, "check_peppol")
    stored = {
        "provider": shop.peppol.sender if shop.peppol.sender != ELSEWHERE else "",
        "company": shop.peppol.company,
        "sandbox": "1" if shop.peppol.sandbox else "",
        "peppol.businesses": str(shop.peppol.businesses),
    }
    form.values = stored | form.values
    return settings_page(
        "peppol",
        form=form,
        why_not=why_not(shop, Keys(secrets.peppol_key, settings.peppol_provider, settings.peppol_key)),
        trouble=alert.message if alert else None,
        is_elsewhere=shop.peppol.sender == ELSEWHERE,
        sender_label=sender_label(shop.peppol.sender),
        has_key=bool(secrets.peppol_key),
        waiting=waiting,
        providers=providers(),
        sites=[(provider.label, provider.site) for provider in PROVIDERS.values()],
        channels=setting_choices("peppol.businesses"),
        paste_hook=hook_to_paste(shop),
        checks=checked.answer.get("checks", ()) if checked else (),
    )


def hook_to_paste(shop: Shop) -> str:
    """The address to paste at an access point that tells there what became of a document; empty at others."""
    provider = PROVIDERS.get(shop.peppol.sender)
    if provider is None or provider.tells_at != "pasted":
        return ""
    settings = context().settings
    return peppol_hook.url(settings.public_url, settings.secret_keys, shop.shop_id)


def sender_label(sender: str) -> str:
    if sender == OPERATORS:
        return dict(setting_choices("peppol.sender"))[OPERATORS]
    return PROVIDERS[sender].label if sender in PROVIDERS else ""


def providers() -> Options:
    own = tuple((provider.name, provider.label) for provider in PROVIDERS.values())
    is_offered = context().settings.peppol_key and (me().user.operator or this_shop().peppol.sender == OPERATORS)
    installation = ((OPERATORS, sender_label(OPERATORS)),) if is_offered else ()
    return (("", "–"), *installation, *own)
