"""A snapshot read back is the document that was written, and equal documents give equal bytes."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.factories import SINCE, a_shop
from tests.support.issued import a_draft
from worker.domain.document import Category, Draft, Kind, Line, Problem, Reference, Rounding, SendMode, VatLine
from worker.domain.money import total_of
from worker.domain.party import Address, Buyer, Seller
from worker.domain.shop import (
    BrandingSettings,
    LostNumbers,
    MailSettings,
    NumberingSettings,
    OrderSettings,
    Shop,
    StoredFile,
    VatRegime,
    VatSettings,
)
from worker.message import Message, Money, Percent
from worker.store.database import json_codec

# What a customer can type; a lone surrogate is no text, and cannot come out of JSON's UTF-8.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
amounts = st.decimals(min_value="-9999.99", max_value="9999.99", places=2)
rates = st.sampled_from([Decimal(rate) for rate in ("0", "6", "12", "21", "5.5")])
categories = st.sampled_from(Category)
days = st.dates(min_value=date(2020, 1, 1), max_value=date(2100, 1, 1))
addresses = st.builds(Address, words, words, words, words, words, st.sampled_from(["BE", "NL", ""]))
lines = st.builds(
    Line, words, amounts, amounts, amounts, categories, rates, words, st.tuples(words), st.none() | st.integers(), st.booleans()
)  # fmt: skip
optional_texts = st.none() | st.builds(Reference, st.integers(1, 9), words, days)

values = (
    words
    | st.integers()
    | amounts
    | days
    | st.datetimes(timezones=st.just(UTC))
    | st.builds(Money, amounts, st.sampled_from(["EUR", "USD"]))
    | st.builds(Percent, rates)
)
messages = st.builds(lambda key, value: Message(key, value=value), words, values | st.builds(Message, words))


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    made = tuple(draw(st.lists(lines, max_size=3)))
    roundings = tuple(draw(st.lists(st.builds(Rounding, categories, rates, amounts), max_size=2)))
    vat_lines = tuple(draw(st.lists(st.builds(VatLine, categories, rates, amounts, amounts, amounts), max_size=2)))
    net = total_of(line.net for line in made) + total_of(rounding.amount for rounding in roundings)
    vat = total_of(line.vat for line in vat_lines)
    rounding = draw(amounts)
    return replace(
        a_draft(draw(st.integers(1, 10**12))),
        kind=draw(st.sampled_from(Kind)),
        send_mode=draw(st.sampled_from(SendMode)),
        seller=draw(st.builds(Seller, words, words, addresses, words)),
        buyer=draw(st.builds(Buyer, words, words, addresses, words)),
        lines=made,
        roundings=roundings,
        vat_lines=vat_lines,
        net=net,
        vat=vat,
        rounding=rounding,
        total=net + vat + rounding,
        ship_to=draw(st.none() | addresses),
        supplied_on=draw(st.none() | days),
        customer_note=draw(words),
        corrects=draw(optional_texts),
        exchange_rate=draw(st.none() | st.decimals("0.0001", "9999", places=4)),
        problems=tuple(draw(st.lists(st.builds(Problem, words, messages), max_size=2))),
        test=draw(st.booleans()),
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drafts())
def test_a_draft_comes_back_as_it_was(draft: Draft) -> None:
    written = json_codec.dump(draft)
    again = json_codec.load(Draft, written)
    assert again == draft
    assert json_codec.dump(again) == written
    written.encode()


def test_decimals_keep_their_digits() -> None:
    draft = a_draft(1)
    assert f"{json_codec.load(Draft, json_codec.dump(draft)).total}" == f"{draft.total}" == "15.00"


def test_a_shop_comes_back_as_it_was() -> None:
    shop = a_shop(
        "invoice:paid:send",
        exchange_rates={"USD": Decimal("1.0831")},
        orders=OrderSettings(datetime(2026, 11, 22, 10, 0, 0, 1, tzinfo=UTC), {"verzonden": "completed"}),
        numbering=NumberingSettings(
            continued_after={"invoice:2026": 115}, lost_numbers=(LostNumbers("invoice", 2026, 3, 4),)
        ),
        vat=VatSettings(VatRegime.SMALL_BUSINESS, oss=False),
        mail=MailSettings("winkel@gist.example", attachment=StoredFile("attachments/a.pdf", "00", "Voorwaarden.pdf")),
        branding=BrandingSettings("#334155", "letter", StoredFile("logos/a.png", "00", "logo.png")),
    )
    assert json_codec.load(Shop, json_codec.dump(shop)) == shop


def test_a_topic_of_settings_that_an_older_version_did_not_know_takes_its_defaults() -> None:
    written = json.loads(json_codec.dump(a_shop()))
    needed = {"shop_id", "name", "url", "orders"}
    least = {name: written[name] for name in needed} | {"orders": {"since": written["orders"]["since"]}}
    shop = json_codec.load(Shop, json.dumps(least))
    assert shop == Shop(shop.shop_id, shop.name, shop.url, OrderSettings(SINCE))
    for topic in ("mail", "vat", "branding", "numbering"):
        assert json_codec.load(Shop, json.dumps({**least, topic: {}})) == shop


def test_what_an_older_version_wrote_takes_the_defaults_and_what_a_newer_one_wrote_is_left_out() -> None:
    shop = a_shop()
    written = json.loads(json_codec.dump(shop))
    del written["numbering"]["continued_after"]
    written["not_invented_yet"] = 1
    assert json_codec.load(Shop, json.dumps(written)) == shop


def test_a_text_that_is_no_document_is_refused() -> None:
    with pytest.raises((ValueError, TypeError)):
        json_codec.load(Draft, "{}")
