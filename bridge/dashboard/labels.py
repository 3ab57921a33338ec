"""Documents and drafts with all that became of them, and the words for their states."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from bridge.i18n.translate import _, format_amount, kind_name, translator
from worker.domain.document import Document, Draft, Kind, StoredDraft
from worker.store import documents, steps
from worker.store.documents import Mark, StoredFile
from worker.store.steps import Step, StepName


@dataclass(frozen=True)
class DocumentDetails:
    """A document or a waiting draft, with what became of it."""

    draft: Draft
    document: Document | None = None
    stored_draft: StoredDraft | None = None
    steps: tuple[Step, ...] = ()
    marks: dict[str, Mark] = field(default_factory=dict)
    files: tuple[StoredFile, ...] = ()

    def is_issued(self, kind: Kind) -> bool:
        return self.document is not None and self.draft.kind is kind

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    def file(self, file_format: str) -> StoredFile | None:
        return next((stored for stored in self.files if stored.format == file_format), None)

    @property
    def mailed_at(self) -> datetime | None:
        mail = self.step(StepName.MAIL)
        return mail.done_at if mail is not None and mail.state == "done" else None


def load_details(
    connection: Connection, issued_documents: Sequence[Document], open_drafts: Sequence[StoredDraft]
) -> tuple[DocumentDetails, ...]:
    """Documents first, oldest first, then the drafts that wait."""
    ids = [document.document_id for document in issued_documents]
    all_steps, all_marks = steps.of_documents(connection, ids), documents.marks_of(connection, ids)
    all_files = documents.files_of(connection, ids)
    issued = tuple(
        DocumentDetails(
            draft=document.draft,
            document=document,
            steps=in_order(all_steps.get(document.document_id, {})),
            marks=all_marks.get(document.document_id, {}),
            files=all_files.get(document.document_id, ()),
        )
        for document in issued_documents
    )
    return issued + tuple(DocumentDetails(draft=draft.draft, stored_draft=draft) for draft in open_drafts)


def in_order(of_one: dict[StepName, Step]) -> tuple[Step, ...]:
    return tuple(of_one[name] for name in StepName if name in of_one)


def step_name(name: str) -> str:
    """What a step is called; one that has no name of its own is called by its code."""
    return {
        "render": _("PDF"),
        "mail": _("Mail"),
        "write_back": _("Note on the order"),
        "transmit": _("Peppol"),
    }.get(name, name)


def state_label(state: str) -> tuple[str, str, str]:
    """A state of work as word, tone and icon."""
    return {
        "waiting": (_("waiting"), "attention", "clock"),
        "running": (_("being done"), "soft", "clock"),
        "done": (_("done"), "good", "tick"),
        "failed": (_("failed"), "refused", "stop"),
        "skipped": (_("not needed"), "soft", "dash"),
        "open": (_("draft"), "attention", "clock"),
        "discarded": (_("discarded"), "soft", "dash"),
    }.get(state, (state, "soft", "dash"))


def source_name(source: str) -> str:
    return {"webhook": _("webhook"), "poll": _("task"), "person": _("by hand")}.get(source, source)


def status_name(status: str) -> str:
    """WooCommerce's own order statuses by their usual names; a custom one as it is."""
    return {
        "pending": _("pending payment"),
        "on-hold": _("on hold"),
        "processing": _("processing"),
        "completed": _("completed"),
        "cancelled": _("cancelled"),
        "refunded": _("refunded"),
        "failed": _("payment failed"),
        "trash": _("in the bin"),
        "checkout-draft": _("unfinished checkout"),
    }.get(status, status)


def trigger_name(trigger: str) -> str:
    return {
        "created": _("placed"),
        "paid": _("paid"),
        "processing": _("in processing"),
        "completed": _("completed"),
    }.get(trigger, trigger)


def rule_name(rule: str) -> str:
    """A rule or a cause as a trail names it: `invoice:paid:send`, `refund:301`, `cancel:F2026-00042`, `credit_note`."""
    name, _colon, rest = rule.partition(":")
    if name in list(Kind) and rest:
        kind = kind_name(name)
        trigger, _colon, send_mode = rest.partition(":")
        when = _("{kind} when {moment}", kind=kind, moment=trigger_name(trigger))
        mode = _("sent") if send_mode.startswith("send") else _("kept as a draft")
        return f"{when}, {mode}"
    if name == "refund":
        return _("refund {number}", number=rest)
    if name == "cancel":
        return _("cancelling {number}", number=rest)
    return kind_name(name) if name in list(Kind) else rule


def kind_within(kind: str) -> str:
    """A kind of document in the middle of a sentence; German writes its nouns with a capital everywhere."""
    name = kind_name(kind)
    return name if translator().language == "de" else name.lower()


def planned_document_label(planned: str) -> str:
    """A document that a look ahead foresees, stored as `credit note 12.40 EUR`."""
    kind, total, currency = planned.rsplit(" ", 2)
    return f"{kind_within(kind.replace(' ', '_'))} {format_amount(total, currency)}"


def message_values() -> tuple[str, ...]:
    """Words that stand in the places of sentences which the worker stores, and pieces that it puts together: the catalogs
    have them too.
    """
    return (
        # What became of a delivery is put together from these.
        _("{number} was issued."),
        _("A draft waits: {reason}"),
        _("invoice"),
        _("credit note"),
        _("delivery note"),
        _("order confirmation"),
        _("business"),
        _("consumer"),
        _("placed"),
        _("paid"),
        _("in processing"),
        _("completed"),
        # What else a trail tells, and how an order stands in a sentence.
        _("The plugin of {site} connected."),
        _("The plugin was disconnected."),
        _("on-hold"),
        _("pending"),
        _("does not answer"),
        _("ahead of"),
        _("behind"),
        _("the operator's server"),
        _("its rule keeps it for you to issue"),
        _("the shop's own server"),
        _("unencrypted"),
        _("was mailed already"),
        _("waits for no mail"),
        _("was changed"),
        _("is gone or cannot be read"),
        # How an order differs from its invoice is put together from these.
        _("total {before} → {after}"),
        _("charged at {rate} % {before} → {after}"),
        _("name {before} → {after}"),
        _("company {before} → {after}"),
        _("VAT number {before} → {after}"),
        _("without {quantity} x “{description}” {amount}"),
        _("with {quantity} x “{description}” {amount}"),
        _("empty"),
    )
