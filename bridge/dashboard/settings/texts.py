"""The shop's own texts on documents and in mails: per kind, paid or not, and language."""

from http import HTTPStatus

from flask import Response, abort, flash, request

from bridge.accounts.access import actor, shop
from bridge.context import base_path, context, redirect_to
from bridge.dashboard.labels import in_words, kind_within
from bridge.dashboard.settings import blueprint
from bridge.dashboard.settings.frame import settings_page
from bridge.dashboard.tasks import addresses_of_preview, finished_task, request_task, task_or_404
from bridge.forms import Form
from bridge.i18n.translate import _, translate_message
from worker.actions import shop_settings
from worker.domain import texts as wording
from worker.domain.document import Kind
from worker.domain.language import LANGUAGE_NAMES, LANGUAGES
from worker.domain.setting_names import TEXT_NAMES
from worker.domain.settings_form import WrongSettings
from worker.domain.texts import TextKey, TextPart

# A mail carries its own styles; nothing else of it may load or run.
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def selected_texts() -> tuple[Kind, bool, str]:
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
    kind, paid, language = selected_texts()
    values = {part: wording.text_of(shop(), TextKey(part, kind, paid, language)).strip() for part in TextPart}
    return page(shop_id, Form({str(part): text for part, text in values.items()}))


@blueprint.post("/texts")
def save_texts(shop_id: str) -> Response:
    """Store what differs from what is shown; a text that says the default again goes back to it."""
    kind, paid, language = selected_texts()
    form, changed = Form.from_request(request.form), dict[str, str | None]()
    for part in TextPart:
        key = TextKey(part, kind, paid, language)
        typed = form.values.get(str(part), "").replace("\r\n", "\n")
        if form.is_checked(f"default-{part}"):
            changed[str(key)] = None
        elif typed != wording.text_of(shop(), key).strip():
            changed[str(key)] = typed
    if form.is_checked("mail") or form.is_checked("paper"):
        try:
            shop_settings.with_texts(shop(), changed)
        except WrongSettings as error:
            return error_page(shop_id, form, error)
        what = "preview_mail" if form.is_checked("mail") else "preview"
        argument = {"kind": kind, "texts": changed, "language": language, "paid": paid}
        return request_task(shop_id, what, argument, then=f"{page_path(shop_id)}&task=0#preview")
    try:
        shop_settings.change_texts(context(), shop_id, changed, by=actor())
    except WrongSettings as error:
        return error_page(shop_id, form, error)
    said = _(
        "The texts are saved ({document}, {language}): documents issued from now on say them.",
        document=kind_within(kind),
        language=LANGUAGE_NAMES[language],
    )
    flash(said, "good")
    return redirect_to(page_path(shop_id))


def error_page(shop_id: str, form: Form, error: WrongSettings) -> Response:
    form.errors |= {name.partition("/")[0]: translate_message(message) for name, message in error.messages.items()}
    return page(shop_id, form)


def page_path(shop_id: str) -> str:
    """This page with the texts that are shown."""
    kind, paid, language = selected_texts()
    state = "paid" if paid else "unpaid"
    return f"/s/{shop_id}/settings/texts?kind={kind}&state={state}&language={language}"


@blueprint.get("/texts/mail/<int:task_id>")
def mail_preview(shop_id: str, task_id: int) -> Response:
    """The mail of a preview, in a frame that lets nothing in and nothing out."""
    task = task_or_404(shop_id, task_id)
    if task.kind != "preview_mail" or task.state != "done":
        abort(HTTPStatus.NOT_FOUND)
    response = Response(str(task.answer.get("html", "")), mimetype="text/html")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def page(shop_id: str, form: Form) -> Response:
    mail_task, document_task = finished_task(shop_id, "preview_mail"), finished_task(shop_id, "preview")
    preview_task = mail_task or document_task
    if preview_task is not None and form.is_valid:
        # What was tried stays in the form until it is saved.
        for key, text in (preview_task.argument.get("texts") or {}).items():
            form.values[key.partition("/")[0]] = text or ""
    kind, paid, language = selected_texts()
    own = {str(part) for part in TextPart if str(TextKey(part, kind, paid, language)) in shop().texts}
    return settings_page(
        "texts",
        form=form,
        kind=kind,
        paid=paid,
        language=language,
        kinds=tuple(Kind),
        languages=LANGUAGE_NAMES,
        labels=dict(in_words(TEXT_NAMES)),
        rows={str(part): 2 if part is TextPart.SUBJECT else 6 for part in TextPart},
        own=own,
        mail=mail_task.answer if mail_task else None,
        mail_url=f"{base_path()}/s/{shop_id}/settings/texts/mail/{mail_task.task_id}" if mail_task else "",
        preview=addresses_of_preview(shop_id, document_task.task_id) if document_task else {},
        placeholders=[(f"{{{name}}}", translate_message(means)) for name, means in wording.PLACEHOLDERS.items()],
    )
