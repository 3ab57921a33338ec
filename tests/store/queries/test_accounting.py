"""The register and the journal for an accountant: no number missing without being named, and sums per rate that add up."""

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.support.factories import an_address
from tests.support.history import History
from worker.accounting.journal_check import counted_anew
from worker.domain.document import Category, Kind, Line, VatLine
from worker.domain.mentions import mention
from worker.domain.shop import Series
from worker.domain.sold import JournalRow, JournalTotal, vats_in_euro
from worker.store import counters, register, shops, whole_counts
from worker.store.database.pagination import PageRequest
from worker.store.queries import integrity, register_check, sales_journal
from worker.store.queries.integrity import StoredDocument
from worker.store.queries.register_check import Gap, NumberRow, RegisterCheck, SeriesCheck
from worker.store.queries.sales_journal import Journal
from worker.store.whole_counts import Counted

S = Category.STANDARD
DAY = date(2026, 11, 23)
NOVEMBER = date(2026, 11, 1)


def remove(history: History, *document_ids: int) -> None:
    """What nobody can do but the owner of the disk."""
    ids = ", ".join(map(str, document_ids))
    with history.store.write() as connection:
        if history.store.is_sqlite:
            connection.execute(text("PRAGMA foreign_keys"))
            connection.execute(text("DROP TRIGGER documents_no_delete"))
            for table in ("jobs", "unpaid"):
                connection.execute(text(f"DELETE FROM {table} WHERE document_id IN ({ids})"))
            connection.execute(text("DROP TRIGGER register_no_delete"))
            connection.execute(text(f"DELETE FROM register WHERE document_id IN ({ids})"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"DELETE FROM documents WHERE document_id IN ({ids})"))


def check(history: History) -> RegisterCheck:
    with history.store.read() as connection:
        return register_check.check(connection, shops.every(connection)[0])


def test_a_whole_register_has_no_gap(history: History) -> None:
    for order_id in (1, 2, 3):
        history.issued(order_id)
    history.issued(4, test=True)
    history.issued(5, shop_id="b")
    invoices = SeriesCheck(
        "invoice",
        2026,
        began=1,
        last=3,
        documents=3,
        first_on=DAY,
        last_on=DAY,
        first_number="F2026-00001",
        last_number="F2026-00003",
    )
    assert check(history) == RegisterCheck((invoices,), documents=3, rows=3)
    assert check(history).is_complete


def test_each_missing_number_is_named(history: History) -> None:
    for order_id in range(1, 10):
        history.issued(order_id)
    remove(history, 1, 4, 5, 9)
    found = check(history)
    assert found.series[0].gaps == (Gap(1, 1), Gap(4, 5), Gap(9, 9))
    assert (found.series[0].missing, found.series[0].last, found.is_complete) == (4, 9, False)


def test_a_number_that_goes_is_found_when_all_is_counted_again(history: History) -> None:
    for order_id in range(1, 5):
        history.issued(order_id)
    count_whole(history)
    assert check(history).is_complete
    remove(history, 2)
    count_whole(history)
    history.issued(5)
    found = check(history)
    assert (found.series[0].gaps, found.series[0].documents) == ((Gap(2, 2),), 4)


def count_whole(history: History) -> None:
    with history.store.write() as connection:
        for what, found in (
            (Counted.SERIES, whole_counts.count_series(connection, "a")),
            (Counted.REGISTER, whole_counts.count_register(connection, "a")),
        ):
            whole_counts.write(connection, what, found, shop_id="a", now=history.now)


def test_a_row_of_the_register_that_is_gone_shows(history: History) -> None:
    history.issued(1)
    with history.store.write() as connection:
        if history.store.is_sqlite:
            connection.execute(text("DROP TRIGGER register_no_delete"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM register"))
    assert (check(history).documents, check(history).rows, check(history).is_complete) == (1, 0, False)


def test_a_series_may_begin_after_a_number_and_stop_starting_again(history: History) -> None:
    continued(history, {Kind.INVOICE: 115})
    history.issued(1)
    history.later(days=60)
    history.issued(2)
    history.issued(3)
    wanted = {
        **history.shops["a"].numbering.series,
        Kind.INVOICE: Series("invoice", "F{year}-{number:05d}", yearly=False),
    }
    history.shops["a"] = replace(history.shops["a"], numbering=replace(history.shops["a"].numbering, series=wanted))
    continued(history, {}, series=wanted)
    history.issued(4)
    history.issued(5)
    found = check(history)
    assert [(one.period, one.began, one.last, one.documents, one.gaps) for one in found.series] == [
        (2026, 116, 116, 1, ()), (2027, 1, 2, 2, ()), (0, 3, 4, 2, ()),
    ]  # fmt: skip


def continued(history: History, after: dict[Kind, int], *, series: dict[Kind, Series] | None = None) -> None:
    """What the page “Numbering” stores."""
    with history.store.write() as connection:
        (kept, _) = shops.every(connection)
        today = history.now.date()
        shop = counters.change_series(
            connection, kept, series or kept.numbering.series, continue_after=after, today=today
        )
        shops.change(connection, shop)
    history.shops["a"] = shop


def test_numbers_are_listed_with_their_status(history: History) -> None:
    invoices = [history.issued(order_id) for order_id in (1, 2, 3, 4)]
    history.credited(invoices[0])
    remove(history, invoices[1].document_id, invoices[2].document_id)
    with history.store.read() as connection:
        page = register_check.numbers_page(
            connection, "a", series="invoice", period=2026, page_request=PageRequest(size=1)
        )
        (last,) = page.rows
        (first,) = register_check.numbers_page(
            connection, "a", series="invoice", period=2026, page_request=PageRequest(after=page.next)
        ).rows
    draft = invoices[3].draft
    assert last == NumberRow(
        document_id=4, number="F2026-00004", issued_on=DAY, buyer="Jan Janssens", currency="EUR", net=draft.net, vat=draft.vat,
        total=draft.total, status="issued", missing_before=2,
    )  # fmt: skip
    assert (first.number, first.status, first.missing_before) == ("F2026-00001", "credited", 0)


# The journal


def euros(amount: str) -> Decimal:
    return Decimal(amount)


def line(rate: str, base: str, vat: str, category: Category = Category.STANDARD) -> VatLine:
    return VatLine(category, Decimal(rate), Decimal(base), Decimal(vat), Decimal(base) + Decimal(vat))


def amounts(*lines: VatLine, rounding: str = "0.00") -> dict[str, Any]:
    net, vat = sum(one.base for one in lines), sum(one.vat for one in lines)
    total = Decimal(net) + Decimal(vat) + Decimal(rounding)
    return {"vat_lines": lines, "net": net, "vat": vat, "rounding": Decimal(rounding), "total": total}


def november(history: History) -> Journal:
    with history.store.read() as connection:
        everything = sales_journal.journal(connection, "a", since=date.min, until=date.max)
        rows = [row for row, _ in integrity.documents_entered(connection, "a") if isinstance(row, StoredDocument)]
        assert everything == counted_anew(rows)  # the sums of the days say what the documents say
        return sales_journal.journal(connection, "a", since=NOVEMBER, until=date(2026, 11, 30))


def test_sales_are_summed_per_kind_country_and_rate_and_what_was_credited_is_taken_off(history: History) -> None:
    both = amounts(line("21", "100.00", "21.00"), line("6", "10.00", "0.60"), rounding="0.01")
    invoice = history.issued(1, **both)
    history.issued(2, **amounts(line("21", "50.00", "10.50")), ship_to=an_address("NL"))
    history.issued(3, **amounts(line("21", "1.00", "0.21")))
    history.issued(3, kind=Kind.ORDER_CONFIRMATION)
    history.credited(invoice)
    history.issued(4, shop_id="b")
    history.issued(5, test=True)
    history.later(days=10)
    history.issued(6)
    head = (NOVEMBER, NOVEMBER, Kind.CREDIT_NOTE, "EUR", "BE", "BE", "S")
    sold = (NOVEMBER, NOVEMBER, Kind.INVOICE, "EUR")

    def row(head: tuple[object, ...], rate: str, documents: int, base: str, vat: str) -> JournalRow:
        figures = (Decimal(base), Decimal(vat))
        return JournalRow(*head, Decimal(rate), "", documents, *figures, *figures)  # type: ignore[arg-type, call-arg]  # as in `head`

    found = november(history)
    assert [(one.currency, one.documents, one.net, one.total) for one in found.sums] == [
        ("EUR", 4, euros("51.00"), euros("61.71"))
    ]
    assert found == Journal(
        rows=(
            row((*sold, "BE", "BE", "S"), "6", 1, "10.00", "0.60"),
            row((*sold, "BE", "BE", "S"), "21", 2, "101.00", "21.21"),
            row((*sold, "NL", "BE", "S"), "21", 1, "50.00", "10.50"),
            row(head, "6", 1, "-10.00", "-0.60"),
            row(head, "21", 1, "-100.00", "-21.00"),
        ),
        totals=(
            JournalTotal(NOVEMBER, Kind.INVOICE, "EUR", 3, *map(euros, ("161.00", "32.31", "0.01", "193.32"))),
            JournalTotal(NOVEMBER, Kind.CREDIT_NOTE, "EUR", 1, *map(euros, ("-110.00", "-21.60", "-0.01", "-131.61"))),
        ),
    )


def test_what_fell_due_in_a_month_is_found_whenever_its_document_was_issued(history: History) -> None:
    history.issued(1, **amounts(line("21", "100.00", "21.00")))
    history.later(days=10)  # into December
    paid: dict[str, Any] = {"paid_on": date(2026, 11, 28)}
    history.issued(2, **amounts(line("21", "10.00", "2.10")), **paid)
    history.issued(3, **amounts(line("21", "1.00", "0.21")))
    history.issued(4, shop_id="b", **paid)

    def due(since: date, until: date) -> list[tuple[date, Decimal]]:
        with history.store.read() as connection:
            rows = sales_journal.fell_due(connection, "a", since=since, until=until)
        return [(row.month, row.base) for row in rows]

    december = date(2026, 12, 1)
    assert due(NOVEMBER, NOVEMBER) == [(NOVEMBER, euros("100.00")), (december, euros("10.00"))]
    assert due(december, december) == [(december, euros("1.00"))]
    assert due(date(2026, 10, 1), december) == [
        (NOVEMBER, euros("100.00")), (december, euros("10.00")), (december, euros("1.00")),
    ]  # fmt: skip


def test_another_currency_is_told_in_euros_as_its_document_says(history: History) -> None:
    dollars: dict[str, Any] = {"currency": "USD", "exchange_rate": Decimal("1.0831"), "vat_eur": Decimal("20.00")}
    history.issued(1, **amounts(line("21", "100.00", "21.00"), line("6", "10.00", "0.60")), **dollars)
    found = [(one.rate, one.vat, one.base_eur, one.vat_eur) for one in november(history).rows]
    assert found == [
        (Decimal(6), Decimal("0.60"), Decimal("9.23"), Decimal("0.55")),
        (Decimal(21), Decimal("21.00"), Decimal("92.33"), Decimal("19.45")),
    ]
    history.issued(2, **amounts(line("21", "1.00", "0.21")), currency="USD")
    assert [(one.rate, one.vat, one.vat_eur) for one in november(history).rows] == [
        (Decimal(6), Decimal("0.60"), Decimal("0.55")), (Decimal(21), Decimal("21.21"), None),
    ]  # fmt: skip


@given(
    vats=st.lists(st.decimals(0, 10_000, places=2), min_size=1, max_size=5),
    rate=st.decimals("0.5", 200, places=4),
    whole=st.decimals(0, 50_000, places=2),
)
def test_the_vat_per_rate_in_euros_is_exactly_what_the_document_says(
    vats: list[Decimal], rate: Decimal, whole: Decimal
) -> None:
    found = vats_in_euro(vats, "USD", {"exchange_rate": str(rate), "vat_eur": str(whole)})
    assert sum(vat for vat in found if vat is not None) == whole


def test_a_journal_is_a_table_of_numbers_without_formulas(history: History) -> None:
    invoice = history.issued(1, **amounts(line("21", "100.00", "21.00")))
    history.credited(invoice)
    table = sales_journal.as_table(november(history)).splitlines()
    assert table == [
        "month,tax_month,kind,currency,country,vat_country,category,rate,reason,documents,base,vat,base_eur,vat_eur",
        "2026-11-01,2026-11-01,invoice,EUR,BE,BE,S,21,,1,100.00,21.00,100.00,21.00",
        "2026-11-01,2026-11-01,credit_note,EUR,BE,BE,S,21,,1,-100.00,-21.00,-100.00,-21.00",
    ]


def an_item(
    net: str, mention: str, *, category: Category = Category.EXEMPT, rate: str = "0", country: str = ""
) -> Line:
    amount = Decimal(net)
    return Line(mention, Decimal(1), amount, amount, category, Decimal(rate), vat_country=country, mention=mention)


def test_what_is_without_vat_is_told_by_its_reason_and_what_is_taxed_by_whose_vat_it_is(history: History) -> None:
    exempt = line("0", "54.49", "0.00", Category.EXEMPT)  # a cent less than its lines
    dutch = replace(line("9", "10.00", "0.90"), vat_country="NL")
    items = (
        an_item("50.00", "voucher"),
        an_item("4.50", "packaging"),
        an_item("10.00", "oss", category=S, rate="9", country="NL"),
    )
    invoice = history.issued(1, **amounts(exempt, dutch), lines=items)
    history.credited(invoice)
    history.issued(
        2, **amounts(line("0", "7.00", "0.00", Category.INTRA_EU)), mentions=(mention("intra_eu", language="nl"),)
    )
    found = [
        (one.kind, one.vat_country, one.category, one.reason, str(one.base), str(one.vat))
        for one in november(history).rows
    ]
    assert found == [
        (Kind.INVOICE, "BE", "E", "packaging", "4.50", "0.00"),
        (Kind.INVOICE, "BE", "E", "voucher", "49.99", "0.00"),
        (Kind.INVOICE, "BE", "K", "intra_eu", "7.00", "0.00"),
        (Kind.INVOICE, "NL", "S", "oss", "10.00", "0.90"),
        (Kind.CREDIT_NOTE, "BE", "E", "packaging", "-4.50", "0.00"),
        (Kind.CREDIT_NOTE, "BE", "E", "voucher", "-49.99", "0.00"),
        (Kind.CREDIT_NOTE, "NL", "S", "oss", "-10.00", "-0.90"),
    ]  # fmt: skip


def test_a_late_invoice_stands_in_the_month_in_which_its_vat_fell_due(history: History) -> None:
    history.issued(1, **amounts(line("21", "100.00", "21.00")), paid_on=date(2026, 10, 2))
    history.issued(2, **amounts(line("21", "50.00", "10.50")), supplied_on=date(2026, 9, 30))
    assert [(one.month, one.tax_month, one.base) for one in november(history).rows] == [
        (NOVEMBER, date(2026, 10, 1), Decimal("150.00"))
    ]


def test_the_register_and_the_journal_have_the_same_signs(history: History) -> None:
    invoice = history.issued(1, **amounts(line("21", "100.00", "21.00")))
    free = history.issued(2, **amounts(line("21", "0.00", "0.00")))
    for one in (invoice, free):
        history.credited(one)
    with history.store.read() as connection:
        table = "".join(register.as_table(register.every_number(connection, "a")))
    totals = [row["total"] for row in csv.DictReader(io.StringIO(table))]
    assert totals == ["121.00", "0.00", "-121.00", "0.00"]
