"""`facturelay status`"""

from collections.abc import Callable

from tests.cli.conftest import Facturelay, ShopAtHand
from tests.support.issued import NOW
from worker.message import Message
from worker.store import alerts


def test_what_needs_somebody_hides_no_process_that_is_down(
    facturelay: Facturelay, make_shop: Callable[..., ShopAtHand]
) -> None:
    made = make_shop()
    assert first_line(facturelay) == "all in all    something is down, see below"
    with made.store().write() as connection:
        alerts.raise_alert(
            connection, made.shop_id, code="bank_file_refused", message=Message("It cannot be read."), now=NOW
        )
    assert first_line(facturelay) == "all in all    something is down, see below; needs you: 1"


def first_line(facturelay: Facturelay) -> str:
    return facturelay("status").out.splitlines()[0]
