"""`facturelay bank-file …`"""

from datetime import date
from pathlib import Path

import click

from worker.cli.common import open_services, show, table, with_data, with_json
from worker.domain.bank_match import Match, Verdict
from worker.domain.money import written
from worker.payments.check import CheckedFile, check_file
from worker.serializers import Json
from worker.store import shops

SAYS = {
    Verdict.PAID: "paid",
    Verdict.PART: "paid in part",
    Verdict.OVER: "paid too much",
    Verdict.AGAIN: "paid once more",
    Verdict.PROPOSED: "no reference, but number and amount fit",
    Verdict.DIFFERENT: "several orders, and not their sum",
    Verdict.WRONG_REFERENCE: "the reference is wrong",
    Verdict.UNKNOWN: "not known",
    Verdict.PAYOUT: "payout of a payment provider: its orders are paid already",
    Verdict.RETURNED: "a payment that came back",
    Verdict.GIVEN_BACK: "given back to a customer",
    Verdict.MONEY_OUT: "money out",
    Verdict.PENDING: "not booked yet",
}


@click.command("bank-file")
@click.argument("shop_id", metavar="SHOP")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_data
@with_json
def bank_file(shop_id: str, file: Path, data: Path | None, *, as_json: bool) -> None:
    """Say which orders the lines of a bank FILE pay: CODA, CAMT.053, MT940, or CSV of KBC, BNP Paribas Fortis, ING or Belfius.

    Nothing is stored: mark what is paid on the pages, or set the order paid in your shop.
    """
    services = open_services(data)
    with services.store.read() as connection:
        shop = shops.get(connection, services.encryption, shop_id).shop
        today: date = services.now().astimezone(shop.zoneinfo).date()
        checked = check_file(connection, shop, file.read_bytes(), today=today)
    show(as_json_of(checked), as_json=as_json, text=lambda: as_table(checked))


def as_json_of(checked: CheckedFile) -> Json:
    return {
        "kind": checked.kind,
        "lines_of_other_accounts": checked.others,
        "lines": [line_as_json(match) for match in checked.matches],
    }


def line_as_json(match: Match) -> Json:
    line = match.line
    return {
        "day": line.booked_on.isoformat(),
        "amount": written(line.amount),
        "currency": line.currency,
        "name": line.name,
        "iban": line.iban,
        "text": line.structured or line.text,
        "verdict": match.verdict,
        "orders": [{"order": share.order_id, "amount": written(share.amount)} for share in match.shares],
        "rest": written(match.rest),
    }


def as_table(checked: CheckedFile) -> str:
    if not checked.matches:
        return f"This {checked.kind} file has no lines."
    head = ("day", "amount", "", "from", "order", "what it is")
    return table([head, *(row(match) for match in checked.matches)], right=(1,))


def row(match: Match) -> tuple[str, ...]:
    line = match.line
    rest = f" ({written(match.rest)})" if match.rest else ""
    orders = ", ".join(str(share.order_id) for share in match.shares)
    return (
        f"{line.booked_on:%d-%m-%Y}",
        written(line.amount),
        line.currency,
        line.name[:30],
        orders,
        SAYS[match.verdict] + rest,
    )
