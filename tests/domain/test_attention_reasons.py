"""Whatever can need a person has a level of harm, one button and a sentence, in every language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import worker
from tests.i18n.test_vat_cases import codes_that_code_can_raise
from worker.domain.attention import Harm, Source
from worker.domain.attention_reasons import BY_NAME, REASONS, reason_of, worst_code
from worker.domain.document import Problem
from worker.domain.step import STEPS
from worker.i18n import LANGUAGES, Translator
from worker.i18n.translate import translate
from worker.message import Message
from worker.store.jobs import OF_ORDERS
from worker.store.queries.attention import STANDS_FOR

ROOT = Path(worker.__file__).parent
# What the domain says of a VAT decision: an order's flag only informs, a draft asks which VAT is right.
OF_VAT = "vat_question"
# Alerts under the code of the error that opened them; what `alerts.raise_alert` is given by a name of its own is read below.
ALERT_CODES_BY_ERROR = {"rest_key_refused", "shop_refuses", "numbering_paused"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_a_level_a_button_and_a_sentence_in_every_language(language: str) -> None:
    translator = Translator(language)
    assert len(BY_NAME) == len(REASONS)
    for reason in REASONS:
        for message in (reason.sentence, reason.button.label):
            told = translate(message, translator)
            assert told, reason.name
            assert language == "en" or told != message.key, message.key
        assert reason.harm in Harm
        assert not reason.button.retries or reason.work in {*STEPS, *OF_ORDERS}, reason.name


def constants(source: str) -> dict[str, str]:
    """The texts that a module names."""
    named = dict(re.findall(r'\b([A-Z_a-z]+) = "([a-z_]+)"', source))
    for names, values in re.findall(r"^([A-Z_, ]+) = (\"[a-z_\", ]+\")$", source, re.MULTILINE):
        named |= dict(zip(names.split(", "), re.findall(r'"([a-z_]+)"', values), strict=False))
    return named


def imported_constants(tree: ast.Module) -> dict[str, str]:
    """The texts that a module takes by name from others of ours."""
    found: dict[str, str] = {}
    for node in tree.body:
        path = ROOT.parent / f"{(getattr(node, 'module', None) or '').replace('.', '/')}.py"
        if isinstance(node, ast.ImportFrom) and path.exists():
            there, taken = constants(path.read_text(encoding="utf-8")), {alias.name for alias in node.names}
            found |= {name: text for name, text in there.items() if name in taken}
    return found


def constants_given_to(name: str, *, keyword: str) -> Iterator[str]:
    """The texts that code gives as *keyword* to calls of *name*, directly or by the name of a constant."""
    for path in sorted(ROOT.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if f"{name}(" not in source:
            continue
        tree = ast.parse(source)
        named = imported_constants(tree) | constants(source)
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if not (isinstance(call.func, ast.Name | ast.Attribute) and ast.unparse(call.func).endswith(name)):
                continue
            for given in (one.value for one in call.keywords if one.arg == keyword):
                match given:
                    case ast.Constant(value=str(code)):
                        yield code
                    case ast.Name(id=known) if known in named:
                        yield named[known]


def test_every_alert_that_code_opens_has_a_reason_of_its_own() -> None:
    opened = {*constants_given_to("raise_alert", keyword="code"), *constants_given_to("notify_again", keyword="code")}
    opened |= {*constants_given_to("alerts.close", keyword="code"), *ALERT_CODES_BY_ERROR}
    opened |= {f"cannot_print_{kind}" for kind in ("invoice", "delivery_note")} | {"mollie_charged_back:12"}
    assert len(opened) > 15
    assert {code for code in opened if not reason_of(Source.ALERT, code).codes} == set(STANDS_FOR)  # counted one by one


def test_every_failed_step_and_every_failed_order_has_a_reason_whatever_its_code() -> None:
    for name in (*STEPS, *OF_ORDERS):
        assert reason_of(Source.WORK, "never heard of", name).work == name
    assert reason_of(Source.WORK, "mail_refused", "mail").harm is Harm.CUSTOMER_HAS_NOTHING


def test_codes_that_bear_numbers_of_documents_are_not_remembered_without_end() -> None:
    assert {reason_of(Source.FLAG, f"not_on_peppol:F2026-{number:05}").name for number in range(1001)}
    assert reason_of.cache_info().currsize <= 1000


def test_whatever_the_domain_finds_is_a_question_of_vat_or_has_a_reason_of_its_own() -> None:
    """Of a draft. A code that is new falls under VAT: name it here or in the table."""
    of_vat = {code for code in codes_that_code_can_raise() if reason_of(Source.DRAFT, code).name == OF_VAT}
    assert of_vat == {
        "belongs_to_order", "cancelled_but_paid", "changed_after_invoice", "costs_more", "gift_card_as_discount", "gift_card_taxed", "in_bin_but_invoiced", "invoice_late",
        "invoiced_twice", "late_but_invoiced", "nameless_line", "only_vouchers", "partly_picked_up", "refund_deleted", "refund_not_credited", "refund_replaced",
        "shipping_rate_high", "status_missed", "supply_unknown", "text_cut", "to_give_back", "two_vat_countries", "vat_number_unread",
    }  # fmt: skip


def test_the_worst_of_several_problems_is_what_counts_and_information_never_does() -> None:
    told = [Problem(code, Message("")) for code in ("text_cut", "changed_after_invoice", "invoiced_twice")]
    assert worst_code(Source.FLAG, told) == "invoiced_twice"
    assert worst_code(Source.FLAG, told[:1]) == ""
    assert worst_code(Source.DRAFT, ()) == ""
