"""An invoice without VAT to another member state leaves by itself only with VIES's own word that the buyer's number is valid."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.system import SELLER, System
from worker.demo.orders import Payload, an_order
from worker.domain.document import Kind
from worker.domain.order_treatment import TreatmentName
from worker.domain.rules import Rule
from worker.domain.shop import VatSettings
from worker.errors import Rejected
from worker.invoicing import vat_checks as use_case
from worker.invoicing.manual import ManualDocument, issue_manual_document, issue_waiting_draft
from worker.invoicing.request import IssueAnswer
from worker.notifications import vies_silence
from worker.store import alerts, order_treatments, vat_checks
from worker.store.order_treatments import TreatmentChange
from worker.store.vat_checks import StoredVatCheck

NUMBER = "NL123456782B90"
DOWN, SILENT, INVALID = "301", "300", "200"


def untaxed(order_id: int = 238, *, number: str = NUMBER, country: str = "NL", **more: Any) -> Payload:
    """Goods of 12.40 to a business in another member state, without VAT."""
    return an_order(
        id=order_id, lines=(("Koffiemok", "MUG-1", 1, "12.40", None),), shipping=None, country=country, company="Bakker BV",
        metas={"_billing_vat_number": number}, **more,
    )  # fmt: skip


def answers(system: System, order_id: int = 238) -> tuple[StoredVatCheck, ...]:
    with system.services.store.read() as connection:
        return vat_checks.of_order(connection, system.shop_id, order_id)


def problems(system: System, order_id: int = 238) -> list[str]:
    return [problem.code for item in system.documents(order_id) for problem in item.draft.problems]


def later(system: System, **by: float) -> int:
    """The scheduler's turn, some time later."""
    system.clock.move(**by)
    again = use_case.ask_again(system.services, system.connected)
    system.work()
    return again


def test_a_confirmed_number_issues_and_the_answer_is_kept_with_the_document(system: System) -> None:
    (invoice,) = system.arrives(untaxed())
    (kept,) = answers(system)
    assert invoice.document is not None
    assert invoice.draft.vat_check == kept.check
    assert (kept.check.valid, kept.check.requester, kept.check.name) == (True, SELLER.vat_number, "PRETEND COMPANY")
    assert kept.check.request_identifier.startswith("WAPIAAAA")
    assert '"valid":true' in kept.answer.replace(" ", "")
    assert system.vies.questions == [
        {"countryCode": "NL", "vatNumber": "123456782B90", "requesterMemberStateCode": "BE", "requesterNumber": "0445566134"}
    ]  # fmt: skip


def test_a_number_that_vies_calls_invalid_makes_a_draft_that_says_so(system: System) -> None:
    system.vies.says[NUMBER] = INVALID
    (draft,) = system.arrives(untaxed())
    assert draft.document is None
    assert problems(system) == ["vat_number_invalid"]
    assert "Correct the number in the order, or charge VAT" in str(draft.draft.problems[0].message)


@pytest.mark.parametrize("error", ["201", "202", "300", "301", "302", "400", "401", "500", "501", "600", "601"])
def test_an_error_is_never_invalid(system: System, error: str) -> None:
    system.change_shop(vat=VatSettings(vies_wait_hours=0))
    system.vies.says[NUMBER] = error
    (draft,) = system.arrives(untaxed())
    assert draft.document is None
    assert problems(system) == ["vat_number_unchecked"]
    assert answers(system)[0].check.valid is None


def test_while_vies_is_silent_the_invoice_waits_and_leaves_by_itself_when_it_answers(system: System) -> None:
    system.vies.always = DOWN
    assert system.arrives(untaxed()) == ()
    story = system.trail(238).order
    assert story is not None
    assert [finding.code for finding in story.rule_results if not finding.fired] == ["waits_for_vies", "no_refund"]
    assert later(system, minutes=2) == 0
    system.vies.always = ""
    assert later(system, minutes=4) == 0  # not before its turn
    assert later(system, minutes=2) == 1
    assert system.numbers(238) == ["F2026-00001"]


@pytest.mark.each_database
def test_with_vat_it_waits_too_where_the_number_decides_whose_vat_that_is(system: System) -> None:
    system.change_shop(vat=VatSettings(oss=True))
    system.vies.always = DOWN
    order = an_order(id=238, country="NL", metas={"_billing_vat_number": NUMBER})
    assert system.arrives(order) == ()
    system.vies.always = INVALID
    assert later(system, minutes=6) == 1
    (invoice,) = system.documents(238)
    assert [line.vat_country for line in invoice.draft.lines] == ["NL"] * len(invoice.draft.lines)
    system.clock.move(seconds=11)
    system.arrives(order | {"customer_note": "Ring twice"})
    story = system.trail(238).order
    assert story is not None
    assert story.flags == ()  # what VIES said is still known


def test_an_order_that_went_on_while_it_waited_for_vies_gets_the_invoice_of_the_status_that_it_was_in(
    system: System,
) -> None:
    system.change_shop(rules=(Rule.parse("invoice:status=await-ship:send"),))
    system.vies.always = DOWN
    assert system.arrives(untaxed(status="await-ship")) == ()
    system.clock.move(seconds=11)
    assert system.arrives(untaxed(status="completed")) == ()
    system.vies.always = ""
    assert later(system, minutes=15) == 1
    assert system.numbers(238) == ["F2026-00001"]


def test_a_draft_of_a_status_is_looked_at_again_when_its_order_went_on(system: System) -> None:
    system.change_shop(rules=(Rule.parse("invoice:status=await-ship:send"),))
    system.vies.says[NUMBER] = INVALID
    system.arrives(untaxed(status="await-ship"))
    system.clock.move(seconds=11)
    assert system.arrives(untaxed(status="completed", number=""))
    assert problems(system) != ["vat_number_invalid"]


def test_looking_at_an_order_that_waits_puts_nothing_off(system: System) -> None:
    system.vies.always = DOWN
    system.arrives(untaxed())
    for _ in range(5):  # the shop tells of it again and again
        system.clock.move(seconds=11)
        system.arrives(untaxed())
    system.vies.always = ""
    assert later(system, seconds=10) == 1
    assert system.numbers(238) == ["F2026-00001"]


def test_nothing_else_of_the_order_waits_for_vies(system: System) -> None:
    system.change_shop(rules=an_order_confirmation_and_an_invoice())
    system.vies.always = DOWN
    made = system.arrives(untaxed())
    assert [item.draft.kind for item in made if item.document] == ["order_confirmation"]


def an_order_confirmation_and_an_invoice() -> tuple[Rule, ...]:

    return tuple(Rule.parse(rule) for rule in ("order_confirmation:created:send", "invoice:paid:send"))


def test_after_the_hours_that_the_shop_chose_a_draft_waits_for_a_person(system: System) -> None:
    system.change_shop(vat=VatSettings(vies_wait_hours=2))
    system.vies.always = DOWN
    assert system.arrives(untaxed()) == ()
    for _ in range(26):
        later(system, minutes=5)
    assert problems(system) == ["vat_number_unchecked"]
    assert later(system, hours=30) == 0
    assert len(system.documents(238)) == 1


def silence(system: System) -> list[str]:
    """The open alert of VIES's silence after a check, in English."""
    vies_silence.alert_vies_silence(system.services, system.connected)
    with system.services.store.read() as connection:
        return [str(one.message) for one in alerts.open_alerts(connection, system.shop_id) if one.code == "vies_silent"]


@pytest.mark.each_database
def test_the_owner_is_told_after_two_hours_of_silence_which_orders_wait_until_vies_answers(system: System) -> None:
    system.vies.always = DOWN
    system.arrives(untaxed(300))
    assert silence(system) == []
    later(system, hours=2)
    system.arrives(untaxed(301))
    [told] = silence(system)
    assert "by order (2): 300, 301" in told
    system.vies.always = ""
    for _ in range(30):
        later(system, hours=1)
    assert (silence(system), len(system.numbers(300)), len(system.numbers(301))) == ([], 1, 1)


def test_a_dead_vies_is_asked_once_for_many_orders(system: System) -> None:
    system.vies.always = SILENT
    for order_id in range(300, 320):
        system.arrives(untaxed(order_id))
    assert len(system.vies.questions) == 1


def test_one_states_outage_leaves_the_others_alone(system: System) -> None:
    system.vies.says[NUMBER] = DOWN
    system.arrives(untaxed(300))
    system.arrives(untaxed(301, number="DE136695976", country="DE"))
    assert (system.numbers(300), system.numbers(301)) == ([], ["F2026-00001"])


def test_an_outage_is_left_alone_for_longer_with_each_failure(system: System) -> None:
    system.vies.always = SILENT
    system.arrives(untaxed())
    asked = []
    for _ in range(180):
        later(system, minutes=1)
        asked.append(len(system.vies.questions))
    assert asked[-1] <= 7  # in three hours: at 0, 1, 6, 21, 81, 141 minutes


def test_a_recent_answer_serves_another_order_which_points_to_it(system: System) -> None:
    system.arrives(untaxed(300))
    system.clock.move(hours=23)
    system.arrives(untaxed(301))
    (first,), (second,) = answers(system, 300), answers(system, 301)
    assert len(system.vies.questions) == 1
    assert (second.reuses, second.answer) == (first.check.check_id, first.answer)
    assert (second.check.request_identifier, second.check.asked_at) == (
        first.check.request_identifier,
        first.check.asked_at,
    )
    system.clock.move(hours=2)
    system.arrives(untaxed(302))
    assert len(system.vies.questions) == 2


def test_an_answer_to_another_seller_is_no_proof(system: System) -> None:
    system.arrives(untaxed(300))
    system.change_shop(seller=replace(SELLER, vat_number="BE0477472701"))
    system.arrives(untaxed(301))
    assert [asked["requesterNumber"] for asked in system.vies.questions] == ["0445566134", "0477472701"]


def test_an_order_that_is_looked_at_again_asks_nothing_more(system: System) -> None:
    system.arrives(untaxed())
    system.clock.move(days=3)
    system.arrives(untaxed(status="completed"))
    assert len(system.vies.questions) == 1


def test_consumers_and_domestic_businesses_are_no_matter_for_vies(system: System) -> None:
    system.arrives(an_order(id=300))
    system.arrives(an_order(id=301, company="Bakker BV", metas={"_billing_vat_number": "BE0477472701"}))
    assert system.vies.questions == []


def test_an_installation_without_vies_says_what_to_do(system: System) -> None:
    system.services = replace(system.services, settings=replace(system.services.settings, vies_url=""))
    (draft,) = system.arrives(untaxed())
    assert problems(system) == ["vat_number_unchecked"]
    assert "Look the number up" in str(draft.draft.problems[0].message)


def test_a_seller_without_a_number_is_told_that_it_is_needed(system: System) -> None:
    system.change_shop(seller=replace(SELLER, vat_number=""))
    (draft,) = system.arrives(untaxed())
    assert system.vies.questions == []
    assert any("without the VAT number of the seller" in str(problem.message) for problem in draft.draft.problems)


def test_nobody_listens_at_the_address(system: System) -> None:
    system.services = replace(
        system.services, settings=replace(system.services.settings, vies_url="http://127.0.0.1:9/check-vat-number")
    )
    assert system.arrives(untaxed()) == ()
    assert answers(system)[0].check.code == "NO_ANSWER"


def test_a_plugins_word_is_told_and_proves_nothing(system: System) -> None:
    system.change_shop(vat=VatSettings(vies_wait_hours=0))
    system.vies.always = DOWN
    order = untaxed()
    order["meta_data"].append({"id": 99, "key": "_vat_number_is_valid", "value": "true"})
    (draft,) = system.arrives(order)
    assert draft.document is None
    assert "The shop says that it is valid, which is no proof." in str(draft.draft.problems[0].message)


def test_a_corrected_number_is_asked_at_once_and_issues_when_a_person_says_so(system: System) -> None:
    system.vies.says[NUMBER] = INVALID
    (draft,) = system.arrives(untaxed())
    assert draft.stored_draft is not None
    with pytest.raises(Rejected) as refused:
        issue_waiting_draft(
            system.services, draft.stored_draft.draft_id, IssueAnswer(send=False), by=system.services.actor("Ann")
        )
    assert refused.value.code == "vat_number_invalid"
    system.vies.says.clear()  # registered meanwhile
    system.clock.move(minutes=1)
    document = issue_waiting_draft(
        system.services, draft.stored_draft.draft_id, IssueAnswer(send=False), by=system.services.actor("Ann")
    )
    assert document.draft.vat_check is not None
    assert document.draft.vat_check.valid


def test_northern_ireland_is_asked_as_xi(system: System) -> None:
    system.arrives(untaxed(number="XI434031494", country="GB", postcode="BT1 5GS"))
    assert [asked["countryCode"] for asked in system.vies.questions] == ["XI"]
    assert system.numbers(238) == ["F2026-00001"]


def test_waiting_ends_with_the_number_that_was_wrong(system: System) -> None:
    system.vies.says[NUMBER] = DOWN
    system.arrives(untaxed())
    system.clock.move(hours=23)
    system.arrives(untaxed(number="DE136695976", country="DE"))
    assert system.numbers(238) == ["F2026-00001"]
    assert later(system, hours=2) == 0


def test_what_is_known_of_a_day_ago_is_asked_anew(system: System) -> None:
    system.arrives(untaxed(300))
    system.clock.move(hours=24, seconds=1)
    system.vies.says[NUMBER] = INVALID
    system.arrives(untaxed(301))
    assert system.numbers(301) == ["draft"]


@pytest.mark.parametrize("taxed", [False, True])
def test_a_person_issues_with_a_reason_what_vies_could_not_confirm(system: System, *, taxed: bool) -> None:
    system.change_shop(vat=VatSettings(oss=True, vies_wait_hours=0))
    system.vies.always = DOWN
    order = an_order(id=238, country="NL", metas={"_billing_vat_number": NUMBER}) if taxed else untaxed()
    (draft,) = system.arrives(order)
    assert draft.stored_draft is not None
    draft_id = draft.stored_draft.draft_id
    with pytest.raises(Rejected):
        issue_waiting_draft(system.services, draft_id, IssueAnswer(send=False), by=system.services.actor("Ann"))
    document = issue_waiting_draft(
        system.services, draft_id, IssueAnswer(send=False, reason="Seen on paper."), by=system.services.actor("Ann")
    )
    assert document.draft.vat_check is not None
    assert document.draft.vat_check.valid is None
    said = [(entry.actor, str(entry.message)) for entry in system.trail(238).audit_entries]
    assert ("Ann", f"{document.number} was issued although VIES did not confirm {NUMBER}: Seen on paper.") in said


def test_a_reason_for_something_else_trusts_no_number(system: System) -> None:
    """Belgian VAT to a business abroad: whether its number is valid makes no difference there."""
    system.vies.always = DOWN
    system.change_shop(rules=(Rule.parse("invoice:paid:draft"),))
    (draft,) = system.arrives(an_order(id=238, country="NL", metas={"_billing_vat_number": NUMBER}))
    assert draft.stored_draft is not None
    issue_waiting_draft(
        system.services,
        draft.stored_draft.draft_id,
        IssueAnswer(send=False, reason="The e-invoice goes by hand."),
        by=system.services.actor("Ann"),
    )
    assert system.numbers(238) == ["F2026-00001"]
    assert not [entry for entry in system.trail(238).audit_entries if "VIES did not confirm" in str(entry.message)]


def test_no_reason_makes_an_invalid_number_valid(system: System) -> None:
    system.vies.says[NUMBER] = INVALID
    (draft,) = system.arrives(untaxed())
    assert draft.stored_draft is not None
    with pytest.raises(Rejected) as refused:
        issue_waiting_draft(
            system.services,
            draft.stored_draft.draft_id,
            IssueAnswer(send=False, reason="I know them."),
            by=system.services.actor("Ann"),
        )
    assert refused.value.code == "vat_number_invalid"


def test_an_invoice_by_hand_that_vies_cannot_confirm_is_made_once_its_treatment_has_a_reason(system: System) -> None:
    system.change_shop(rules=())
    system.arrives(untaxed())
    system.vies.always = DOWN
    with pytest.raises(Rejected, match="first say on the order's page how the order is treated"):
        issue_manual_document(
            system.services, system.shop_id, ManualDocument(238, Kind.INVOICE, False), by=system.services.actor("Ann")
        )
    treatment = TreatmentChange(TreatmentName.INTRA_EU, "Seen on paper", "Ann", system.clock.now)
    with system.services.store.write() as connection:
        order_treatments.add(connection, system.shop_id, 238, treatment)
    made = issue_manual_document(
        system.services, system.shop_id, ManualDocument(238, Kind.INVOICE, False), by=system.services.actor("Ann")
    )
    assert made.number == "F2026-00001"
