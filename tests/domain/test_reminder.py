"""Which reminder is due when. Dates are a shop's days."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.domain.reminder import (
    DAYS_TO_PAY,
    NextReminder,
    OpenClaim,
    Reminded,
    ReminderKind,
    ReminderSettings,
    next_reminder,
    pay_by,
)

BEFORE, FRIENDLY, FORMAL, LAST = ReminderKind
DUE = date(2026, 11, 10)
ON = ReminderSettings(who=Reminded.ALL, before_due=3, friendly=5, formal=14, last=15)


def day(number: int) -> date:
    """So many days after the due date."""
    return DUE + timedelta(days=number)


Tried = dict[ReminderKind, date | None]


def after(
    chosen: ReminderSettings = ON, *, today: int, business: bool = False, tried: Tried | None = None
) -> NextReminder | None:
    return next_reminder(chosen, OpenClaim(DUE, None, business, tried or {}), today=day(today))


def test_a_new_shop_reminds_nobody() -> None:
    assert after(ReminderSettings(), today=100) is None


@pytest.mark.parametrize(
    ("today", "tried", "expected"),
    [
        (-20, {}, NextReminder(BEFORE, day(-3))),
        (-1, {}, NextReminder(BEFORE, day(-3))),
        (0, {}, NextReminder(FRIENDLY, day(5))),  # who pays today needs no “soon”
        (-1, {BEFORE: day(-3)}, NextReminder(FRIENDLY, day(5))),
        (13, {BEFORE: None}, NextReminder(FRIENDLY, day(5))),
        (14, {}, NextReminder(FORMAL, day(14))),
        (6, {FRIENDLY: day(5)}, NextReminder(FORMAL, day(14))),
        (14, {FRIENDLY: day(12)}, NextReminder(FORMAL, day(21))),  # it left late: nine days in between all the same
        (6, {FRIENDLY: None}, NextReminder(FORMAL, day(14))),
        (20, {FORMAL: day(14)}, NextReminder(LAST, day(29))),
        (20, {FORMAL: None}, None),  # it never left, so nothing may follow it
        (90, {FORMAL: day(14), LAST: day(29)}, None),
    ],
)
def test_what_comes_next(today: int, tried: Tried, expected: NextReminder | None) -> None:
    assert after(today=today, tried=tried) == expected


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (replace(ON, before_due=0), NextReminder(FRIENDLY, day(5))),
        (replace(ON, before_due=0, friendly=0), NextReminder(FORMAL, day(14))),
        (replace(ON, before_due=0, friendly=0, formal=0), None),
        (replace(ON, since=day(1)), None),  # it fell due before the owner began
        (replace(ON, since=day(0)), NextReminder(BEFORE, day(-3))),
        (replace(ON, who=Reminded.BUSINESSES), None),
        (replace(ON, who=Reminded.CONSUMERS), NextReminder(BEFORE, day(-3))),
    ],
)
def test_the_owner_chooses_which_there_are(chosen: ReminderSettings, expected: NextReminder | None) -> None:
    assert after(chosen, today=-10) == expected


def test_businesses_are_reminded_only_where_the_owner_wants_it() -> None:
    assert after(replace(ON, who=Reminded.CONSUMERS), today=6, business=True) is None
    assert after(replace(ON, who=Reminded.BUSINESSES), today=6, business=True) == NextReminder(FRIENDLY, day(5))


@pytest.mark.parametrize(("issued", "kind"), [(-10, BEFORE), (-4, BEFORE), (-3, FRIENDLY), (-1, FRIENDLY)])
def test_who_just_got_the_invoice_is_not_told_that_it_is_soon_due(issued: int, kind: ReminderKind) -> None:
    found = next_reminder(ON, OpenClaim(DUE, day(issued)), today=day(issued))
    assert found is not None
    assert found.kind is kind


def test_the_fourteen_days_begin_on_the_day_after_the_mail() -> None:
    assert pay_by(date(2026, 11, 2)) == date(2026, 11, 16)


DAYS = st.integers(0, 60)


@st.composite
def shops(draw: st.DrawFn) -> ReminderSettings:
    return ReminderSettings(Reminded.ALL, None, draw(DAYS), draw(DAYS), draw(DAYS), draw(DAYS))


@settings(max_examples=50)
@given(shops(), st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=12))
def test_however_late_the_clock_is_looked_at_the_law_is_kept(
    chosen: ReminderSettings, looks: list[tuple[int, bool]]
) -> None:
    """At random days somebody looks; what is due leaves, or is passed over by a person."""
    today, sent = day(-30), dict[ReminderKind, date | None]()
    for wait, leaves in looks:
        today += timedelta(days=wait)
        due = next_reminder(chosen, OpenClaim(DUE, tried=sent), today=today)
        if due is None or due.on > today:
            continue
        assert due.kind not in sent
        assert all(list(ReminderKind).index(due.kind) > list(ReminderKind).index(one) for one in sent)
        assert (due.kind is BEFORE) == (today < DUE) or due.kind is not BEFORE
        if due.kind is LAST:
            formal_on = sent[FORMAL]
            assert formal_on is not None
            assert (today - formal_on).days > DAYS_TO_PAY
        sent[due.kind] = today if leaves else None


# Orders without an invoice


def of_order(
    chosen: ReminderSettings = ON, *, today: int, tried: Tried | None = None, last: int | None = None
) -> NextReminder | None:
    """Of an order that was placed fourteen days before its day, and is cancelled after the day *last*."""
    until = day(last) if last is not None else None
    claim = OpenClaim(DUE, day(-14), tried=tried or {}, is_order=True, cancelled_after=until)
    return next_reminder(chosen, claim, today=day(today))


@pytest.mark.parametrize(
    ("today", "tried", "last", "expected"),
    [
        (-10, {}, None, NextReminder(BEFORE, day(-3))),
        (0, {}, None, NextReminder(FRIENDLY, day(5))),
        (30, {}, None, NextReminder(FRIENDLY, day(5))),  # no formal one follows that would take its place
        (6, {FRIENDLY: day(5)}, None, None),
        (61, {}, None, None),  # nobody pays it any more
        (-1, {BEFORE: day(-3)}, 4, NextReminder(FRIENDLY, day(2))),  # two days before it is cancelled
        (-1, {BEFORE: day(-3)}, 0, None),  # one word before its day is enough
        (5, {}, 4, None),  # it is cancelled
    ],
)
def test_who_did_not_pay_an_order_is_reminded_kindly_and_before_it_is_cancelled(
    today: int, tried: Tried, last: int | None, expected: NextReminder | None
) -> None:
    assert of_order(today=today, tried=tried, last=last) == expected


def test_where_nobody_is_reminded_before_the_day_the_friendly_one_comes_before_the_order_is_cancelled() -> None:
    assert of_order(replace(ON, before_due=0), today=-9, last=0) == NextReminder(FRIENDLY, day(-2))


@settings(max_examples=50)
@given(
    shops(),
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=12),
    st.none() | st.integers(-13, 30),
)
def test_an_order_that_was_not_delivered_is_never_reminded_of_formally(
    chosen: ReminderSettings, looks: list[tuple[int, bool]], last: int | None
) -> None:
    today, sent = -13, dict[ReminderKind, date | None]()
    for wait, leaves in looks:
        today += wait
        due = of_order(chosen, today=today, tried=sent, last=last)
        if due is None or due.on > day(today):
            continue
        assert due.kind in (BEFORE, FRIENDLY)
        assert due.kind not in sent
        assert last is None or today <= last
        sent[due.kind] = day(today) if leaves else None
