"""`facturelay bank-file …`"""

from pathlib import Path

import click

from worker.cli.common import ACTOR, ProgressBar, of_shop, show, table, with_services
from worker.cli.options import with_json
from worker.domain.bank_match import VERDICT_TERMS, Match
from worker.domain.money import written
from worker.json_type import Json
from worker.payments.bank_file import BankFile, CheckedFile, check_file, take_file
from worker.services import Services
from worker.store import shops


@click.command("bank-file")
@of_shop
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--check", is_flag=True, help="Only say what it would bring; count and keep nothing.")
@with_services
@with_json
def bank_file(services: Services, shop_id: str, file: Path, *, check: bool, as_json: bool) -> None:
    """Count what a bank FILE brings: CODA, CAMT.053, MT940, or CSV of KBC, CBC, BNP Paribas Fortis, ING or Belfius.

    What pays an order for certain is counted, and the order is set paid in the shop; the rest waits on the page "Bank". Lines that
    were read before change nothing.
    """
    with services.store.read() as connection:
        shop = shops.get(connection, services.encryption, shop_id).shop
    content = file.read_bytes()
    if check:
        with services.store.read() as connection:
            found = check_file(connection, shop, content)
    else:
        with ProgressBar("Reading", quiet=as_json) as bar:
            taken = BankFile(file.name, content)
            found = take_file(services.store, shop, taken, by=services.actor(ACTOR), told=bar.update)
    show(as_json_of(found), as_json=as_json, text=lambda: as_table(found))


def as_json_of(checked: CheckedFile) -> Json:
    return {
        "kind": checked.kind,
        "lines_of_other_accounts": checked.others,
        "lines_read_before": checked.known,
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
        "orders": [{"order": share.order.order_id, "amount": written(share.amount)} for share in match.shares],
        "rest": written(match.rest),
    }


def as_table(checked: CheckedFile) -> str:
    if not checked.matches:
        before = f"; {checked.known} were read before" if checked.known else ""
        return f"This {checked.kind} file has no new lines{before}."
    head = ("day", "amount", "", "from", "order", "what it is")
    return table([head, *(row(match) for match in checked.matches)], right=(1,))


def row(match: Match) -> tuple[str, ...]:
    line = match.line
    rest = f" ({written(match.rest)})" if match.rest else ""
    orders = ", ".join(str(share.order.order_id) for share in match.shares)
    return (
        f"{line.booked_on:%d-%m-%Y}",
        written(line.amount),
        line.currency,
        line.name[:30],
        orders,
        str(VERDICT_TERMS[match.verdict]) + rest,
    )
