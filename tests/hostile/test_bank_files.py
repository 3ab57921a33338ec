"""Bank files that no bank makes: bounded in time and memory, one sentence each, nothing taken. Small versions of what was measured large."""

import resource
import time
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest

from worker.errors import Rejected
from worker.payments.bank_files import read
from worker.payments.bank_files.read import read_file

SAMPLES = sorted((Path(__file__).parents[1] / "payments" / "bank_files").glob("*/*"))
ENTRY = '<Ntry><Amt Ccy="EUR">{}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-01-01</Dt></BookgDt></Ntry>'
CSV = b"Rekeningnummer;Datum;Bedrag;Munt;rekeningnummer tegenpartij;Naam tegenpartij;gestructureerde mededeling;Vrije mededeling\n"
MT940 = b":20:X\n:25:BE68539007547034\n:28C:1\n:60F:C260101EUR0,00\n"
TENS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))


def camt(inside: str, *, before: str = "", encoding: str = "UTF-8") -> bytes:
    space = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>{before}'
        f'<Document xmlns="{space}"><BkToCstmrStmt><Stmt><Id>1</Id>{inside}</Stmt></BkToCstmrStmt></Document>'
    ).encode()


def refused(content: bytes) -> str:
    """The code of the sentence with which *content* is refused, within some seconds and megabytes."""
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(Rejected) as error:
            read_file(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 20
    assert peak < 60_000_000 + 10 * len(content)
    assert str(error.value.message).endswith(".")
    return error.value.code


DAMAGED, LARGE, LETTERS = "bank_file_damaged", "bank_file_too_large", "bank_file_letters"
HOSTILE = {
    "a billion laughs": (camt("&l9;", before=f'<!DOCTYPE x [<!ENTITY l0 "lol">{TENS}]>'), DAMAGED),
    "laughs in an attribute": (
        camt('<Ntry><Amt Ccy="&l9;">1</Amt></Ntry>', before=f'<!DOCTYPE x [<!ENTITY l0 "lol">{TENS}]>'),
        DAMAGED,
    ),
    "a file of the machine": (camt("&a;", before='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), DAMAGED),
    "rules from the network": (
        camt(ENTRY.format("1.00"), before='<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'),
        DAMAGED,
    ),
    "nested without end": (camt("<a>" * 3_000 + "</a>" * 3_000), DAMAGED),
    "an amount that is none": (camt(ENTRY.format("NaN")), DAMAGED),
    "an endless amount": (camt(ENTRY.format("Infinity")), DAMAGED),
    "an amount with a million zeros": (camt(ENTRY.format("1e1000000")), DAMAGED),
    "an amount of a million digits": (camt(ENTRY.format("9" * 1_000_000)), DAMAGED),
    "an amount of a hair": (camt(ENTRY.format("1.0000001")), DAMAGED),
    "an amount in a table": (CSV + b"BE1;01/01/2026;1e99999999;EUR;BE2;x;y;z\n", DAMAGED),
    "a table of quotes": (CSV + b'"' + b"a\n" * 200_000, DAMAGED),
    "a table of nothing": (CSV + b"\n" * 1_000_001, LARGE),
    "many payments": (MT940 + b":61:2601010101C1,00NTRFNONREF\n" * 20_001, LARGE),
    "many statements": (MT940 + b":20:X\n" * 1_000_001, LARGE),
    "many bytes": (b" " * (read.MOST_BYTES + 1), LARGE),
    "UTF-16": (camt(ENTRY.format("1.00"), encoding="UTF-16").decode().encode("utf-16"), LETTERS),
    "UTF-32": (CSV.decode().encode("utf-32"), LETTERS),
    "NUL in a name": (CSV + b"BE1;01/01/2026;1,00;EUR;BE2;\0x;y;z\n", LETTERS),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(1_000), "bank_file_unknown"),
    "letters that are none": (camt("<Ntry>\udcff</Ntry>".replace("\udcff", "X")).replace(b"X", b"\xff\xfe"), DAMAGED),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_bank_makes_is_refused_in_one_sentence_and_costs_little(name: str) -> None:
    content, code = HOSTILE[name]

    assert refused(content) == code


@pytest.mark.parametrize("wrong", ["utf-16", "utf-32", "cp037"])
@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_file_saved_in_other_letters_is_refused(file: Path, wrong: str) -> None:
    with pytest.raises(Rejected):
        read_file(file.read_bytes().decode("cp1252", errors="replace").encode(wrong, errors="replace"))


def test_a_text_without_end_is_cut_and_its_key_fits_an_index() -> None:
    rows = b"".join(b"BE1;01/01/2026;1,00;EUR;BE2;x;y;" + b"z" * 100_000 + end + b"\n" for end in (b"a", b"b"))
    first, second = read_file(CSV + rows)[1]

    assert first.amount == second.amount == Decimal("1.00")
    assert len(first.text) <= 2_000
    assert first.key != second.key
    assert len(first.key) < 500


def test_spaces_without_end_before_a_name_cost_nothing() -> None:
    head = "Rekeningnummer;Rekening tegenpartij;Omzetnummer;Boekingsdatum;Bedrag;Munteenheid;Omschrijving;Detail van de omzet;Bericht"
    for words, name in (("Jan - BE2", "Jan"), ("Jan", "")):
        row = f"BE1;BE2;1;01/01/2026;1,00;EUR;Van:{' ' * 100_000}{words};;"
        began = time.process_time()
        (line,) = read_file(f"{head}\n{row}\n".encode())[1]
        assert (line.name, time.process_time() - began < 5) == (name, True)


def test_reading_hostile_files_leaves_no_memory_behind() -> None:
    content, _ = HOSTILE["nested without end"]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(50):
        refused(content)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
