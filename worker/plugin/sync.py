"""Use case: keep a shop's plugin and us of one mind: which documents exist, which mails we take over, which we let go.

Never two mails: before we mail in place of WooCommerce, the shop hands that mail over to us, or says that it left already.
Never none: a mail that we do not take over in time, the shop sends by itself.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

from worker.domain.document import Document
from worker.domain.mail_holds import standing
from worker.errors import FacturelayError, Rejected, Unavailable
from worker.plugin.client import PluginClient
from worker.services import Services
from worker.store import documents, orders, plugins, shops, steps
from worker.store.orders import SeenOrder
from worker.store.plugins import Plugin
from worker.store.shops import Connected
from worker.store.steps import Leased, Step, StepName

log = logging.getLogger(__name__)

MOST_TOLD_AT_ONCE = 100
# A step that a person asked for later is not held against a mail of then.
SAME_MOMENT = timedelta(seconds=1)
# One write a minute is enough to know that a shop answers.
HEARD_AFRESH = timedelta(minutes=1)


def check(services: Services, plugin_id: int) -> None:
    """Try what a plugin gave us: its REST key, and its signed route. What comes of it is on the plugin's row."""
    both = found_and_connected(services, plugin_id)
    if both is None:
        return
    found, connected = both
    try:
        code, sentence = tried(services, connected)
    except FacturelayError as error:
        record(services, found, state="failed", code=error.code, sentence=error.sentence)
        return
    record(services, found, state="done", code=code, sentence=sentence)


def found_and_connected(services: Services, plugin_id: int) -> tuple[Plugin, Connected] | None:
    """A plugin and its shop; None where it was disconnected meanwhile."""
    with services.store.read() as connection:
        found = plugins.find(connection, services.vault, plugin_id)
        return (found, shops.connected(connection, services.vault, found.shop_id)) if found else None


def tried(services: Services, connected: Connected) -> tuple[str, str]:
    """A code and a sentence where all is well but one thing. Raises what is wrong."""
    if not services.client_of(connected).check().can_write:
        raise Rejected(
            "The REST key of the shop may read but not write; connect again as an administrator.", code="rest_key_reads"
        )
    try:
        tick(services, connected)
    except Unavailable as error:
        return error.code, f"{error.sentence} Documents are made and mailed; the shop keeps sending its own mails too."
    return "connected", ""


def record(services: Services, found: Plugin, *, state: str, code: str, sentence: str) -> None:
    with services.store.write() as connection:
        plugins.checked(connection, found.plugin_id, state=state, code=code, sentence=sentence, now=services.now())


def tick(services: Services, connected: Connected) -> None:
    """Let the shop release what is due, whatever becomes of its own clock, and tell it what it does not know.

    Those are the documents, and how it stands here: a shop that went live a moment ago holds mails from now on.
    """
    found = plugin_of(services, connected.shop.shop_id)
    if found is None:
        return
    can_mail = bool(connected.secrets.smtp_url or services.settings.smtp_url) and found.may_hold(services.now())
    call(services, found, "tick", standing(connected.shop, can_mail=can_mail))
    tell_documents(services, found)


def after_settings(services: Services, plugin_id: int) -> None:
    """Tell the shop at once that its settings changed. Never fails: what could not be told now, the next tick tells."""
    both = found_and_connected(services, plugin_id)
    if both is None:
        return
    try:
        tick(services, both[1])
    except FacturelayError as error:
        log.info("the plugin of shop %s was not told of its settings: %s", both[0].shop_id, error.sentence)


def after_look(services: Services, shop_id: str, order_id: int | None) -> None:
    """Tell the shop what a look at an order led to. Never fails: what could not be told now, the next tick tells."""
    found = plugin_of(services, shop_id)
    if found is None or order_id is None or not found.must_be_asked(services.now()):
        return
    try:
        tell_documents(services, found)
        let_go_of_order(services, found, order_id)
    except FacturelayError as error:
        log.info("the plugin of shop %s was not told of order %d: %s", shop_id, order_id, error.sentence)


def tell_documents(services: Services, found: Plugin) -> None:
    """Tell the shop the documents it does not know, oldest first, so that it can show links to them."""
    with services.store.read() as connection:
        untold = plugins.untold(connection, found, limit=MOST_TOLD_AT_ONCE)
    if not untold:
        return
    call(services, found, "documents", {"documents": [told(document) for document in untold]})
    with services.store.write() as connection:
        plugins.told(connection, found.plugin_id, untold[-1].document_id)


def told(document: Document) -> dict[str, object]:
    draft = document.draft
    return {
        "id": document.document_id,
        "order": draft.order_id,
        "key": draft.order_key,
        "kind": str(draft.kind),
        "number": document.number,
        "date": document.issued_on.isoformat(),
        "total": str(draft.total),
        "currency": draft.currency,
        "test": draft.test,
    }


def let_go_of_order(services: Services, found: Plugin, order_id: int) -> None:
    """Give back the mails of an order for which none of ours is on its way.

    Only those held while the order was as the look saw it: a mail of a later status has a look of its own to come.
    """
    with services.store.read() as connection:
        seen = orders.find(connection, found.shop_id, order_id)
        made, _ = documents.listing(connection, shop_id=found.shop_id, order_id=order_id)
        mails = mail_steps(steps.of_documents(connection, [document.document_id for document in made]).values())
        if any(step.state in ("waiting", "running") for step in mails):
            return
    status = seen.status if seen else ""
    refunds = sorted(refunds_seen(seen)) if seen else []
    call(services, found, "release", {"order": order_id, "status": status, "refunds": refunds})


def mail_steps(of_documents: Iterable[Mapping[StepName, Step]]) -> Iterator[Step]:
    return (named[StepName.MAIL] for named in of_documents if StepName.MAIL in named)


def refunds_seen(seen: SeenOrder) -> set[int]:
    """The refunds that the look judged, whatever it found."""
    return refunds_in(finding.rule for finding in seen.findings)


def refunds_in(causes: Iterable[str]) -> set[int]:
    """The refunds that causes like `refund:301` and `refund:301:2` name."""
    parts = (cause.split(":") for cause in causes)
    return {int(part[1]) for part in parts if part[0] == "refund" and part[1].isdigit()}


def take_over(services: Services, leased: Leased, papers: Sequence[Document]) -> str:
    """Ask the shop for its mail before ours goes. Returns "" when ours may go, else why it may not. Raises Unavailable."""
    found = plugin_of(services, papers[0].shop_id)
    if found is None or not found.must_be_asked(services.now()) or asked_later(leased, papers):
        return ""
    answer = call(services, found, "mailed", {**about(leased, papers), "stage": "before"})
    if answer.get("late"):
        return (
            "The shop's own mail left first, with a link to the documents; a second mail would only confuse. "
            "“Send again” mails them all the same."
        )
    return ""


def taken_over(services: Services, leased: Leased, papers: Sequence[Document], *, mailed: bool) -> None:
    """Tell the shop that our mail left in place of its own, or that it will not. Never fails: the heartbeat tells it too."""
    try:
        found = plugin_of(services, papers[0].shop_id)
        if found is None or not found.must_be_asked(services.now()) or asked_later(leased, papers):
            return
        call(services, found, "mailed", {**about(leased, papers), "stage": "after" if mailed else "never"})
    except FacturelayError as error:
        log.info("the plugin of shop %s was not told of a mail: %s", papers[0].shop_id, error.sentence)
    except Exception:
        # Our mail has left: whatever goes wrong now, it must not be sent again.
        log.exception("the plugin of shop %s was not told of a mail", papers[0].shop_id)


def about(leased: Leased, papers: Sequence[Document]) -> dict[str, object]:
    return {
        "order": papers[0].draft.order_id,
        "claim": leased.steps[0].together,
        "kinds": sorted({str(document.draft.kind) for document in papers}),
        "refunds": sorted(refunds_in(document.draft.cause for document in papers)),
    }


def asked_later(leased: Leased, papers: Sequence[Document]) -> bool:
    """Whether a person asked for this mail, some time after the documents were made."""
    return any(
        step.created_at - document.issued_at > SAME_MOMENT for step, document in zip(leased.steps, papers, strict=True)
    )


def plugin_of(services: Services, shop_id: str) -> Plugin | None:
    with services.store.read() as connection:
        return plugins.of_shop(connection, services.vault, shop_id)


def call(services: Services, found: Plugin, verb: str, content: dict[str, object]) -> dict[str, Any]:
    """Call the plugin, and keep on its row that it answers: a shop that cannot be told anything must hold nothing."""
    client = PluginClient(
        found.site, found.secret, allow_private=services.settings.allow_private_shops, now=services.now
    )
    with closing(client):
        answer = client.call(verb, content)
    now = services.now()
    if found.heard_at is None or now - found.heard_at > HEARD_AFRESH:
        with services.store.write() as connection:
            plugins.heard(connection, found.plugin_id, now)
    return answer
