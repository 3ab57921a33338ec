"""Files of a bank as their readers give them, and what is said of those that are cut, damaged, hostile or not known."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.woocommerce_totals import many
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Claim, Match, Verdict, match_lines
from worker.domain.order import OrderKey
from worker.errors import Rejected
from worker.payments.bank_files import read
from worker.payments.bank_files.read import read_file

SAMPLES = Path(__file__).parent / "bank_files"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())
ACCOUNT: str = EXPECTED["account"]
FILES = sorted(file for file in SAMPLES.glob("*/*"))
NAMED = {"244": "F2026-00017"}


def key_of(order_id: int) -> OrderKey:
    return OrderKey("a", order_id, f"wc_order_{order_id}")


CLAIMS = tuple(
    Claim(key_of(int(order)), (order, NAMED.get(order, f"F2026-9{order}")), (asked["ogm"],), Decimal(asked["asked"]))
    for order, asked in EXPECTED["open_orders"].items()
)
# By the bank's reference, in the words of the samples: what a line must be, and the orders that it pays.
PAID, V = Verdict.PAID, Verdict
VERDICTS: dict[str, tuple[Verdict, list[int]]] = {
    "2611160000001": (PAID, [238]),
    "2611160000002": (PAID, [242]),
    "2611160000003": (PAID, [251]),
    "2611160000004": (V.MONEY_OUT, []),
    "2611170000001": (PAID, [239]),
    "2611170000002": (PAID, [240]),
    "2611170000003": (PAID, [241]),
    "2611170000004": (PAID, [243]),
    "2611170000005": (V.PROPOSED, [244]),
    "2611170000006": (V.UNKNOWN, []),
    "2611180000001": (V.PART, [245]),
    "2611180000002": (V.OVER, [246]),
    "2611180000003": (V.PART, [247]),
    "2611180000004": (PAID, [247]),
    "2611180000005": (PAID, [248, 249]),
    "2611180000006": (V.AGAIN, [238]),
    "2611180000007": (V.WRONG_REFERENCE, []),
    "2611190000001": (V.GIVEN_BACK, [238]),
    "2611190000002": (V.RETURNED, []),
    "2611190000003": (V.MONEY_OUT, []),
    "2611190000004": (V.PAYOUT, []),
    "2611190000005": (PAID, [252, 253]),
    "2611190000006": (V.MONEY_OUT, []),
    "2611200000001": (PAID, [254]),
    "2611200000002": (V.PENDING, []),
}
# MT940 tells no details of a group, and CODA no line that is not booked.
WITHOUT_DETAILS: dict[str, tuple[Verdict, list[int]]] = {"2611190000005": (V.UNKNOWN, [])}


def new_lines(kind: str) -> list[BankLine]:
    """The lines of all samples of a kind on the shop's account, those that come a second time left out."""
    known: dict[str, BankLine] = {}
    for file in sorted((SAMPLES / kind).iterdir()):
        for line in read_file(file.read_bytes())[1]:
            if line.account == ACCOUNT:
                known.setdefault(line.key, line)
    return list(known.values())


def by_reference(found: tuple[Match, ...]) -> dict[str, tuple[Verdict, list[int]]]:
    told: dict[str, tuple[Verdict, list[int]]] = {}
    for match in found:
        before = told.get(match.line.bank_reference, (match.verdict, []))[1]
        told[match.line.bank_reference] = (match.verdict, before + [share.order.order_id for share in match.shares])
    return told


@pytest.mark.parametrize(("kind", "changed"), [("coda", {}), ("camt053", {}), ("mt940", WITHOUT_DETAILS)])
def test_each_line_of_the_samples_is_what_it_is(kind: str, changed: dict[str, tuple[Verdict, list[int]]]) -> None:
    found = by_reference(match_lines(new_lines(kind), CLAIMS))

    assert found == {reference: (VERDICTS | changed)[reference] for reference in found}
    assert set(VERDICTS) - set(found) <= {"2611200000002"}


@pytest.mark.parametrize("kind", ["coda", "camt053", "mt940"])
def test_what_a_statement_begins_and_ends_with_is_what_its_lines_moved(kind: str) -> None:
    for file in sorted((SAMPLES / kind).iterdir()):
        _, lines, statements = read_file(file.read_bytes())
        moved = sum(line.amount for line in lines if not line.is_pending)
        assert statements
        assert sum(one.closing - one.opening for one in statements) == moved
        assert {one.account for one in statements} == {line.account for line in lines}


@pytest.mark.parametrize(
    ("name", "bank_lines", "paid"),
    [("1-kbc-nl", 10, 7), ("2-bnp-nl", 12, 5), ("3-ing-nl", 13, 7), ("4-belfius-nl", 10, 7), ("5-belfius-fr", 9, 3)],
)
def test_the_csv_of_each_bank_is_read(name: str, bank_lines: int, paid: int) -> None:
    lines = [line for line in read_file((SAMPLES / "csv" / f"{name}.csv").read_bytes())[1] if line.account == ACCOUNT]
    fresh = {line.key: line for line in lines}
    found = match_lines(fresh.values(), CLAIMS)

    assert sum(match.verdict is PAID for match in found) == paid
    assert len(lines) >= bank_lines


KBC_FR = (
    "Numéro de compte;Nom de la rubrique;Nom;Devise;Numéro de l'extrait;Date;Description;Valeur;Montant;Solde;crédit;débit;"
    "numéro de compte contrepartie;BIC contrepartie;Nom contrepartie;Adresse contrepartie;communication structurée;Communication libre"
)
KBC_EN = (
    "Account number;Heading;Name;Currency;Statement number;Date;Description;Value date;Amount;Balance;credit;debit;"
    "counterparty's account number;Counterparty BIC;Counterparty name;Counterparty address;standard-format reference;Free-format reference"
)
KBC_NL = (
    "Rekeningnummer;Rubrieknaam;Naam;Munt;Afschriftnummer;Datum;Omschrijving;Valuta;Bedrag;Saldo;Credit;Debet;Rekening tegenpartij;"
    "BIC code tegenpartij;Naam tegenpartij;Adres tegenpartij;gestructureerde mededeling;vrije mededeling;"
)
BNP_FR = (
    "Nº de séquence;Date d'exécution;Date valeur;Montant;Devise du compte;Numéro de compte;Type de transaction;Contrepartie;"
    "Nom de la contrepartie;Communication;Détails;Statut;Motif du refus"
)
ING_FR = (
    "Numéro de compte;Nom du compte;Compte contrepartie;Numéro de mouvement;Date comptable;Date valeur;Montant;Devise;Libellés;"
    "Détails du mouvement;Message"
)
ING_FR_BEFORE = ING_FR.replace("Compte contrepartie", "Compte partie adverse")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("1-kbc-nl", KBC_NL),
        ("1-kbc-nl", KBC_FR),
        ("1-kbc-nl", KBC_EN),
        ("2-bnp-nl", BNP_FR),
        ("3-ing-nl", ING_FR),
        ("3-ing-nl", ING_FR_BEFORE),
    ],
)
def test_a_statement_under_the_banks_other_heads_has_the_same_lines(name: str, head: str, encoding: str) -> None:
    content = (SAMPLES / "csv" / f"{name}.csv").read_bytes()
    text = content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "cp1252")
    start = min(text.index(end) for end in "\r\n" if end in text)
    other = (head + text[start:]).replace("Geaccepteerd", "Accepté").replace("Geweigerd", "Refusé")

    assert read_file(other.encode(encoding, errors="replace"))[1] == read_file(content)[1]


@pytest.mark.parametrize(
    ("kind", "amount", "verdict"),
    [
        ("RETOUR OVERSCHRIJVING", "15,00", Verdict.RETURNED),
        ("EUROPESE OVERSCHRIJVING", "15,00", PAID),
        ("RETOUR", "-15,00", Verdict.GIVEN_BACK),
    ],
)
def test_a_payment_of_ours_that_came_back_is_none_of_the_customers_in_a_csv_either(
    kind: str, amount: str, verdict: Verdict
) -> None:
    said = {"Rekeningnummer": ACCOUNT, "Munt": "EUR", "Datum": "23/11/2026", "Omschrijving": kind, "Bedrag": amount}
    said["gestructureerde mededeling"] = EXPECTED["open_orders"]["238"]["printed"]
    row = ";".join(said.get(name, "") for name in KBC_NL.split(";"))
    (match,) = match_lines(read_file(f"{KBC_NL}\n{row}\n".encode())[1], CLAIMS)
    assert match.verdict is verdict


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04" + bytes(90), "Excel"),
        (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.08">', "CAMT.052"),
        (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">', "CAMT.054"),
        (b"OFXHEADER:100\nDATA:OFXSGML\n", "OFX"),
        (b'"Auftragskonto";"Buchungstag";"Valutadatum";"Buchungstext";"Betrag"\n', "Auftragskonto, Buchungstag"),
        (b"Datum,Naam / Omschrijving,Rekening,Tegenrekening,Bedrag (EUR)\n", "Tegenrekening"),
        (b"hello", "no bank file that is known here"),
    ],
)
def test_whoever_hands_over_another_file_is_told_what_it_is_and_which_to_look_for(content: bytes, said: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_file(content)

    assert said in str(refused.value.message)
    assert "CAMT.053 or MT940 (nearly every bank" in str(refused.value.message)


def test_a_line_that_comes_in_two_files_has_one_key_and_two_equal_payments_have_two() -> None:
    belfius = [
        line
        for file in ("4-belfius-nl", "5-belfius-fr")
        for line in read_file((SAMPLES / "csv" / f"{file}.csv").read_bytes())[1]
    ]
    kbc = read_file((SAMPLES / "csv" / "1-kbc-nl.csv").read_bytes())[1]

    assert len({line.key for line in belfius}) < len(belfius)
    row = (SAMPLES / "csv" / "1-kbc-nl.csv").read_bytes().split(b"\r")
    doubled = read_file(b"\r".join([*row[:2], row[1], *row[2:]]))[1]
    assert len({line.key for line in doubled}) == len(kbc) + 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_that_is_cut_anywhere_is_refused_or_gives_no_line_that_is_not_in_it(file: Path) -> None:
    content = file.read_bytes()
    whole = set(read_file(content)[1])
    for part in range(1, 24):
        lines = lines_or_refusal(content[: len(content) * part // 24])
        # Formats without a sum at their end cannot tell, and their last line may have lost its end; a whole statement is one.
        assert len(lines - whole) <= (1 if file.suffix in (".csv", ".sta") else 0)


CSVS = [file for file in FILES if file.suffix == ".csv"]


@pytest.mark.parametrize("file", CSVS, ids=lambda file: file.name)
def test_a_csv_that_is_cut_before_the_last_cell_of_a_row_is_refused(file: Path) -> None:
    cut = file.read_bytes().rstrip(b"\r\n;").rpartition(b";")[0]
    with pytest.raises(Rejected, match="ends too early"):
        read_file(cut)


@pytest.mark.parametrize("file", CSVS, ids=lambda file: file.name)
def test_a_csv_in_which_a_payment_says_no_currency_is_refused(file: Path) -> None:
    with pytest.raises(Rejected) as refused:
        read_file(file.read_bytes().replace(b";EUR;", b";;", 1))
    assert refused.value.code == "bank_file_no_currency"


def lines_or_refusal(content: bytes) -> set[BankLine]:
    """Nothing of a file that is refused in a sentence of its own; anything else that is raised is a fault."""
    try:
        return set(read_file(content)[1])
    except Rejected as refused:
        if not refused.code.startswith("bank_file_"):
            raise
        return set()


CODA = (SAMPLES / "coda" / "1-exact.cod").read_bytes()
CAMT = (SAMPLES / "camt053" / "1-exact.xml").read_bytes()
BOMB = b'<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "bank_file_unknown"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), "bank_file_unknown"),
    "a table of something else": (lambda: b"Naam;Bedrag\nJan;15,00\n", "bank_file_unknown"),
    "an amount changed": (lambda: CODA.replace(b"0000000000015000", b"0000000000016000", 1), "bank_file_damaged"),
    "a day that is none": (lambda: CAMT.replace(b"2026-11-16</Dt></BookgDt>", b"2026-13-16</Dt></BookgDt>"), "bank_file_damaged"),
    "an amount that is none": (lambda: CAMT.replace(b">15.00<", b">fifteen<"), "bank_file_damaged"),
    "entities": (lambda: CAMT.replace(b"?>", b"?>" + BOMB, 1).replace(b"PEETERS JAN", b"&b;"), "bank_file_damaged"),
    "11 MB": (lambda: CAMT + b" " * 11_000_000, "bank_file_too_large"),
    "too many lines": (lambda: (SAMPLES / "csv" / "2-bnp-nl.csv").read_bytes() + b"2026-1;16/11/2026;16/11/2026;1,00;EUR;BE71096123456769;a;b;c;d;e;Geaccepteerd;\n" * 20_000, "bank_file_too_large"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("begins", "ends"),
    [(b"OPBD", b"CLBD"), (b"PRCD", b"CLBD"), (b"OPBD", b"ITBD"), (b"ITBD", b"ITBD"), (b"ITBD", b"CLBD")],
)
def test_a_camt_statement_of_a_part_of_a_day_begins_and_ends_too(begins: bytes, ends: bytes) -> None:
    (statement,) = read_file(CAMT.replace(b"OPBD", begins).replace(b"CLBD", ends)).statements

    assert (statement.opening, statement.closing) == (Decimal("1000.00"), Decimal("1444.57"))


@pytest.mark.parametrize(("content", "code"), BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_taken_is_refused_in_a_sentence(content: Callable[[], bytes], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_file(content())

    assert refused.value.code == code


@many
@given(
    st.binary(max_size=3000),
    st.sampled_from([b"", CODA[:400], CAMT[:900], b":20:1\n:25:BE71\n:60F:C261116EUR0,\n", b"Rekening;"]),
)
def test_no_bytes_break_a_reader(noise: bytes, before: bytes) -> None:
    lines_or_refusal(before + noise)


amounts = st.decimals(min_value="0.01", max_value="500", places=2)


@many
@given(st.lists(st.tuples(st.integers(0, 4), amounts), max_size=12), st.lists(amounts, min_size=5, max_size=5))
def test_every_cent_that_comes_in_under_a_reference_is_some_orders_and_only_once(
    paid: list[tuple[int, Decimal]], asked: list[Decimal]
) -> None:
    keys = list(EXPECTED["open_orders"].values())
    claims = tuple(
        Claim(key_of(number), (str(number),), (keys[number]["ogm"],), total) for number, total in enumerate(asked)
    )
    day = read_file(CODA)[1][0].booked_on
    lines = [
        BankLine(ACCOUNT, day, amount, "EUR", str(number), structured=claims[order].references[0])
        for number, (order, amount) in enumerate(paid)
    ]

    found = match_lines(lines, claims)

    for match, (order, amount) in zip(found, paid, strict=True):
        assert [(share.order.order_id, share.amount) for share in match.shares] == [(order, amount)]
    for claim in claims:
        came_in = sum((amount for order, amount in paid if order == claim.order.order_id), Decimal(0))
        settled = [match for match in found if match.shares[0].order == claim.order and match.verdict in (PAID, V.OVER)]
        assert bool(settled) == (came_in >= claim.open)
        assert len(settled) <= 1


def test_money_out_under_a_number_was_given_back_where_that_very_amount_came_in_too_much() -> None:
    day = read_file(CODA)[1][0].booked_on
    claims = tuple(
        Claim(key_of(order), (str(order),), (), -Decimal(excess), excess=Decimal(excess))
        for order, excess in ((238, "10.00"), (239, "10.00"), (242, "0.00"))
    )

    def is_what(amount: str, text: str) -> tuple[Verdict, list[int]]:
        (found,) = match_lines([BankLine(ACCOUNT, day, Decimal(amount), "EUR", "1", text=text)], claims)
        return found.verdict, [share.order.order_id for share in found.shares if share.amount == Decimal(amount)]

    assert is_what("-10.00", "terugbetaling 238") == (V.GIVEN_BACK, [238])
    others = (("-10.01", "238"), ("-10.00", "242"), ("-10.00", "terug"), ("0.00", "242"), ("-10.00", "238 en 239"))
    for amount, text in others:
        assert is_what(amount, text) == (V.MONEY_OUT, [])


def test_the_most_lines_are_counted_and_not_the_files() -> None:
    assert read.MOST_LINES < 1_000_000


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (("49.90", "49.90"), [V.CONFIRMED, V.AGAIN]),
        (("40.00", "9.90", "9.90"), [V.CONFIRMED, V.CONFIRMED, V.AGAIN]),  # in two parts
        (("49.40", "49.40"), [V.CONFIRMED, V.OVER]),  # less what the bank took for it
        (("30.00", "49.90", "1.00"), [V.CONFIRMED, V.OVER, V.AGAIN]),
        (("4.99",), [V.LESS]),  # other money of his, or a part of it: nobody hears otherwise that the rest did not come
        (("30.00", "4.99", "9.90"), [V.LESS, V.LESS, V.LESS]),
        (("47.40",), [V.LESS]),
        (("69.90",), [V.OVER]),
    ],
)
def test_what_somebody_said_of_a_transfer_is_confirmed_by_the_lines_that_bring_it_and_only_once(
    amounts: tuple[str, ...], expected: list[Verdict]
) -> None:
    claim = Claim(key_of(238), ("238",), ("012000023883",), Decimal(0), heard=(Decimal("49.90"),))
    day = read_file(CODA)[1][0].booked_on
    lines = [
        BankLine(ACCOUNT, day, Decimal(amount), "EUR", str(place), structured=claim.references[0])
        for place, amount in enumerate(amounts)
    ]

    assert [match.verdict for match in match_lines(lines, [claim])] == expected
