"""What our validator calls valid, the official rules of EN 16931 call valid too; what they refuse, ours refuses for the same reason."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.einvoice.test_ubl import EXEMPT_SELLERS, UNTAXED, ZERO_RATED, sold_by_a_dutch_seller
from tests.support.broken_einvoices import BROKEN, broken
from tests.support.einvoices import a_business_order, credit_note_of, invoice_of, recorded_documents
from tests.support.woocommerce_totals import Settings, Sold, ring_up
from worker.domain import peppol
from worker.domain.document import Document
from worker.domain.order import Order
from worker.einvoice import cii, ubl

PROGRAM = Path(__file__).parent.parent / "support" / "second_opinion.py"
GENERATED = 200
RATES = ("21", "12", "6", "0")


def opinion(folder: Path, written: Mapping[str, bytes]) -> dict[str, set[str]]:
    """The official rules that each e-invoice breaks, by name."""
    folder = Path(mkdtemp(dir=folder))
    for name, xml in written.items():
        (folder / f"{name}.xml").write_bytes(xml)
    said = subprocess.run([sys.executable, PROGRAM, folder], capture_output=True, check=False, timeout=300)
    assert said.returncode == 0, said.stderr.decode()
    return {name: set(rules) for name, rules in json.loads(said.stdout).items()}


def is_sent(document: Document) -> bool:
    return not document.draft.problems and not peppol.obstacle_of(document.draft)


@cache
def sent_documents() -> Mapping[str, Document]:
    others = {f"dutch-{number}": one for number, one in enumerate(sold_by_a_dutch_seller())}
    others |= {
        f"exempt-{which}": invoice_of(a_business_order(*UNTAXED), shop) for which, shop in EXEMPT_SELLERS.items()
    }
    return {name: one for name, one in (*recorded_documents(), *generated_documents(), *others.items()) if is_sent(one)}


def generated_documents() -> Iterator[tuple[str, Document]]:
    """Invoices and whole credit notes of random orders of a Belgian business, paid and not, of every kind of shop."""
    chance = random.Random(20261128)  # noqa: S311 -- the same orders each time, and nothing secret
    for number in range(GENERATED // 2):
        order = bought_by_a_business(a_random_order(chance), paid=number % 2 == 0)
        invoice = invoice_of(order, ZERO_RATED)
        yield f"{number}-invoice", invoice
        if invoice.draft.total and is_sent(invoice):
            yield f"{number}-credit-note", credit_note_of(order, invoice)


def a_random_order(chance: random.Random) -> Order:
    sold = [
        Sold(chance.randint(0, 30_000), chance.randint(1, 1_000), chance.choice(RATES), chance.choice((0, 0, 10, 33)))
        for _ in range(chance.randint(1, 12))
    ]
    return ring_up(sold, Settings(chance.random() < 0.5, chance.random() < 0.5))


def bought_by_a_business(order: Order, *, paid: bool) -> Order:
    business = a_business_order()
    order = replace(
        order, billing=business.billing, shipping=business.billing, vat_number_given=business.vat_number_given
    )
    return order if paid else replace(order, paid_at=None, status="on-hold")


@pytest.mark.slow
def test_every_recorded_and_200_generated_documents_keep_the_official_rules(tmp_path: Path) -> None:
    written = {name: ubl.write(document) for name, document in sent_documents().items()}

    assert {name: broken for name, broken in opinion(tmp_path, written).items() if broken} == {}
    assert len(written) >= GENERATED


@pytest.mark.slow
def test_what_travels_inside_a_pdf_keeps_the_official_rules_of_factur_x(tmp_path: Path) -> None:
    """Of the generated ones a third: these rules take Saxon three times as long as those of UBL."""
    generated = dict(generated_documents())
    third = set(list(generated)[::3])
    chosen = {name: one for name, one in sent_documents().items() if name in third or name not in generated}
    written = {name: cii.write(document) for name, document in chosen.items()}
    broken_one = next(iter(written.values())).replace(b"<ram:GrandTotalAmount>", b"<ram:GrandTotalAmount>1")

    said = opinion(tmp_path, {**written, "broken": broken_one})

    assert "BR-CO-15" in said.pop("broken")
    assert {name: broken for name, broken in said.items() if broken} == {}


def test_the_official_rules_and_ours_find_the_same_in_a_broken_einvoice(tmp_path: Path) -> None:
    """Those of EN 16931, that is; the schema's, Peppol's and our own are not among them."""
    names = {f"{number:02}": name for number, name in enumerate(BROKEN)}
    said = opinion(tmp_path, {key: broken(*BROKEN[name][:2]) for key, name in names.items()})
    ours = {name: {rule for rule in BROKEN[name][2] if rule.startswith(("BR-", "UBL-D", "UBL-S"))} for name in BROKEN}

    assert {name: said[key] for key, name in names.items()} == ours
