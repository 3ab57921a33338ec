"""The page behind the link that proves a sender: whoever reads the mailbox says whether a shop may write from it."""

from flask import Blueprint, Response, flash

from bridge.accounts.access import guard_forms
from bridge.accounts.invitations import dead_link
from bridge.accounts.sign_in import sign_in_page
from bridge.context import context, redirect_to
from bridge.forms import Form
from bridge.i18n.translate import _
from worker.domain.shop import Shop
from worker.message import Message
from worker.net import sender_proof
from worker.net.sender_proof import SenderProof
from worker.store import audit_trail, senders, shops
from worker.store.audit_trail import AuditEntry

blueprint = Blueprint("sender", __name__)
guard_forms(blueprint)


@blueprint.get("/sender/<token>")
def ask(token: str) -> Response:
    """Ask first: scanners of mail open every link."""
    proof, shop = read(token)
    return sign_in_page("sender", Form(), shop=shop.name, address=proof.address)


@blueprint.post("/sender/<token>")
def prove(token: str) -> Response:
    proof, shop = read(token)
    message, now = Message("{address} was proved; mail may leave from it.", address=proof.address), context().now()
    with context().store.write() as connection:
        senders.prove(connection, proof.shop_id, proof.address, by=proof.address, now=now)
        audit_trail.add(connection, AuditEntry(proof.shop_id, now, proof.address, "sender_proved", message))
    flash(_("{shop} may now write from {address}.", shop=shop.name, address=proof.address), "good")
    return redirect_to("/sign-in")


def read(token: str) -> tuple[SenderProof, Shop]:
    proof = sender_proof.read(context().settings.secret_keys, token)
    with context().store.read() as connection:
        shop = shops.settings_of(connection, proof.shop_id) if proof else None
    if proof is None or shop is None:
        raise dead_link()
    return proof, shop
