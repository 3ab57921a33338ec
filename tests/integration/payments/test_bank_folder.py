"""The folder of a shop's bank files: read once each, refused aloud, and nothing outside the folder is touched."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.payments.test_bank_files import ACCOUNT
from tests.support.system import System
from worker.payments.bank_folder import folder_of, read_folder
from worker.store import alerts, bank_lines
from worker.store.database.pagination import FIRST_PAGE

CODA = Path(__file__).parent.parent.parent / "payments" / "bank_files" / "coda" / "1-exact.cod"


@pytest.fixture
def folder(system: System) -> Path:
    seller = system.connected.shop.seller
    system.change_shop(seller=replace(seller, iban=ACCOUNT))
    made = folder_of(system.services, system.shop_id)
    made.mkdir(parents=True)
    return made


def put(folder: Path, name: str, content: bytes, *, age_s: float = 60) -> Path:
    file = folder / name
    file.write_bytes(content)
    os.utime(file, (file.stat().st_atime, file.stat().st_mtime - age_s))
    return file


def read(system: System) -> None:
    read_folder(system.services, system.connected)


def names(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if not file.is_dir())


def lines(system: System) -> int:
    with system.services.store.read() as connection:
        return len(bank_lines.page(connection, system.shop_id, None, FIRST_PAGE).rows)


def told_of(system: System) -> set[str]:
    """The files of which the shop's alerts say that they were not read."""
    with system.services.store.read() as connection:
        return {str(alert.message.values["name"]) for alert in alerts.open_alerts(connection, system.shop_id)}


@pytest.mark.each_database
def test_a_file_is_read_once_and_moved(system: System, folder: Path) -> None:
    for _ in range(2):
        put(folder, "nov.cod", CODA.read_bytes())
        read(system)
    assert (names(folder), lines(system)) == (["read/nov.cod"], 4)


def test_each_refused_file_is_told_of_until_it_is_read_or_taken_away(system: System, folder: Path) -> None:
    put(folder, "holiday.jpg", b"\xff\xd8")
    put(folder, "monday.cod", CODA.read_bytes()[:1000])
    put(folder, "tuesday.cod", CODA.read_bytes())
    read(system)
    assert names(folder) == ["read/tuesday.cod", "refused/holiday.jpg", "refused/monday.cod"]
    assert told_of(system) == {"holiday.jpg", "monday.cod"}

    put(folder, "monday.cod", CODA.read_bytes())
    read(system)
    assert told_of(system) == {"holiday.jpg"}

    (folder / "refused" / "holiday.jpg").unlink()
    read(system)
    assert told_of(system) == set()


def test_a_file_that_is_still_being_written_a_hidden_one_and_a_link_stay(
    system: System, folder: Path, tmp_path: Path
) -> None:
    put(folder, "young.cod", CODA.read_bytes(), age_s=0)
    put(folder, ".part.cod", CODA.read_bytes())
    (folder / "link.cod").symlink_to(put(tmp_path, "elsewhere.cod", CODA.read_bytes()))
    read(system)
    assert (names(folder), lines(system)) == ([".part.cod", "link.cod", "young.cod"], 0)


def test_a_shop_without_a_folder_and_one_in_test_are_left_alone(system: System, folder: Path) -> None:
    put(folder, "nov.cod", CODA.read_bytes())
    system.change_shop(test=True)
    read(system)
    assert (names(folder), lines(system)) == (["nov.cod"], 0)
