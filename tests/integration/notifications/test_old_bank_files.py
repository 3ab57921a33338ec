"""An owner whose newest bank file is old is told since when, and a newer one ends it."""

from datetime import date, timedelta

from tests.support.system import System
from worker.notifications import old_bank_files
from worker.store import alerts, bank_files
from worker.store.bank_files import NewFile


def alert_of(system: System) -> str:
    old_bank_files.alert_old_files(system.services, system.services.connected(system.shop_id))
    with system.services.store.read() as connection:
        alert = alerts.find(connection, system.shop_id, old_bank_files.CODE)
    return str(alert.message) if alert else ""


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


def test_who_no_longer_reads_files_says_so_and_is_told_no_more(system: System) -> None:
    read_file(system, system.services.now().date() - timedelta(days=90))
    assert "Bank" in alert_of(system)
    system.change_shop(waits_for_bank_files=False)
    assert alert_of(system) == ""
