"""What plugins write into an order's meta data: the buyer's VAT number, the language of the order, and what is paid of it."""

import re

from worker.woocommerce.json_reader import Node

# Where plugins store the VAT number: order meta keys without leading underscores, in lower case, dashes and spaces as "_".
# Earlier ones win. Which plugin writes which is in its own documentation; the list grows by one line.
VAT_META_KEYS = (
    "billing_vat_number",
    "vat_number",
    "billing_eu_vat_number",
    "billing_vat",
    "billing_vat_id",
    "billing_btw_nummer",
    "billing_btw_number",
    "billing_btw",
    "billing_btwnummer",
    "billing_tva",
    "billing_numero_tva",
    "billing_ust_id",
    "billing_ustid",
    "billing_wcpdf_vat_number",
    "billing_yweu_vat",
    "yweu_billing_vat",
    "eu_vat_number",
    "vat_id",
    "vat",
)
# Fields of the block checkout arrive as `_wc_billing/<namespace>/<field>`; the namespace is the site's own, so the field's
# name decides. Shipping last: that is the number of who receives the parcel.
CHECKOUT_FIELD_GROUPS = ("_wc_billing", "_wc_other", "_wc_shipping")
VAT_FIELD = re.compile(
    r"(?:^|[-_])(?:vat|btw|tva|ust|mwst|nif)(?:[-_]?(?:number|numero|nummer|nr|no|id|intra))?$", re.IGNORECASE
)
# Where translation plugins store the language of the order: "nl", "fr_BE". Earlier ones win.
LANGUAGE_META_KEYS = (
    "wpml_language",
    "trp_language",
    "weglot_language",
    "_polylang_language",
    "_pll_language",
    "pll_language",
    "_order_language",
    "order_language",
    "_language",
    "_lang",
    "_locale",
    "locale",
)

# Where deposit plugins say that an order is paid in parts, and that its last part came too: "yes" under either.
DEPOSIT_META_KEYS = (
    ("_wc_deposits_order_has_deposit", "_wc_deposits_second_payment_paid"),
    ("_awcdp_deposits_order_has_deposit", "_awcdp_deposits_second_payment_paid"),
)


def vat_number_of(meta: tuple[Node, ...]) -> str:
    """What was typed as VAT number, as typed. Without a digit it is a plugin's yes or no, not a number."""
    found: dict[int, str] = {}
    for node in meta:
        value = node.scalar("value").strip()
        rank = _vat_rank(node.text("key"))
        if rank is not None and any(character.isdigit() for character in value):
            found.setdefault(rank, value)
    return found[min(found)] if found else ""


def vat_number_verdict_of(meta: tuple[Node, ...]) -> str:
    """What a plugin of the shop noted of the number: "valid", "invalid", or "" where it notes nothing."""
    said = {node.text("key"): node.scalar("value").strip().lower() for node in meta}
    verdict = said.get("_vat_number_is_valid") or said.get("_vat_number_validated") or ""
    return {"true": "valid", "1": "valid", "yes": "valid", "false": "invalid", "0": "invalid", "no": "invalid"}.get(
        verdict, verdict if verdict in ("valid", "invalid") else ""
    )


def _vat_rank(key: str) -> int | None:
    """How good a place for a VAT number this meta key is, best first; None when it is none."""
    group, *rest = key.split("/")
    if rest and group in CHECKOUT_FIELD_GROUPS and VAT_FIELD.search(rest[-1]):
        order = CHECKOUT_FIELD_GROUPS.index(group)
        return order if group != "_wc_shipping" else order + len(VAT_META_KEYS)
    name = re.sub(r"[\s-]+", "_", key.strip().lstrip("_")).lower()
    return VAT_META_KEYS.index(name) + 2 if name in VAT_META_KEYS else None


def language_hint_of(meta: tuple[Node, ...]) -> str:
    hints = {node.text("key"): node.scalar("value").strip() for node in meta}
    return next((hints[key] for key in LANGUAGE_META_KEYS if hints.get(key)), "")


def is_paid_in_parts(meta: tuple[Node, ...]) -> bool:
    said_yes = {node.text("key") for node in meta if node.scalar("value").strip().lower() == "yes"}
    return any(deposit in said_yes and rest not in said_yes for deposit, rest in DEPOSIT_META_KEYS)
