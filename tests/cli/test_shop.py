"""`facturelay shop`: numbers, test and live, and what the audit trail says of a change."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.cli.conftest import SELLER_SETTINGS, Facturelay, ShopAtHand
from tests.support.factories import a_shop
from tests.support.issued import a_draft
from worker.cli.shop_options import EXAMPLES, SETTING_GROUPS, described
from worker.domain import settings_form
from worker.domain.document import Kind
from worker.store import shops
from worker.store.database.tables import audit_trail

MakeShop = Callable[..., ShopAtHand]
YEAR = datetime.now(UTC).year


def issue_orders(shop: ShopAtHand, *order_ids: int, kind: Kind = Kind.INVOICE) -> list[str]:
    return [shop.issued(a_draft(order_id, kind=kind)).number for order_id in order_ids]


def test_numbers_look_as_the_pattern_says(make_shop: MakeShop) -> None:
    shop = make_shop("--pattern", "invoice=WEB/{year}/{number:04d}", "--continue-after", "invoice=115")
    assert issue_orders(shop, 1, 2) == [f"WEB/{YEAR}/0116", f"WEB/{YEAR}/0117"]


def test_kinds_in_one_series_share_its_numbers(make_shop: MakeShop) -> None:
    shop = make_shop(
        "--series", "invoice=sales", "--series", "credit_note=sales", "--pattern", "invoice=V{year}-{number}"
    )
    numbers = [*issue_orders(shop, 1), *issue_orders(shop, 1, kind=Kind.ORDER_CONFIRMATION), *issue_orders(shop, 2)]
    assert numbers == [f"V{YEAR}-1", f"B{YEAR}-00001", f"V{YEAR}-2"]
    shown = shop.facturelay("shop", "show", shop.shop_id, "--json").json
    assert shown["next_numbers"]["invoice"] == shown["next_numbers"]["credit_note"] == f"V{YEAR}-3"


def test_a_count_never_goes_back(make_shop: MakeShop) -> None:
    shop = make_shop("--continue-after", "invoice=115")
    issue_orders(shop, 1, 2)
    message = "The series “invoice” has come to 117; it never goes back to 50. [number_back]"
    assert shop.refused("--continue-after", "invoice=50") == message
    assert issue_orders(shop, 3) == [f"F{YEAR}-00118"]


def test_a_count_that_runs_leaves_no_gap(make_shop: MakeShop) -> None:
    shop = make_shop()
    issue_orders(shop, 1)
    assert "would leave a gap" in shop.refused("--continue-after", "invoice=115")
    shop.changed("--continue-after", "invoice=1")
    assert issue_orders(shop, 2) == [f"F{YEAR}-00002"]


def test_a_start_may_be_corrected_until_its_first_number_is_given(make_shop: MakeShop) -> None:
    shop = make_shop("--continue-after", "invoice=115")
    shop.changed("--continue-after", "invoice=40")
    assert issue_orders(shop, 1) == [f"F{YEAR}-00041"]


def test_a_pattern_that_would_print_an_existing_number_is_refused(make_shop: MakeShop) -> None:
    shop = make_shop("--continue-after", "invoice=7")
    issue_orders(shop, 1)
    shop.changed("--pattern", "invoice=G{year}-{number:05d}")
    shop.changed("--pattern", "invoice=F{year}-{number:05d}")  # goes on after 8: nothing comes twice
    message = shop.refused("--series", "invoice=other", "--continue-after", "invoice=3")
    assert message == (
        f"The series “other” would come to F{YEAR}-00008, and that number stands on a document already. "
        "Give it another pattern, or let it continue after a higher number. [number_exists]"
    )
    shop.changed("--series", "invoice=other", "--continue-after", "invoice=8")
    assert issue_orders(shop, 2) == [f"F{YEAR}-00009"]


def test_two_series_may_not_print_the_same_number(make_shop: MakeShop) -> None:
    shop = make_shop()
    assert "could print the same number" in shop.refused("--pattern", "credit_note=f{year}-{number}")
    assert "could print the same number" in shop.refused(
        "--never-reset", "invoice", "--pattern", "invoice=TEST-{number}"
    )


def test_a_series_that_never_starts_again_goes_on_and_comes_back(make_shop: MakeShop) -> None:
    shop = make_shop()
    issue_orders(shop, 1, 2)
    shop.changed("--never-reset", "invoice", "--pattern", "invoice=F{number:05d}")
    assert issue_orders(shop, 3) == ["F00003"]
    next_year = datetime(YEAR + 1, 3, 1, 9, tzinfo=UTC)
    assert shop.issued(a_draft(4), now=next_year).number == "F00004"
    shop.changed("--yearly", "invoice", "--pattern", "invoice=F{year}-{number:05d}")
    assert shop.issued(a_draft(5), now=next_year).number == f"F{YEAR + 1}-00005"
    assert shop.issued(a_draft(6), now=datetime(YEAR + 2, 1, 1, 9, tzinfo=UTC)).number == f"F{YEAR + 2}-00001"
    proof = shop.facturelay("verify")
    assert (proof.code, "All is as it was issued." in proof.out) == (0, True)


def test_after_a_declared_start_and_a_new_series_the_register_is_intact(make_shop: MakeShop) -> None:
    shop = make_shop("--continue-after", "invoice=115")
    issue_orders(shop, 1, 2)
    shop.changed(
        "--series", "invoice=2nd", "--pattern", "invoice=G{year}-{number:05d}", "--continue-after", "invoice=9"
    )
    assert issue_orders(shop, 3) == [f"G{YEAR}-00010"]
    assert shop.facturelay("verify").code == 0


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--pattern", "invoice"), "does not say which kind"),
        (("--pattern", "letter=F{number}"), "does not say which kind"),
        (("--pattern", "invoice=F{number}"), "must contain {year}"),
        (("--pattern", "invoice=F{year}-{number:5d}"), "is not a width"),
        (("--pattern", "invoice=F{year}{number.__class__}"), "is unknown"),
        (("--series", "invoice=Ver koop"), "cannot name a series"),
        (("--series", "invoice=test"), "the series of test documents"),
        (("--continue-after", "invoice=-1"), "not a number to continue after"),
        (("--continue-after", "invoice=1e9"), "not a number to continue after"),
        (("rules=invoice",), "is not a rule"),
        (("rules=invoice:paid:send:land=BE",), "is not a condition"),
        (("orders.status_map=packed=gone",), "is not a status"),
        (("exchange_rates=USD=0",), "is not an exchange rate"),
        (("zone=Europa/Brussel",), "is not a time zone"),
        (("branding.accent=green",), "is not a colour"),
        (("mail.cc=an@gist.test, an",), "“an” is not a mail address"),
        (("mail.sender=a@gist.test, b@gist.test",), "is not a mail address"),
        (("orders.since=yesterday",), "is not a day"),
        (("vat_regime=exempt",), "did you mean vat.regime?"),
        (("vat.regime",), "does not say a setting"),
        (("--url", "shop"), "is not a shop's address"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_message_and_changes_nothing(
    make_shop: MakeShop, options: tuple[str, ...], part: str
) -> None:
    shop = make_shop()
    before = shop.facturelay("shop", "show", shop.shop_id, "--json").out
    message = shop.refused("language=fr", *options)
    assert part in message
    assert "Traceback" not in message
    assert shop.facturelay("shop", "show", shop.shop_id, "--json").out == before


# Test and live


def test_a_shop_in_test_numbers_its_tests_apart(make_shop: MakeShop) -> None:
    shop = make_shop("--test", "--continue-after", "invoice=115")
    assert issue_orders(shop, 1, 2) == ["TEST-00001", "TEST-00002"]
    assert shop.facturelay("register", "export", "--format", "json").json == []
    shop.changed("--live")
    assert issue_orders(shop, 3) == [f"F{YEAR}-00116"]


def test_going_live_shows_what_is_ready(make_shop: MakeShop) -> None:
    shop = make_shop("--test")
    checks = {check["name"]: check for check in shop.changed("--live", "--json").json["checklist"]}
    assert {name: check["good"] for name, check in checks.items()} == {
        "seller": True,
        "number_invoice": True,
        "number_credit_note": True,
        "mail": False,
    }
    assert checks["number_invoice"]["message"] == f"The next invoice is F{YEAR}-00001."


def test_a_shop_that_moves_is_asked_for_its_keys_again(make_shop: MakeShop) -> None:
    shop = make_shop("--rest-key", "ck_1", "--rest-secret", "cs_1")
    assert "give it again, or connect the plugin" in shop.changed("--url", "https://another.example").out
    assert shop.facturelay("shop", "show", shop.shop_id, "--json").json["has_rest_key"] is False


def test_adding_a_shop_tells_what_the_law_still_wants_of_its_seller(facturelay: Facturelay) -> None:
    company = ("seller.name=Gist", "seller.address.country=BE", "seller.legal_form=BV")
    added = facturelay("shop", "add", "--name", "Gist", "--url", "http://127.0.0.1:1", *company)
    assert (
        "The seller still lacks: street, postcode, city, VAT number, register of legal persons, like RPR Gent"
        in added.out
    )


def test_without_the_sellers_details_a_shop_stays_in_test(make_shop: MakeShop) -> None:
    shop = make_shop("--test", seller=False)
    assert "Gist cannot go live yet. The seller's details lack: name" in shop.refused("--live")
    assert shop.facturelay("shop", "list", "--json").json[0]["test"] is True
    shop.changed("--live", *SELLER_SETTINGS)
    assert shop.facturelay("shop", "list", "--json").json[0]["test"] is False


def test_the_orders_of_the_tests_stay_tests(make_shop: MakeShop) -> None:
    shop = make_shop("--test", "orders.since=2026-01-01")
    before = datetime.now(UTC)
    shop.changed("--live")
    shown = shop.facturelay("shop", "show", shop.shop_id, "--json").json
    assert datetime.fromisoformat(shown["orders"]["since"]) >= before


def test_a_person_may_choose_another_beginning(make_shop: MakeShop) -> None:
    shop = make_shop("--test", "zone=UTC")
    shop.changed("--live", "orders.since=2026-11-01")
    shown = shop.facturelay("shop", "show", shop.shop_id, "--json").json
    assert shown["orders"]["since"] == "2026-11-01T00:00:00+00:00"


def test_a_live_shop_that_is_set_live_again_does_not_begin_anew(make_shop: MakeShop) -> None:
    shop = make_shop("orders.since=2026-01-01", "zone=UTC")
    shop.changed("--live")
    shown = shop.facturelay("shop", "show", shop.shop_id, "--json").json
    assert shown["orders"]["since"] == "2026-01-01T00:00:00+00:00"


# The audit trail


def events(shop: ShopAtHand) -> list[tuple[str, str, str]]:
    store = shop.store()
    with store.read() as connection:
        told = select(audit_trail.c.actor, audit_trail.c.code, audit_trail.c.message).order_by(audit_trail.c.entry_id)
        rows = connection.execute(told).all()
    store.close()
    return [(row.actor, row.code, str(row.message)) for row in rows]


def test_the_audit_trail_has_each_change_from_what_to_what(make_shop: MakeShop) -> None:
    shop = make_shop("language=nl")
    shop.changed("language=fr", "seller.address.city=Brugge", "rules=invoice:completed:draft")
    assert events(shop)[1:] == [
        (
            "command line",
            "settings_changed",
            (
                "City: Gent → Brugge; Rules: invoice when paid, sent → invoice when completed, saved as a draft; "
                "Language where an order tells none: Nederlands → Français."
            ),
        )
    ]


def test_what_changes_nothing_leaves_no_trace(make_shop: MakeShop) -> None:
    shop = make_shop("language=nl")
    assert "was so already" in shop.changed("language=nl").out
    assert len(events(shop)) == 1


def test_no_secret_is_in_the_audit_trail_or_on_the_disk_in_plain_text(make_shop: MakeShop, tmp_path: Path) -> None:
    shop = make_shop(
        "--rest-key", "ck_0123456789", "--rest-secret", "cs_0123456789", "--webhook-secret", "first-5f5f5f5f"
    )
    shop.changed("--rest-key", "ck_9876543210", "--rest-secret", "cs_9876543210")
    rotated = shop.facturelay("shop", "rotate-secret", shop.shop_id, "--webhook-secret", "second-6a6a6a6a")
    assert rotated.code == 0
    assert [code for _, code, _ in events(shop)] == ["shop_created", "settings_changed", "secret_rotated"]
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("facturelay.db*"))
    secrets = re.compile(rb"c[ks]_[0-9]{10}|first-5f|second-6a")
    assert secrets.findall(on_disk) == []


def test_shops_are_listed_and_shown_without_their_secrets(make_shop: MakeShop, facturelay: Facturelay) -> None:
    shop = make_shop("--rest-key", "ck_0123456789", "--rest-secret", "cs_0123456789")
    shown = "".join(facturelay(*words).out for words in (("shop", "list"), ("shop", "show", shop.shop_id)))
    assert "Gist" in shown
    assert "ck_" not in shown
    assert "cs_" not in shown


def test_a_paused_shop_and_a_test_are_told_apart_from_the_others(make_shop: MakeShop, facturelay: Facturelay) -> None:
    shop = make_shop("--test")
    shop.changed("--suspend")
    assert "  state         test, paused\n" in facturelay("shop", "show", shop.shop_id).out
    assert facturelay("shop", "list").out.splitlines()[1].endswith("  test, paused")
    shop.changed("--resume")
    assert facturelay("shop", "list").out.splitlines()[1].endswith("  test")


def test_a_new_webhook_secret_replaces_that_of_the_webhooks_there_are(make_shop: MakeShop) -> None:
    shop = make_shop()
    said = shop.facturelay("shop", "rotate-secret", shop.shop_id).out
    assert "Give this secret to both webhooks" in said
    assert "make two webhooks" not in said


def test_choices_are_written_as_they_are_stored(make_shop: MakeShop) -> None:
    shop = make_shop("credit_notes=draft", "vat.regime=small_business")
    shown = shop.facturelay("shop", "show", shop.shop_id, "--json").json
    assert (shown["credit_notes"], shown["vat"]["regime"]) == ("draft", "small_business")


def test_a_list_is_set_line_by_line_in_place_of_the_one_before(make_shop: MakeShop) -> None:
    shop = make_shop("orders.status_map=wc-await-ship=processing", "exchange_rates=USD=1.0831", "vat.sells_services=no")
    shop.changed(
        "orders.status_map=wc-await-ship=processing", "orders.status_map=packed=completed", "exchange_rates=USD=1.0831",
        "exchange_rates=GBP=0.85", "vat.sells_services=yes", "vat.oss=no",
    )  # fmt: skip
    shown = shop.facturelay("shop", "show", shop.shop_id, "--json").json
    assert shown["orders"]["status_map"] == {"await-ship": "processing", "packed": "completed"}
    assert shown["exchange_rates"] == {"USD": "1.0831", "GBP": "0.85"}
    assert (shown["vat"]["sells_services"], shown["vat"]["oss"], shown["vat"]["as_charged"]) == (True, False, False)


def test_a_new_shop_takes_all_settings(make_shop: MakeShop) -> None:
    shop = make_shop("vat.sells_services=yes", "vat.oss=yes", "vat.oss_since=2026-07-01", "vat.as_charged=yes",
                     "vat.zero_reasons=tax class zero-rate = zero_rated", "vat.zero_reasons=sku BON = voucher", "vat.vies_wait_hours=48",
                     "vat.foreign_numbers=GB = GB123456789 since 2024-01-01", "vat.shipping_rate_is_right=yes", "consumer_invoices=none",
                     "second_language=customer", "orders.pending_is_placed=yes", "orders.documented=suborders", "payment_days=14",
                     "mail.sender=winkel@gist.test", "branding.accent=#334155", "zone=UTC")  # fmt: skip
    shown = shop.facturelay("shop", "show", shop.shop_id, "--json").json
    assert shown["vat"] == {
        "regime": "normal", "sells_services": True, "oss": True, "oss_since": "2026-07-01", "as_charged": True, "vies_wait_hours": 48,
        "zero_reasons": [
            {"mark": "tax class", "value": "zero-rate", "what": "zero_rated"}, {"mark": "sku", "value": "BON", "what": "voucher"},
        ],
        "foreign_numbers": [{"country": "GB", "number": "GB123456789", "since": "2024-01-01"}], "shipping_rate_is_right": True,
    }  # fmt: skip
    assert (shown["orders"]["pending_is_placed"], shown["orders"]["documented"]) == (True, "suborders")
    assert (shown["payment_days"], shown["mail"]["sender"], shown["zone"]) == (14, "winkel@gist.test", "UTC")
    assert (shown["consumer_invoices"], shown["second_language"]) == ("none", "customer")
    assert shown["branding"]["accent"] == "#334155"


def test_rules_are_stored_with_their_conditions(make_shop: MakeShop) -> None:
    rule = "invoice:paid:send:buyer=business,country=BE|NL"
    shop = make_shop(f"rules={rule}", "rules=delivery_note:processing:draft")
    assert rule in shop.facturelay("shop", "show", shop.shop_id).out


def test_a_shop_that_comes_back_keeps_the_first_digits_of_its_references(make_shop: MakeShop) -> None:
    shop = make_shop("reference_digits=12")
    make_shop()
    with shop.store().read() as connection:
        assert [found.reference_digits for found in shops.every(connection)] == [12, 13]
    again = shop.facturelay("shop", "add", "--name", "x", "--url", "http://127.0.0.1:1", "reference_digits=12")
    assert (again.code, "begin with 012" in again.err) == (1, True)


def test_each_setting_stands_in_one_group_of_the_help(facturelay: Facturelay) -> None:
    for setting in settings_form.FIELDS:
        assert sum(setting.startswith(begins) for begins in SETTING_GROUPS.values()) == 1, setting

    for command in ("add", "set"):
        lines = facturelay("shop", command, "--help").out.splitlines()
        heads = [line.rstrip(":") for line in lines if line and not line.startswith(" ") and line.endswith(":")]
        assert heads[:2] == ["Options", "Company"]
        assert len(heads) == len(set(heads))
        assert set(settings_form.FIELDS) <= {line.split()[0] for line in lines if line.strip()}


def test_the_help_says_of_each_switch_that_it_is_one() -> None:
    switches = [one for one in settings_form.FIELDS if isinstance(settings_form.setting_of(a_shop(), one), bool)]
    assert [one for one in switches if not described(one).endswith(": yes, no")] == []


def test_what_the_help_gives_as_an_example_is_taken(make_shop: MakeShop) -> None:
    make_shop().changed(*(f"{setting}={example}" for setting, example in EXAMPLES.items()))
