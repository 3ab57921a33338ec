"""Links in a row that choose what a page shows: each page marks the one that is chosen."""

from lxml import html

from tests.bridge.dashboard.test_every_press import is_page
from tests.support import busy_shop
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.every_page import every_page
from tests.support.personas import signed_in


def test_every_page_marks_the_one_link_of_a_row_that_it_is(app: BridgeApp) -> None:
    visitor = signed_in(app, "els@host.example", operator=True)
    busy_shop.make_worse(app, busy_shop.fill(app, orders_=2, failed=1, drafts_=1))
    unmarked, rows = {}, 0
    for path in filter(
        is_page,
        dict.fromkeys(every_page(visitor.app.client.application, SHOP, order_id=busy_shop.FIRST, document_id=1)),
    ):
        answer = visitor.get(path)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        for row in html.fromstring(answer.text).xpath('//nav[contains(@class, "picks")]'):
            rows += 1
            if len(row.xpath(".//*[@aria-current]")) != 1:
                unmarked[path] = row.text_content().split()
    assert unmarked == {}
    assert rows > 10
