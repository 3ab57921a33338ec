"""Two payments are two, however alike they are, and one that a bank tells of again is one."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.factories import a_shop
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Claim, Ledger, Match, Verdict, match_line, same_lines, words_of
from worker.domain.order import OrderKey
from worker.errors import Rejected
from worker.payments.bank_file import own_lines
from worker.payments.bank_files.read import read_file

SAMPLES = Path(__file__).parent / "bank_files"
ACCOUNT, OTHER = "BE71096123456769", "BE68539007547034"
ENTRY = "<Ntry><Amt Ccy='EUR'>25.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-27</Dt></BookgDt>{}</Ntry>"
KBC = "Rekeningnummer;Datum;Munt;Bedrag;rekeningnummer tegenpartij;Naam tegenpartij;gestructureerde mededeling;Vrije mededeling\n"


def camt(*statements: str, account: str = ACCOUNT) -> bytes:
    head = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
    stated = (
        f"<Stmt><Id>{number}</Id><Acct><Id><IBAN>{account}</IBAN></Id></Acct>{entries}</Stmt>"
        for number, entries in enumerate(statements)
    )
    return f"{head}{''.join(stated)}</BkToCstmrStmt></Document>".encode()


def mt940(*lines: str, account: str = ACCOUNT, closing: str = "50,00") -> bytes:
    rows = (f":61:2611271127C25,00NTRFNONREF\n:86:{line}" for line in lines)
    head = f":20:940\n:25:{account}EUR\n:28C:1/1\n:60F:C261127EUR0,00\n"
    return (head + "\n".join(rows) + f"\n:62F:C261127EUR{closing}\n-\n").encode()


def lines_of(content: bytes) -> tuple[BankLine, ...]:
    return read_file(content)[1]


def keys_of(content: bytes) -> list[str]:
    return [line.key for line in lines_of(content)]


@pytest.mark.parametrize(
    "content",
    [
        camt(ENTRY.format("") * 2),
        camt(ENTRY.format("<AcctSvcrRef>NOTPROVIDED</AcctSvcrRef>") * 2),
        mt940("/NAME/JAN/REMI/USTD//een", "/NAME/JAN/REMI/USTD//een"),
        (KBC + f"{ACCOUNT};27/11/2026;EUR;25,00;;Jan;;een\n" * 2).encode(),
    ],
)
def test_two_equal_payments_of_a_day_are_two_also_without_a_reference_of_the_bank(content: bytes) -> None:
    keys = keys_of(content)

    assert len(set(keys)) == 2
    assert keys_of(content) == keys


ONE, TWO = "012000023883", "012000023984"
SAME_REFERENCE = "<AcctSvcrRef>NOTPROVIDED</AcctSvcrRef>"


def entry_of(words: str, name: str = "JAN") -> str:
    told = f"<RltdPties><Dbtr><Nm>{name}</Nm></Dbtr></RltdPties><RmtInf><Ustrd>{words}</Ustrd></RmtInf>"
    return ENTRY.format(f"{SAME_REFERENCE}<NtryDtls><TxDtls>{told}</TxDtls></NtryDtls>")


@pytest.mark.parametrize(
    ("file", "one", "two"),
    [
        (camt, entry_of(ONE), entry_of(TWO)),
        (camt, entry_of("", "JAN"), entry_of("", "PIET")),
        (mt940, "/NAME/JAN/REMI/USTD//een", "/NAME/PIET/REMI/USTD//twee"),
        (mt940, f"166?00GUTSCHRIFT?20SVWZ+{ONE}?32JAN", f"166?00GUTSCHRIFT?20SVWZ+{TWO}?32PIET"),
    ],
)
def test_two_payers_of_one_amount_are_two_in_whichever_file_they_stand(
    file: Callable[..., bytes], one: str, two: str
) -> None:
    whole_day = (two + one,) if file is camt else (two, one)
    closing = {} if file is camt else {"closing": "25,00"}
    morning = keys_of(file(one, **closing).replace(b"NONREF", b"NONREF//NOTPROVIDED"))
    evening = keys_of(file(*whole_day).replace(b"NONREF", b"NONREF//NOTPROVIDED"))

    assert evening[1] == morning[0] != evening[0]


NUMBER = "F2026/00001"


@pytest.mark.parametrize(
    "content",
    [
        mt940(
            f"/TRTP/SEPA OVERBOEKING/IBAN/{OTHER}/BIC/ABNANL2A/NAME/J\nAN/REMI/{NUMBER}/EREF/NOTPROVIDED",
            closing="25,00",
        ),
        mt940(f"/EREF/NOTPROVIDED//CNTP/{OTHER}/INGBNL2A/JAN///REMI/USTD//{NUMBER}/", closing="25,00"),
        mt940(
            f"/IBAN/{OTHER}/NAME/JAN/REMI/USTD//uw factuur met het nummer hieronder \n{NUMBER} dank u", closing="25,00"
        ),
        mt940(f"/IBAN/{OTHER}/NAME/JAN/REMI/USTD//uw factuur F2026/0\n0001", closing="25,00"),
        camt(entry_of(f"factuur</Ustrd><Ustrd>{NUMBER}</Ustrd><Ustrd>dank u")),
    ],
)
def test_a_number_is_found_wherever_a_bank_ends_its_lines_and_sets_its_slashes(content: bytes) -> None:
    (found,) = lines_of(content)

    assert {NUMBER, "F2026", "00001"} <= words_of(found)
    assert found.name == "JAN"
    assert content.startswith(b"<") or found.iban == OTHER


def test_a_reference_is_found_behind_a_number_at_the_end_of_a_line() -> None:
    (found,) = lines_of(camt(entry_of("bestelling 2</Ustrd><Ustrd>012/0000/23883")))
    assert found.references == (ONE,)


def test_the_numbered_fields_of_german_banks_are_read() -> None:
    fields = "166?00GUTSCHRIFT?10931?20EREF+NOTPROVIDED?21SVWZ+Rechnung 012/0000/2?223883?30GENODEF1?31DE89370400440532013000?32PEETERS ?33JAN"
    (found,) = lines_of(mt940(fields, closing="25,00"))

    assert (found.name, found.iban, found.references) == ("PEETERS JAN", "DE89370400440532013000", (ONE,))
    assert found.text.startswith("Rechnung")
    assert lines_of(mt940(fields.replace("166", "159", 1), closing="25,00"))[0].is_return


def detail(*references: str, amount: str = "", direction: str = "") -> str:
    said = f"<AmtDtls><TxAmt><Amt Ccy='EUR'>{amount}</Amt></TxAmt></AmtDtls>" if amount else ""
    said += f"<CdtDbtInd>{direction}</CdtDbtInd>" if direction else ""
    named = "".join(f"<Strd><CdtrRefInf><Ref>{one}</Ref></CdtrRefInf></Strd>" for one in references)
    return f"<TxDtls>{said}<RmtInf>{named}</RmtInf></TxDtls>"


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (detail(ONE, amount="15.00") + detail(TWO, amount="10.00"), [("15.00", (ONE,)), ("10.00", (TWO,))]),
        (detail(ONE) + detail(TWO), [("25.00", (ONE, TWO))]),
        (detail(ONE, amount="25.00") + detail(TWO, amount="25.00"), [("25.00", (ONE, TWO))]),
        (
            detail(ONE, amount="30.00", direction="CRDT") + detail(TWO, amount="5.00", direction="DBIT"),
            [("30.00", (ONE,)), ("-5.00", (TWO,))],
        ),
        (detail(ONE, TWO), [("25.00", (ONE, TWO))]),
    ],
)
def test_the_details_of_a_group_come_to_what_the_bank_booked(
    details: str, expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    found = lines_of(camt(ENTRY.format(f"<NtryDtls>{details}</NtryDtls>")))
    assert [(str(one.amount), one.references) for one in found] == expected


GROUP = (SAMPLES / "coda" / "4-other-money.cod").read_bytes()  # 61.00, of 16.00 and 45.00


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [("16.00", 1), ("45.00", 1)]),
        ({b"0016000191126601": b"0009000191126601"}, [("61.00", 0)]),  # no sum of it
        ({b"0016000191126601": b"0061000191126701", b"0045000191126601": b"0045000191126901"}, [("61.00", 2)]),
        ({b"191126201500000VERZAMELDE": b"191126301500000VERZAMELDE", b"191126601": b"191126801"}, [("61.00", 2)]),
    ],
)
def test_the_details_of_coda_are_payments_where_they_come_to_their_sum_and_are_no_costs(
    changed: dict[bytes, bytes], expected: list[tuple[str, int]]
) -> None:
    content = GROUP
    for old, new in changed.items():
        assert old in content
        content = content.replace(old, new)

    found = [one for one in lines_of(content) if one.bank_reference == "2611190000005"]
    assert [(str(one.amount), len(one.references)) for one in found] == expected


@pytest.mark.parametrize("said", ["true", "1"])
def test_what_came_back_is_told_in_either_way(said: str) -> None:
    (found,) = lines_of(camt(ENTRY.format(f"<RvslInd>{said}</RvslInd>")))
    assert found.is_return


@pytest.mark.parametrize(("code", "is_return"), [("50", False), ("49", True), ("54", True), ("99", True)])
def test_a_transfer_of_ours_that_came_back_is_told_by_its_code(code: str, is_return: bool) -> None:
    content = (SAMPLES / "coda" / "1-exact.cod").read_bytes()
    changed = re.sub(rb"(00[12])50000", rb"\g<1>%b000" % code.encode(), content)

    assert {one.is_return for one in lines_of(changed) if one.amount > 0} == {is_return}


@pytest.mark.parametrize(("mark", "amount"), [("RC", "-25.00"), ("RD", "25.00")])
def test_what_was_reversed_goes_the_other_way_and_came_back(mark: str, amount: str) -> None:
    content = mt940("een", "twee", closing="0,00" if mark == "RC" else "50,00").decode()
    _, back = lines_of(f"{mark}25".join(content.rsplit("C25", 1)).encode())

    assert (str(back.amount), back.is_return) == (amount, True)


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("<BookgDt><DtTm>2026-11-26T23:30:00Z</DtTm></BookgDt>", 27),
        ("<BookgDt><DtTm>2026-11-27T23:30:00.000+01:00</DtTm></BookgDt>", 27),
        ("<BookgDt><DtTm>2026-11-27T23:30:00</DtTm></BookgDt>", 27),
        ("<ValDt><Dt>2026-11-27</Dt></ValDt>", 27),
        ("<BookgDt><Dt>2026-11-26</Dt></BookgDt><ValDt><Dt>2026-11-27</Dt></ValDt>", 26),
    ],
)
def test_an_entry_is_of_the_day_of_the_bank_on_which_it_was_booked_or_counts(told: str, day: int) -> None:
    (found,) = lines_of(camt(re.sub("<BookgDt>.*</BookgDt>", told, ENTRY.format(""))))
    assert found.booked_on == date(2026, 11, day)


def test_a_file_that_names_no_iban_is_refused_with_what_to_do() -> None:
    lines = lines_of(
        camt(ENTRY.format("")).replace(f"<IBAN>{ACCOUNT}</IBAN>".encode(), b"<Othr><Id>12345678</Id></Othr>")
    )

    with pytest.raises(Rejected, match="CODA, MT940 or CSV"):
        own_lines(a_shop(), lines, ())


def test_a_line_is_the_same_in_a_statement_of_another_period() -> None:
    first, second = (ENTRY.format(f"<AcctSvcrRef>{name}</AcctSvcrRef>") for name in ("A", "B"))

    assert set(keys_of(camt("", first + second))) == set(keys_of(camt(second, first)))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_words_about_a_whole_statement_are_none_of_its_last_line(end: str) -> None:
    content = mt940("/REMI/USTD//een", "/REMI/USTD//twee").decode()
    summed = content.replace(
        "\n-\n", "\n:64:C261127EUR50,00\n:86:/SUM/0/2/0,00/50,00/\n-}\n{1:F01INGBNL2AAMS00000000000}\n"
    )

    assert lines_of((summed + content).replace("\n", end).encode()) == lines_of((content * 2).encode())


def test_each_statement_of_an_mt940_file_is_of_its_own_account() -> None:
    found = lines_of(mt940("een", "twee") + mt940("drie", "vier", account=OTHER))

    assert [line.account for line in found] == [ACCOUNT, ACCOUNT, OTHER, OTHER]


def test_nothing_of_a_damaged_mt940_file_is_written_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Rejected, match="damaged"):
        lines_of(mt940("een").replace(b"C25,00", b"X25,00"))

    assert caplog.text == ""


@pytest.mark.parametrize("closing", [b"\n:62F", b"drie"])
def test_an_mt940_file_that_was_cut_is_not_taken(closing: bytes) -> None:
    content = mt940("een", "drie")

    with pytest.raises(Rejected, match="ends too early"):
        lines_of(content[: content.index(closing)])
    with pytest.raises(Rejected, match="damaged"):
        lines_of(mt940("een", "drie", closing="75,00"))


@pytest.mark.parametrize(
    ("told", "amount"),
    [
        ("18", "18.00"),
        ("-850,5", "-850.50"),
        ("1234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("2,000.00", "2000.00"),
        ("1 234 567,89", "1234567.89"),
        ("1.234.567,89", "1234567.89"),
    ],
)
def test_the_last_separator_of_an_amount_is_that_of_its_cents(told: str, amount: str) -> None:
    (found,) = lines_of((KBC + f"{ACCOUNT};27/11/2026;EUR;{told};;Jan;;een\n").encode())
    assert str(found.amount) == amount


@pytest.mark.parametrize("told", ["2.720", "2,720", "1.234.567", "1.23,45", ",50", "NaN", "1e3", ""])
def test_an_amount_that_may_be_another_is_not_taken(told: str) -> None:
    with pytest.raises(Rejected, match="damaged"):
        lines_of((KBC + f"{ACCOUNT};27/11/2026;EUR;{told};;Jan;;een\n").encode())


BNP_ROW = "2026-1;16/11/2026;16/11/2026;15,00;EUR;{account};Overschrijving;;JAN;{words};... BANKREFERENTIE : 2611160000001;Geaccepteerd;"


def test_a_semicolon_of_a_customer_cuts_no_words_and_hides_no_payment() -> None:
    head = KBC.removesuffix("\n")
    for names in (head, f"{head};"):
        (found,) = lines_of(f"{names}\n{ACCOUNT};27/11/2026;EUR;25,00;;Jan;;twee; en {ONE}\n".encode())
        assert (found.text, found.references) == (f"twee; en {ONE}", (ONE,))
    (head, *_) = (SAMPLES / "csv" / "2-bnp-nl.csv").read_text(encoding="utf-8-sig").splitlines()
    assert not lines_of(f"{head}\n{BNP_ROW.format(account=ACCOUNT, words='een')}\n".encode())[0].is_pending
    with pytest.raises(Rejected, match="damaged"):
        lines_of(f"{head}\n{BNP_ROW.format(account=ACCOUNT, words='een; twee')}\n".encode())


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (f"Overschrijving in euro (SEPA) Van: MAES TOM - {OTHER} Mededeling: een", "MAES TOM"),
        (f"Van: FEEST-WERK BV   IBAN: {OTHER} Mededeling: een", "FEEST-WERK BV"),
        (f"Van: {OTHER} Mededeling: een", ""),
        (f"Van:  - {OTHER} Mededeling: een", ""),
        (f"Van: JAN Mededeling: mijn rekening {OTHER}", ""),
        ("Maandelijkse kosten: rekening", ""),
    ],
)
def test_ing_names_the_payer_between_its_words_and_the_account_or_nobody(said: str, name: str) -> None:
    head = "Rekeningnummer;Rekening tegenpartij;Omzetnummer;Boekingsdatum;Bedrag;Munteenheid;Omschrijving;Detail van de omzet;Bericht"
    for row in (f"{said};;", f"Overschrijving in euro;{said};"):
        (found,) = lines_of(f"{head}\n{ACCOUNT};{OTHER};1;17/11/2026;15,00;EUR;{row}\n".encode())
        assert (found.name, found.iban) == (name, OTHER)


@pytest.mark.parametrize(
    "told",
    [
        f"/IBAN/{OTHER}/BIC/X/NAME//REMI/USTD//een",
        f"/NAME//IBAN/{OTHER}/REMI/USTD//een",
        f"/CNTP/{OTHER}/INGBNL2A///REMI/USTD//een",
        f"/IBAN/{OTHER}/REMI/USTD//een /NAME/MOLLIE",
    ],
)
def test_no_field_of_an_mt940_line_is_taken_for_the_one_that_is_missing(told: str) -> None:
    (found,) = lines_of(mt940(told, closing="25,00"))
    assert (found.name, found.iban) == ("", OTHER)


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY.replace("<CdtDbtInd>CRDT</CdtDbtInd>", ""),
        ENTRY.replace("CRDT", "CREDIT"),
        ENTRY.replace("25.00", "-25.00").replace("CRDT", "DBIT"),
    ],
)
def test_an_entry_that_may_have_come_in_or_gone_out_is_not_taken(entry: str) -> None:
    with pytest.raises(Rejected, match="damaged"):
        lines_of(camt(entry.format("")))


def test_a_quotation_mark_of_a_customer_swallows_no_line() -> None:
    rows = (f'{ACCOUNT};27/11/2026;EUR;25,00;;Jan;;"{text}\n' for text in ("hallo", "dag", "tot ziens"))

    assert len(lines_of((KBC + "".join(rows)).encode())) == 3


BELFIUS = (
    "Rekening;Boekingsdatum;Rekeninguittrekselnummer;Transactienummer;Rekening tegenpartij;Naam tegenpartij bevat;Straat en nummer;"
    "Postcode en plaats;Transactie;Valutadatum;Bedrag;Devies;BIC;Landcode;Mededelingen\n"
)


def test_a_line_of_belfius_has_one_key_before_and_after_it_stands_on_a_statement() -> None:
    def file(*numbers: str) -> bytes:
        row = f"{ACCOUNT};27/11/2026;%s;BE43 0689 9999 9501;JAN;;9000 Gent;OVERSCHRIJVING;27/11/2026;25,00;EUR;GKCCBEBB;BE;een\n"
        return (BELFIUS + "".join(row % number for number in numbers)).encode()

    before = keys_of(file(";"))

    assert keys_of(file("00011;52")) == before
    assert keys_of(file(";", "00011;52"))[0] == before[0]
    assert len(set(keys_of(file("00011;53", "00011;52")))) == 2


BNP = (
    "Volgnummer;Uitvoeringsdatum;Valutadatum;Bedrag;Valuta rekening;Rekeningnummer;Type verrichting;Tegenpartij;"
    "Naam van de tegenpartij;Mededeling;Details;Status;Reden van weigering\n"
)


def test_a_line_of_bnp_is_booked_once_it_is_accepted_and_known_by_the_reference_of_the_bank() -> None:
    def line_of(number: str, reference: str, status: str = "Geaccepteerd") -> BankLine:
        details = f"MEDEDELING : BANKREFERENTIE : 999999 BANKREFERENTIE : {reference} VALUTADATUM : 27/11/2026"
        row = f"{number};27/11/2026;27/11/2026;25,00;EUR;{ACCOUNT};Overschrijving;BE43068999999501;JAN;een;{details};{status};\n"
        (found,) = lines_of((BNP + row).encode())
        return found

    new = line_of("2026-", "2611270000001")

    assert not new.is_pending
    assert line_of("2026-00127", "2611270000001").key == new.key != line_of("2026-", "2611270000002").key
    assert line_of("2026-", "2611270000001", "In behandeling").is_pending


def test_a_row_that_lacks_a_cell_is_not_read_a_column_further() -> None:
    head = KBC.removesuffix("\n").replace("Bedrag", "Omschrijving;Bedrag;Saldo")
    row = f"{ACCOUNT};27/11/2026;EUR;OVERSCHRIJVING;25,00;1600,00;;Jan;;een"
    assert [str(one.amount) for one in lines_of(f"{head}\n{row}\n".encode())] == ["25.00"]
    with pytest.raises(Rejected, match="ends too early"):
        lines_of(f"{head}\n{row.replace('OVERSCHRIJVING;', '')}\n".encode())
    behind = "Rekening;Boekingsdatum;Transactie;Bedrag;Devies;Rekening tegenpartij;Naam tegenpartij bevat;Mededelingen"
    row = f"{ACCOUNT};27/11/2026;KOSTEN;-3,63;EUR;;"
    assert [str(one.amount) for one in lines_of(f"{behind}\n{row}\n".encode())] == ["-3.63"]
    with pytest.raises(Rejected, match="damaged"):
        lines_of(f"{behind}\n{row.replace('KOSTEN;', '')};een\n".encode())


@pytest.mark.parametrize(
    "content",
    [
        b" " + mt940("/NAME/JAN/REMI/USTD//een", closing="25,00"),
        (SAMPLES / "coda" / "1-exact.cod").read_bytes().replace(b"\n12", b"\n1C", 1),
    ],
    ids=["MT940", "CODA"],
)
def test_a_file_of_which_nothing_can_be_read_is_refused(content: bytes) -> None:
    with pytest.raises(Rejected, match="damaged"):
        lines_of(content)


def test_a_csv_file_that_was_cut_is_not_taken() -> None:
    with pytest.raises(Rejected, match="ends too early"):
        lines_of((KBC + f"{ACCOUNT};27/11/2026;EUR;25,00;;Jan;;een\n{ACCOUNT};27/11/2026;EUR;2").encode())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_long_csv_file_is_known_wherever_its_letters_and_rows_end(end: str) -> None:
    text = KBC + f"{ACCOUNT};27/11/2026;EUR;25,00;;Jan;;{'é' * 200}\n" * 100
    rows = text.replace("\n", end).encode("utf-8-sig")

    for spaces in range(2):
        assert len(lines_of(b"\xef\xbb\xbf" + b"\n" * spaces + rows[3:])) == 100


def line(amount: str, text: str = "", *, key: str = "k", day: int = 27) -> BankLine:
    return BankLine(ACCOUNT, date(2026, 11, day), Decimal(amount), "EUR", key, text=text)


def claim(order_key: str, amount: str, *references: str, heard: tuple[Decimal, ...] = ()) -> Claim:
    return Claim(OrderKey("a", 238, order_key), ("238",), references, Decimal(amount), heard=heard)


def verdict(amount: str, text: str, *claims: Claim) -> Match:
    return match_line(line(amount, text), Ledger(claims))


def test_a_reference_that_two_orders_have_is_counted_only_where_the_amount_says_which() -> None:
    first, second = claim("one", "15.00", "012000023883"), claim("two", "20.00", "012000023883")

    assert verdict("15.00", "012000023883", first, second).shares[0].order == first.order
    assert verdict("20.00", "012000023883", first, second).shares[0].order == second.order
    for amount in ("10.00", "35.00"):
        assert verdict(amount, "012000023883", first, second).verdict is Verdict.DIFFERENT


def test_an_order_is_known_by_each_reference_that_its_documents_asked_for() -> None:
    one = claim("one", "15.00", "012000023883", "012000023984")

    for text in ("012000023883", "012000023984", "012000023883 012000023984"):
        assert verdict("15.00", text, one).verdict is Verdict.PAID


def test_money_for_two_orders_of_which_one_was_said_to_be_paid_waits_for_a_person() -> None:
    said, owed = claim("one", "0", "012000023883", heard=(Decimal(10),)), claim("two", "5.00", "012000023984")

    assert verdict("15.00", "012000023883 012000023984", said, owed).verdict is Verdict.DIFFERENT
    assert verdict("5.00", "012000023883 012000023984", said, owed).verdict is Verdict.PAID


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("STICHTING MOLLIE PAYMENTS", "1234567.2611.01 UITBETALING", Verdict.PAYOUT),
        ("Stripe Technology Europe Ltd.", "STRIPE K3A9", Verdict.PAYOUT),
        ("PayPal (Europe) S.à r.l. et Cie, S.C.A.", "ABCD 12", Verdict.PAYOUT),
        ("Klarna Bank AB (publ)", "", Verdict.PAYOUT),
        ("CCV BELGIUM NV/SA", "", Verdict.PAYOUT),
        ("SumUp EU Payments, UAB", "", Verdict.PAYOUT),
        ("Klarna Bank AB, German Branch", "", Verdict.PAYOUT),
        ("PayPal Pte. Ltd.", "", Verdict.PAYOUT),
        ("Worldline Financial Services (Europe) S.A.", "", Verdict.PAYOUT),
        ("Stichting Beheer Derdengelden MultiSafepay", "", Verdict.PAYOUT),
        ("Stichting Custodian Worldline", "", Verdict.PAYOUT),
        ("Stg Mollie Payments", "", Verdict.PAYOUT),
        ("Adyen NV inzake Mokkenwinkel", "", Verdict.PAYOUT),
        ("Mollie B.V. inz. Mokkenwinkel", "", Verdict.PAYOUT),
        ("Jan Peeters inzake Klarna", "mokken", Verdict.UNKNOWN),
        ("Mollie B.V.", "order 238", Verdict.PROPOSED),
        ("Mollie De Smet", "238", Verdict.PROPOSED),
        ("Mollie De Smet", "mokken", Verdict.UNKNOWN),
        ("CCV Bakkerij BV", "", Verdict.UNKNOWN),
        ("Klarna Peeters", "+++000/0244/12340+++", Verdict.WRONG_REFERENCE),
    ],
)
def test_only_a_provider_itself_pays_out(name: str, text: str, expected: Verdict) -> None:
    paid = replace(line("15.00", text), name=name)
    assert match_line(paid, Ledger([claim("one", "15.00", "012000023883")])).verdict is expected


def test_lines_of_two_files_of_a_year_are_compared_in_seconds() -> None:
    lines = [line(str(number), key=str(number), day=1 + number % 28) for number in range(10_000)]
    started = time.process_time()

    assert len(same_lines(lines, reversed(lines)).same) == 10_000
    assert time.process_time() - started < 3
