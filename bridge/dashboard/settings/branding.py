"""Branding: layout, colour and logo, with a preview on the shop's own last order."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import Response, flash, request

from bridge.accounts.access import actor
from bridge.accounts.access import shop as this_shop
from bridge.context import context, redirect_to
from bridge.dashboard.labels import setting_choices
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.tasks import addresses_of_preview, finished_task, request_task
from bridge.dashboard.uploads import take_upload
from bridge.forms import Form
from bridge.i18n.translate import _, kind_name
from worker.actions import shop_settings
from worker.actions.shop_settings import ShopChanges
from worker.domain import settings_form
from worker.domain.document import Kind
from worker.domain.language import LANGUAGE_NAMES
from worker.domain.settings_form import WrongSettings, with_setting

NAMES_OF_SETTINGS = ("branding.layout", "branding.accent")


@blueprint.get("/branding")
def branding(shop_id: str) -> Response:
    preview = finished_task(shop_id, "preview")
    shown = {
        name: value for name, value in settings_form.settings_as_text(this_shop()).items() if name in NAMES_OF_SETTINGS
    }
    typed = (
        {str(name): str(value) for name, value in (preview.argument.get("settings") or {}).items()} if preview else {}
    )
    argument = preview.argument if preview else {}
    chosen = {"kind": str(argument.get("kind", Kind.INVOICE)), "language": str(argument.get("language", ""))}
    return page(
        shop_id,
        Form({**shown, **typed, **chosen}),
        preview=preview.answer if preview else None,
        task_id=request.args.get("task", ""),
    )


@blueprint.post("/branding")
def save_branding(shop_id: str) -> Response:
    """Store layout and colour, or only preview them."""
    form = Form.from_request(request.form)
    given = {name: form.values.get(name, "") for name in NAMES_OF_SETTINGS}
    try:
        settings_form.apply_settings(this_shop(), given)
    except WrongSettings as error:
        form.refuse(error.messages)
        return page(shop_id, form)
    if form.is_checked("try"):
        kind = form.values.get("kind", "")
        argument = {
            "settings": given,
            "kind": kind if kind in list(Kind) else str(Kind.INVOICE),
            **({"language": form.values["language"]} if form.values.get("language") in LANGUAGE_NAMES else {}),
        }
        return request_task(shop_id, "preview", argument, then=f"/s/{shop_id}/settings/branding?task=0#preview")
    change_shop(shop_id, ShopChanges(given))
    flash(_("Layout and colour are saved: documents issued from now on look like this."), "good")
    return redirect_to(f"/s/{shop_id}/settings/branding")


@blueprint.post("/branding/<any(logo, attachment):what>")
def upload(shop_id: str, what: str) -> Response:
    """Take in a logo, or the PDF that is attached to each mail; a task checks whether it can be used."""
    stored = take_upload(shop_id, what)
    back = f"/s/{shop_id}/settings/{'branding' if what == 'logo' else 'mail'}"
    if stored is None:
        flash(_("Choose a file first."), "refused")
        return redirect_to(back)
    return request_task(shop_id, f"save_{what}", {"file": stored.as_json}, then=back)


@blueprint.post("/branding/<any(logo, attachment):what>/remove")
def remove_file(shop_id: str, what: str) -> Response:
    """Remove the logo (the name is printed instead) or the attachment."""
    shop_settings.update_shop(
        context(),
        shop_id,
        lambda shop: with_setting(shop, "branding.logo" if what == "logo" else "mail.attachment", None),
        by=actor(),
    )
    flash(
        _("The logo is removed: documents issued from now on show the name.")
        if what == "logo"
        else _("The attachment is removed: mails go without it from now on."),
        "good",
    )
    return redirect_to(f"/s/{shop_id}/settings/{'branding' if what == 'logo' else 'mail'}")


@blueprint.get("/branding/logo")
def logo(shop_id: str) -> Response:  # noqa: ARG001  # the guard has read the shop
    """The logo as it is stored."""
    stored = this_shop().branding.logo
    if stored is None:
        return Response(status=HTTPStatus.NOT_FOUND)
    kind = "image/png" if stored.path.endswith("png") else "image/jpeg"
    return Response(context().archive.get(stored.path, sha256=stored.sha256), mimetype=kind)


def page(shop_id: str, form: Form, *, preview: Mapping[str, object] | None = None, task_id: str = "") -> Response:
    return settings_page(
        "branding",
        form=form,
        tried=preview,
        preview=addresses_of_preview(shop_id, int(task_id)) if preview else {},
        layouts=setting_choices("branding.layout"),
        kinds=[(str(kind), kind_name(kind)) for kind in Kind],
        languages=[("", _("as the order")), *LANGUAGE_NAMES.items()],
    )
