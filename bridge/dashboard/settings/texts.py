"""The shop's own words on documents and in mails: per kind, paid or not, and language."""

from http import HTTPStatus

from flask import Response, abort, flash, request

from bridge.accounts.access import me, shop
from bridge.context import base_path, go, parts
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.fields import settings_page
from bridge.dashboard.tasks import answered, ask, errand_of
from bridge.forms import Form
from bridge.i18n.stored_messages import retold
from bridge.i18n.translate import NAMES, _
from worker.actions import shop_settings
from worker.domain import texts as wording
from worker.domain.document import Kind
from worker.domain.language import LANGUAGES
from worker.domain.settings_form import WrongSettings
from worker.domain.texts import Key, Part
from worker.store.tasks import Errand

# A mail's styles stand in it; nothing else of it may load or run.
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def chosen() -> tuple[Kind, bool, str]:
    """Which texts are shown: kind, paid or not, language. A wrong choice shows the first."""
    kind = request.args.get("kind", "")
    language = request.args.get("language", "")
    return (
        Kind(kind) if kind in list(Kind) else Kind.INVOICE,
        request.args.get("state", "") == "paid",
        language if language in LANGUAGES else shop().language,
    )


@blueprint.get("/texts")
def texts(shop_id: str) -> Response:
    kind, paid, language = chosen()
    values = {part: wording.text_of(shop(), Key(part, kind, paid, language)).strip() for part in Part}
    return page(shop_id, Form({str(part): text for part, text in values.items()}))


@blueprint.post("/texts")
def save_texts(shop_id: str) -> Response:
    """Store what differs from what is shown; a text that says the default again goes back to it."""
    kind, paid, language = chosen()
    form, changed = Form.sent(request.form), dict[str, str | None]()
    for part in Part:
        key = Key(part, kind, paid, language)
        typed = form.values.get(str(part), "").replace("\r\n", "\n")
        if form.checked(f"default-{part}"):
            changed[str(key)] = None
        elif typed != wording.text_of(shop(), key).strip():
            changed[str(key)] = typed
    if form.checked("mail") or form.checked("paper"):
        try:
            shop_settings.reworded(shop(), changed)
        except WrongSettings as error:
            return wrong(shop_id, form, error)
        what = "preview_mail" if form.checked("mail") else "preview"
        argument = {"kind": kind, "texts": changed, "language": language, "paid": paid}
        return ask(shop_id, what, argument, then=f"{here(shop_id)}&asked=0#preview")
    try:
        shop_settings.change_texts(parts().store, parts().vault, shop_id, changed, by=me().user.name, now=parts().now())
    except WrongSettings as error:
        return wrong(shop_id, form, error)
    flash(_("Saved. Documents issued from now on say this."), "good")
    return go(here(shop_id))


def wrong(shop_id: str, form: Form, error: WrongSettings) -> Response:
    form.errors |= {name.partition("/")[0]: retold(sentence) for name, sentence in error.sentences.items()}
    return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def here(shop_id: str) -> str:
    """This page with the texts that are shown."""
    kind, paid, language = chosen()
    state = "paid" if paid else "unpaid"
    return f"/s/{shop_id}/settings/texts?kind={kind}&state={state}&language={language}"


@blueprint.get("/texts/mail/<int:errand_id>")
def mail_preview(shop_id: str, errand_id: int) -> Response:
    """The mail of a preview, in a frame that lets nothing in and nothing out."""
    errand = errand_of(shop_id, errand_id)
    if errand.kind != "preview_mail" or errand.state != "done":
        abort(HTTPStatus.NOT_FOUND)
    response = Response(str(errand.answer.get("html", "")), mimetype="text/html")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def page(shop_id: str, form: Form, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    mail, paper = answered(shop_id, "preview_mail"), answered(shop_id, "preview")
    tried = mail or paper
    if tried is not None and status is HTTPStatus.OK:
        # What was tried stays in the form until it is saved.
        for key, text in (tried.argument.get("texts") or {}).items():
            form.values[key.partition("/")[0]] = text or ""
    kind, paid, language = chosen()
    own = {str(part) for part in Part if str(Key(part, kind, paid, language)) in shop().texts}
    labels = {
        Part.SUBJECT: _("Subject of the mail"),
        Part.BODY: _("Text of the mail"),
        Part.INTRO: _("On the document, above the lines"),
        Part.CLOSING: _("On the document, below the totals"),
        Part.TERMS: _("On the document, small at the end"),
    }
    return settings_page(
        "texts",
        "texts",
        status=status,
        form=form,
        kind=kind,
        paid=paid,
        language=language,
        kinds=tuple(Kind),
        languages=NAMES,
        labels={str(part): label for part, label in labels.items()},
        rows={str(part): 2 if part is Part.SUBJECT else 6 for part in Part},
        own=own,
        mail=mail.answer if mail else None,
        preview_url=preview_url(shop_id, mail, paper),
        placeholders=[(f"{{{name}}}", retold(means)) for name, means in wording.PLACEHOLDERS.items()],
    )


def preview_url(shop_id: str, mail: Errand | None, paper: Errand | None) -> str:
    """Where the frame of the preview gets what it shows."""
    if mail is not None:
        return f"{base_path()}/s/{shop_id}/settings/texts/mail/{mail.errand_id}"
    return f"{base_path()}/s/{shop_id}/asked/{paper.errand_id}/file" if paper is not None else ""
