"""How documents look: layout, colour, logo, seen at once on the shop's own last order."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from flask import Response, flash, request

from bridge.accounts.access import me
from bridge.accounts.access import shop as this_shop
from bridge.context import base_path, go, parts
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.fields import settings_page
from bridge.dashboard.tasks import answered, ask
from bridge.forms import Form
from bridge.i18n.stored_messages import retold
from bridge.i18n.translate import NAMES, _, kind_name
from worker.actions import shop_settings
from worker.domain import settings_form
from worker.domain.document import Kind
from worker.domain.settings_form import WrongSettings
from worker.domain.shop import LAYOUTS
from worker.store.files import temporary

NAMES_OF_SETTINGS = ("layout", "accent")


@blueprint.get("/look")
def look(shop_id: str) -> Response:
    tried = answered(shop_id, "preview")
    shown = {name: value for name, value in settings_form.shown(this_shop()).items() if name in NAMES_OF_SETTINGS}
    typed = {str(name): str(value) for name, value in (tried.argument.get("settings") or {}).items()} if tried else {}
    argument = tried.argument if tried else {}
    chosen = {"kind": str(argument.get("kind", Kind.INVOICE)), "language": str(argument.get("language", ""))}
    return page(
        shop_id,
        Form({**shown, **typed, **chosen}),
        tried=tried.answer if tried else None,
        asked=request.args.get("asked", ""),
    )


@blueprint.post("/look")
def save_look(shop_id: str) -> Response:
    """Store layout and colour, or only show what they would look like."""
    form = Form.sent(request.form)
    given = {name: form.values.get(name, "") for name in NAMES_OF_SETTINGS}
    try:
        settings_form.settled(this_shop(), given)
    except WrongSettings as error:
        form.errors |= {name: retold(sentence) for name, sentence in error.sentences.items()}
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if form.checked("try"):
        kind = form.values.get("kind", "")
        argument = {
            "settings": given,
            "kind": kind if kind in list(Kind) else str(Kind.INVOICE),
            **({"language": form.values["language"]} if form.values.get("language") in NAMES else {}),
        }
        return ask(shop_id, "preview", argument, then=f"/s/{shop_id}/settings/look?asked=0#preview")
    shop_settings.change(parts().store, parts().vault, shop_id, given, by=me().user.name, now=parts().now())
    flash(_("Saved. Documents issued from now on look like this."), "good")
    return go(f"/s/{shop_id}/settings/look")


@blueprint.post("/look/<any(logo, enclosed):what>")
def upload(shop_id: str, what: str) -> Response:
    """Take in a logo, or the PDF that rides along with mails; the worker looks whether it can be used."""
    sent = request.files.get("file")
    content = sent.read() if sent is not None else b""
    back = f"/s/{shop_id}/settings/{'look' if what == 'logo' else 'mail'}"
    if sent is None or not content:
        flash(_("Choose a file first."), "refused")
        return go(back)
    kept = temporary.put(parts().archive, shop_id, sent.filename or what, content, now=parts().now())
    return ask(shop_id, f"keep_{what}", {"file": kept.as_json}, then=back)


@blueprint.post("/look/<any(logo, enclosed):what>/drop")
def drop(shop_id: str, what: str) -> Response:
    """Print the name instead of the logo; send nothing along."""
    shop_settings.rework(
        parts().store,
        parts().vault,
        shop_id,
        lambda shop: replace(shop, logo=None) if what == "logo" else replace(shop, mail_attachment=None),
        by=me().user.name,
        now=parts().now(),
    )
    flash(_("Saved."), "good")
    return go(f"/s/{shop_id}/settings/{'look' if what == 'logo' else 'mail'}")


@blueprint.get("/look/logo")
def logo(shop_id: str) -> Response:  # noqa: ARG001  # the guard has read the shop
    """The logo as it is stored."""
    kept = this_shop().logo
    if kept is None:
        return Response(status=HTTPStatus.NOT_FOUND)
    kind = "image/png" if kept.path.endswith("png") else "image/jpeg"
    return Response(parts().archive.get(kept.path, sha256=kept.sha256), mimetype=kind)


def page(
    shop_id: str,
    form: Form,
    *,
    tried: Mapping[str, object] | None = None,
    asked: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    return settings_page(
        "look",
        "look",
        status=status,
        form=form,
        tried=tried,
        preview_url=f"{base_path()}/s/{shop_id}/asked/{asked}/file" if tried else "",
        layouts=[(layout, {"ledger": _("Ledger"), "letter": _("Letter")}.get(layout, layout)) for layout in LAYOUTS],
        kinds=[(str(kind), kind_name(kind)) for kind in Kind],
        languages=[("", _("as the order")), *NAMES.items()],
    )
