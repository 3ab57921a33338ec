"""An owner whose newest bank file is old is told since when, and a newer one ends it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from tests.support.system import System
from worker.actions import bank_statements as statement_actions
from worker.domain.bank_statement import BankStatement
from worker.notifications import old_bank_files
from worker.store import alerts, bank_files, bank_statements
from worker.store.alerts import Alert
from worker.store.bank_files import NewFile
from worker.store.queries import reminder_outlook


def alert_of(system: System) -> str:
    old_bank_files.alert_old_files(system.services, system.connected)
    with system.services.store.read() as connection:
        alert = alerts.find(connection, system.shop_id, old_bank_files.CODE)
    return str(alert.message) if alert else ""


def missing_alert(system: System) -> Alert | None:
    old_bank_files.alert_missing_statement(system.services, system.connected)
    with system.services.store.read() as connection:
        return alerts.find(connection, system.shop_id, old_bank_files.MISSING)


def read_file(system: System, last_day: date) -> None:
    now = system.services.now()
    with system.services.store.write() as connection:
        new = NewFile(system.shop_id, str(last_day), "nov.cod", "CODA", last_day)
        bank_files.add_file(connection, new, by="An", now=now)


def test_the_owner_is_told_from_the_sixth_day_until_a_newer_file_comes(system: System) -> None:
    today = system.services.now().date()
    assert alert_of(system) == ""  # never read a file: counts on none
    read_file(system, today)
    system.clock.now += timedelta(days=5)
    assert alert_of(system) == ""
    system.clock.now += timedelta(days=1)
    assert f"nothing after {today:%d-%m-%Y}" in alert_of(system)
    read_file(system, today + timedelta(days=3))
    assert alert_of(system) == ""


def test_the_owner_is_told_once_of_a_statement_that_is_missing_until_he_says_that_none_is(system: System) -> None:
    first = BankStatement("BE71096123456769", "EUR", Decimal(0), date(2026, 11, 1), Decimal(10), date(2026, 11, 2))
    third = replace(first, opening=Decimal(30), opened_on=date(2026, 11, 5), closed_on=date(2026, 11, 6))
    with system.services.store.write() as connection:
        bank_statements.keep(connection, system.shop_id, [first, third])
    for _ in range(2):
        alert = missing_alert(system)
        assert alert is not None
        assert (alert.times, "between 02-11-2026 and 05-11-2026" in str(alert.message)) == (1, True)
    with system.services.store.read() as connection:
        shop = system.connected.shop
        found = bank_statements.missing(connection, shop)
        held = reminder_outlook.hold_of(connection, shop, now=system.services.now())
    assert found is not None
    assert held is not None
    assert held.message == found.message

    system.act(statement_actions.say_well, found.statement_id)
    assert missing_alert(system) is None


def test_who_no_longer_reads_files_says_so_and_is_told_no_more(system: System) -> None:
    read_file(system, system.services.now().date() - timedelta(days=90))
    assert "Bank" in alert_of(system)
    system.change_shop(waits_for_bank_files=False)
    assert alert_of(system) == ""
