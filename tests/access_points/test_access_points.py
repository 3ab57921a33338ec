"""Every access point against its pretend one: who can receive, what is sent and found again, and who must act when it says no."""

import json
from collections.abc import Iterator

import pytest

from tests.support.einvoices import a_business_order, credit_note_of, invoice_of
from tests.support.scripted_server import HANG_UP, ScriptedServer, answer
from worker.access_points import ACCESS_POINTS, access_point
from worker.access_points.access_point import AccessPoint, Account, AnswerLost, Declined, Envelope, Passing, Unclear
from worker.demo.pretend_access_points import BOTH, KEYS, RECOMMAND_COMPANY, PretendAccessPoints
from worker.domain.access_point import PROVIDERS, Blame, State
from worker.domain.document import Document, Kind
from worker.einvoice import ubl

BUYER, ABSENT, ONLY_INVOICES = "0208:0403170701", "0208:0123456749", "0208:0477472701"
SENDER = "0208:0445566134"


def an_account(provider: str, url: str, key: str = "") -> Account:
    company = RECOMMAND_COMPANY if PROVIDERS[provider].has_company else ""
    return Account(provider, key or KEYS[provider], SENDER, company, url=url, allow_private=True)


@pytest.fixture
def twin() -> Iterator[PretendAccessPoints]:
    with PretendAccessPoints(on_peppol={BUYER: BOTH, ONLY_INVOICES: ("Invoice",), "9925:BE1012345646": BOTH}) as here:
        yield here


@pytest.fixture(params=sorted(ACCESS_POINTS))
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def point(provider: str, twin: PretendAccessPoints) -> AccessPoint:
    return access_point(an_account(provider, twin.url))


def in_envelope(document: Document, recipient: str = BUYER, *, xml: bytes = b"") -> Envelope:
    return Envelope(document.number, document.draft.kind, xml or ubl.write(document), recipient)


def an_envelope(recipient: str = BUYER) -> Envelope:
    return in_envelope(invoice_of(a_business_order()), recipient)


def settled(point: AccessPoint, envelope: Envelope) -> tuple[State, str]:
    """What becomes of *envelope* in the end, and whose turn it is."""
    try:
        sent = point.send(point.prepare(envelope), envelope)
    except Declined as refused:
        return State.FAILED, str(refused.blame)
    except Unclear as unclear:
        return State.FAILED, str(unclear)
    found = point.status(sent.reference)
    return found.state, found.reason


def test_every_provider_that_a_shop_can_choose_has_its_access_point() -> None:
    assert set(ACCESS_POINTS) == set(PROVIDERS)


def test_whose_key_it_is_is_told_where_the_access_point_says_it(point: AccessPoint, provider: str) -> None:
    assert [one.addresses for one in point.companies()] == ([] if provider == "peppyrus" else [(SENDER,)])


def test_who_can_receive_is_told_by_kind_of_document(point: AccessPoint) -> None:
    assert point.can_receive(BUYER).kinds == (Kind.INVOICE, Kind.CREDIT_NOTE)
    assert point.can_receive(ONLY_INVOICES).kinds == (Kind.INVOICE,)
    assert point.can_receive("9925:BE1012345646").takes(Kind.CREDIT_NOTE)
    assert point.can_receive("0208:1012345646").kinds == ()  # it is there as 9925 alone
    assert not point.can_receive(ABSENT).takes(Kind.INVOICE)
    assert point.can_receive(ABSENT).answer


def test_what_is_sent_arrives_byte_for_byte_and_is_delivered(point: AccessPoint, twin: PretendAccessPoints) -> None:
    envelope = an_envelope()

    assert settled(point, envelope)[0] is State.DELIVERED
    assert twin.delivered == [(BUYER, envelope.xml)]


def test_a_credit_note_goes_as_one(point: AccessPoint, twin: PretendAccessPoints) -> None:
    order = a_business_order()
    envelope = in_envelope(credit_note_of(order, invoice_of(order)))

    assert settled(point, envelope)[0] is State.DELIVERED
    assert [xml for _, xml in twin.delivered] == [envelope.xml]


def test_what_was_sent_is_found_by_what_was_remembered_before(point: AccessPoint) -> None:
    envelope = an_envelope()
    prepared = point.prepare(envelope)
    assert point.find(prepared, envelope) is None

    sent = point.send(prepared, envelope)

    found = point.find(prepared, envelope)
    assert found is not None
    assert found.reference == sent.reference


def test_what_is_sent_to_a_buyer_who_is_not_there_fails_and_says_so(
    point: AccessPoint, twin: PretendAccessPoints
) -> None:
    state, said = settled(point, an_envelope(ABSENT))

    assert (state, twin.delivered) == (State.FAILED, [])
    assert "not registered" in said or "not found" in said


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("e-invoice.be", answer(404, b'{"detail": "Not Found"}')),
        ("e-invoice.be", answer(422, b'{"detail": [{"loc": ["query", "peppol_id"], "msg": "No"}]}')),
        ("e-invoice.be", answer(200, b'{"is_valid": false, "dns_valid": true}')),
        ("e-invoice.be", answer(200, b'{"valid": false}')),
        ("peppyrus", answer(400, b'{"message": "SMP lookup failed"}')),
        ("recommand", answer(400, b'{"success": false, "errors": {"root": ["SML lookup timed out"]}}')),
        ("recommand", answer(200, b'{"success": true}')),
    ],
)
def test_only_what_is_documented_as_a_no_is_one(provider: str, said: bytes) -> None:
    with ScriptedServer([said] * 2) as server, pytest.raises(Unclear, match="It is asked again"):
        access_point(an_account(provider, server.url)).can_receive(BUYER)


def test_a_no_that_may_be_a_failure_of_its_own_is_in_doubt(point: AccessPoint, provider: str) -> None:
    assert point.can_receive(ABSENT).in_doubt == (provider == "recommand")
    assert not point.can_receive(ONLY_INVOICES).in_doubt


NETWORK = "Failed to send document over Peppol network. {}"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("The recipient is not registered.", Unclear),
        ("connect ETIMEDOUT ap.test:443", Unclear),
        ("Read timed out", AnswerLost),
        ("Connection reset", AnswerLost),
    ],
)
def test_a_failure_of_the_network_left_nothing_unless_the_line_was_cut(said: str, error: type[Exception]) -> None:
    told = json.dumps({"success": False, "errors": {"root": [NETWORK.format(said)]}}).encode()
    with ScriptedServer([answer(422, told)]) as server, pytest.raises(error):
        access_point(an_account("recommand", server.url)).send("x", an_envelope())


def test_what_an_access_point_has_against_the_request_is_no_word_of_the_buyer() -> None:
    told = b'{"detail": [{"loc": ["query", "sender_peppol_id"], "msg": "Input should be a valid Peppol id"}]}'
    with ScriptedServer([answer(404), answer(422, told)]) as server, pytest.raises(Unclear, match="sender_peppol_id"):
        access_point(an_account("e-invoice.be", server.url)).send("x", an_envelope())


def test_an_invalid_document_fails_and_says_the_rule(
    point: AccessPoint, provider: str, twin: PretendAccessPoints
) -> None:
    document = invoice_of(a_business_order())
    wrong = ubl.write(document).replace(b":billing:01:1.0</cbc:ProfileID>", b":billing:99:1.0</cbc:ProfileID>")

    state, said = settled(point, in_envelope(document, xml=wrong))

    assert (state, twin.delivered) == (State.FAILED, [])
    assert said == "document" if provider != "peppyrus" else "PEPPOL-EN16931" in said


def test_a_wrong_key_is_the_accounts_matter(provider: str, twin: PretendAccessPoints) -> None:
    point = access_point(an_account(provider, twin.url, key="wrong:wrong"))

    with pytest.raises(Declined) as refused:
        point.can_receive(BUYER)
    assert refused.value.blame is Blame.ACCOUNT


@pytest.mark.parametrize("status", [402, 403])
def test_a_used_up_account_is_the_accounts_matter(provider: str, status: int) -> None:
    spent = answer(status, b'{"detail": "No credits left"}')
    with ScriptedServer([spent]) as server, pytest.raises(Declined, match="No credits left") as refused:
        access_point(an_account(provider, server.url)).can_receive(BUYER)
    assert refused.value.blame is Blame.ACCOUNT


def test_a_busy_access_point_is_tried_later_when_it_says(provider: str) -> None:
    with ScriptedServer([answer(429, headers=["Retry-After: 40"])]) as server, pytest.raises(Passing) as later:
        access_point(an_account(provider, server.url)).send("x", an_envelope())
    assert later.value.retry_after_s == 40


def test_nobody_listening_means_that_nothing_left(provider: str) -> None:
    with pytest.raises(Passing):
        access_point(an_account(provider, "http://127.0.0.1:1")).send("x", an_envelope())


@pytest.mark.parametrize("said", [HANG_UP, answer(500), answer(502, b"<html>"), answer(504)])
def test_what_says_neither_yes_nor_no_may_have_left(provider: str, said: bytes) -> None:
    with ScriptedServer([said]) as server:
        with pytest.raises(AnswerLost):
            access_point(an_account(provider, server.url)).send("x", an_envelope())
        assert len(server.asked) == 1  # nothing is repeated inside


def test_a_catch_all_refusal_of_recommand_may_have_left(twin: PretendAccessPoints) -> None:
    twin.faults["send"] = ["lost-after"]
    point = access_point(an_account("recommand", twin.url))

    with pytest.raises(AnswerLost):
        point.send("x", an_envelope())
    assert len(twin.delivered) == 1


def test_e_invoice_be_is_told_who_receives_and_refuses_a_double(twin: PretendAccessPoints) -> None:
    point = access_point(an_account("e-invoice.be", twin.url))
    twin.on_peppol["9925:BE0403170701"] = BOTH
    envelope = an_envelope("9925:BE0403170701")
    prepared = point.prepare(envelope)

    assert point.send(prepared, envelope).state is State.DELIVERED
    assert point.send(prepared, envelope).state is State.DELIVERED
    assert [recipient for recipient, _ in twin.delivered] == ["9925:BE0403170701"]


ROUNDED = (b"<cbc:PayableAmount", b"<cbc:PayableRoundingAmount>9</cbc:PayableRoundingAmount><cbc:PayableAmount")
DEARER = (b'<cbc:TaxInclusiveAmount currencyID="EUR">', b'<cbc:TaxInclusiveAmount currencyID="EUR">1')


def altering(twin: PretendAccessPoints, monkeypatch: pytest.MonkeyPatch, change: tuple[bytes, bytes]) -> None:
    """Let it keep another document than the one that it gets."""
    keep = twin.keep
    monkeypatch.setattr(twin, "keep", lambda xml, **how: keep(xml.replace(*change), **how))


@pytest.mark.parametrize(("change", "hides_xml"), [(ROUNDED, False), (DEARER, False), (DEARER, True)])
def test_e_invoice_be_that_alters_amounts_is_not_let_send(
    twin: PretendAccessPoints, monkeypatch: pytest.MonkeyPatch, change: tuple[bytes, bytes], hides_xml: bool
) -> None:
    """Also where it does not show its UBL, but only figures."""
    envelope, point = an_envelope(), access_point(an_account("e-invoice.be", twin.url))
    altering(twin, monkeypatch, change)
    twin.hides_xml = hides_xml

    with pytest.raises(Declined, match="other amounts") as refused:
        point.send(point.prepare(envelope), envelope)
    assert (refused.value.blame, twin.delivered) == (Blame.DOCUMENT, [])


def test_what_e_invoice_be_has_not_checked_yet_is_sent_later(twin: PretendAccessPoints) -> None:
    envelope, point = an_envelope(), access_point(an_account("e-invoice.be", twin.url))
    prepared = point.prepare(envelope)
    twin.has_looked = False
    with pytest.raises(Passing):
        point.send(prepared, envelope)

    twin.has_looked = True
    assert point.send(prepared, envelope).state is State.DELIVERED


@pytest.mark.parametrize("hides_xml", [False, True])
def test_what_e_invoice_be_sent_with_other_amounts_is_found_and_needs_a_person(
    twin: PretendAccessPoints, monkeypatch: pytest.MonkeyPatch, hides_xml: bool
) -> None:
    envelope, point = an_envelope(), access_point(an_account("e-invoice.be", twin.url))
    altering(twin, monkeypatch, DEARER)
    twin.hides_xml = hides_xml
    prepared = point.prepare(envelope)
    twin.documents[prepared].state = "SENT"

    with pytest.raises(Declined, match="it was sent there with other amounts") as refused:
        point.find(prepared, envelope)
    assert refused.value.blame is Blame.DOCUMENT


def test_the_buyers_answer_is_read(twin: PretendAccessPoints) -> None:
    point = access_point(an_account("e-invoice.be", twin.url))
    envelope = an_envelope()
    sent = point.send(point.prepare(envelope), envelope)
    twin.documents[sent.reference].happened("imr_received", response_code="UQ", note="Which order is this?")

    assert point.status(sent.reference).responses == ("UQ",)
