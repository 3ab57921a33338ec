"""`facturelay user …`: who may sign in, and whom an invitation waits for."""

from collections.abc import Callable

from tests.cli.conftest import ShopAtHand


def test_people_and_invitations_are_listed_with_the_names_of_their_shops(make_shop: Callable[..., ShopAtHand]) -> None:
    shop = make_shop()
    run = shop.facturelay
    assert run("user", "add", "an@winkel.example", "--shop", "Gist", "--viewer").code == 0
    assert run("user", "add", "host@host.example").code == 0

    told = run("user", "list", "--json").json
    assert [(one["email"], one["shops"]) for one in told] == [
        ("an@winkel.example", {shop.shop_id: "viewer"}),
        ("host@host.example", {}),
    ]
    _, *rows = run("user", "list").out.splitlines()
    assert [row.split("invited")[0].split(maxsplit=1)[1] for row in rows] == ["viewer of Gist; ", "everything; "]
