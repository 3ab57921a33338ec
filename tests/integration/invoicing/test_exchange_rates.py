"""Documents in other currencies: the order's currency, with the VAT in euros at a rate that is kept on the document."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask, Response

from tests.support.system import System
from worker.demo.http_server import Served, serve
from worker.demo.orders import Payload, an_order
from worker.errors import Rejected
from worker.invoicing.exchange_rates import parse_rates
from worker.invoicing.manual import issue_waiting_draft
from worker.invoicing.request import IssueAnswer

FILE = """<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube><Cube time='2026-11-20'>
 <Cube currency='USD' rate='1.0800'/><Cube currency='JPY' rate='162.35'/></Cube></Cube></gesmes:Envelope>"""


def in_dollars(order_id: int = 278) -> Payload:
    return an_order(id=order_id, currency="USD", shipping=None)


@pytest.fixture
def bank(system: System) -> Iterator[list[str]]:
    """The bank's daily file on loopback; the list holds its answer and can be emptied."""
    answers = [FILE]
    app = Flask(__name__)

    @app.get("/daily.xml")
    def daily() -> Response:
        return Response(answers[0], mimetype="text/xml") if answers else Response(status=503)

    served: Served = serve(app)
    system.services = replace(
        system.services, settings=replace(system.services.settings, exchange_rates_url=f"{served.url}/daily.xml")
    )
    yield answers
    served.stop()


def test_the_banks_rate_is_stored_on_the_document(system: System, bank: list[str]) -> None:
    (invoice,) = system.arrives(in_dollars())
    draft = invoice.draft
    assert (draft.currency, draft.total, draft.exchange_rate) == ("USD", Decimal("15.00"), Decimal("1.0800"))
    assert draft.vat_eur == Decimal("2.41")  # 2.60 USD


def test_the_shops_own_rate_goes_first(system: System, bank: list[str]) -> None:
    system.change_shop(exchange_rates={"USD": Decimal("1.30")})
    assert system.arrives(in_dollars())[0].draft.vat_eur == Decimal("2.00")


def test_without_a_rate_a_draft_waits_and_is_issued_when_there_is_one(system: System, bank: list[str]) -> None:
    bank.clear()
    (draft,) = system.arrives(in_dollars())
    assert draft.stored_draft is not None
    assert [problem.code for problem in draft.draft.problems] == ["exchange_rate_missing"]
    with pytest.raises(Rejected, match="no exchange rate is known for USD"):
        issue_waiting_draft(system.services, draft.stored_draft.draft_id, IssueAnswer(send=True), by=system.person)
    bank.append(FILE)
    system.clock.move(minutes=20)
    document = issue_waiting_draft(
        system.services, draft.stored_draft.draft_id, IssueAnswer(send=True), by=system.person
    )
    assert document.draft.exchange_rate == Decimal("1.0800")


def test_yesterdays_rate_serves_while_the_bank_does_not_answer(system: System, bank: list[str]) -> None:
    system.arrives(in_dollars(1))
    bank.clear()
    system.clock.move(days=1)
    assert system.arrives(in_dollars(2))[0].document is not None


def test_a_rate_that_is_too_old_is_no_rate(system: System, bank: list[str]) -> None:
    system.arrives(in_dollars(1))
    bank.clear()
    system.clock.move(days=14)
    assert system.arrives(in_dollars(2))[0].document is None


@pytest.mark.parametrize(
    "text", ["", "<html>busy</html>", "<Cube time='2026-11-20'>", FILE.replace("1.0800", "-1").replace("162", "x")]
)
def test_what_is_not_the_banks_file_gives_no_rates(system: System, text: str) -> None:
    assert parse_rates(text, system.clock.now) is None
