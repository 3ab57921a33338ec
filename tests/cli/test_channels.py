"""`facturelay channel …`"""

from collections.abc import Callable

from tests.cli.conftest import Facturelay, ShopAtHand


def test_a_channel_is_added_listed_and_removed(facturelay: Facturelay, make_shop: Callable[..., ShopAtHand]) -> None:
    shop_id = make_shop().shop_id
    assert facturelay("channel", "list", shop_id).out.startswith("Nobody is notified but by mail")
    made = facturelay("channel", "add", shop_id, "webhook", "https://books.example.com/hook", "--json").json
    assert (made["channel_id"], made["secret"][:3]) == (1, "fn_")
    (listed,) = facturelay("channel", "list", shop_id, "--json").json
    assert (listed["host"], listed["for"], listed["from"], listed["owed"]) == ("books.example.com", None, "decision", 0)
    assert facturelay("channel", "add", shop_id, "ntfy", "ftp://x").code == 1
    assert "Nobody" in facturelay("channel", "add", shop_id, "ntfy", "https://ntfy.sh/x", "--for", "a@b.be").err
    assert facturelay("channel", "remove", shop_id, "1").out == "books.example.com is no longer notified.\n"
    again = facturelay("channel", "add", shop_id, "webhook", "https://books.example.com/hook", "--json").json[
        "channel_id"
    ]
    assert facturelay("channel", "remove", shop_id, str(again), "--json").json == {"channel_id": again, "removed": True}
