"""`facturelay token …`"""

from collections.abc import Callable

from tests.cli.conftest import Facturelay, ShopAtHand


def test_a_token_is_made_shown_once_listed_and_revoked(
    facturelay: Facturelay, make_shop: Callable[..., ShopAtHand]
) -> None:
    shop_id = make_shop().shop_id
    made = facturelay("token", "add", shop_id, "--name", "bookkeeping", "--json").json
    secret = made.pop("token")
    assert secret.startswith("fr_")
    assert made == {
        "token_id": 1,
        "shop": shop_id,
        "name": "bookkeeping",
        "scopes": ["documents:read", "orders:read", "files:read"],
        "created_at": made["created_at"],
        "created_by": "command line",
        "used_at": None,
        "revoked_at": None,
    }
    assert facturelay("token", "list", shop_id, "--json").json == [made]
    assert facturelay("token", "revoke", shop_id, "1").out == "Token 1 is revoked.\n"
    assert "revoked" in facturelay("token", "list", shop_id).out


def test_a_person_is_told_to_keep_the_token_and_how_to_try_it(
    facturelay: Facturelay, make_shop: Callable[..., ShopAtHand]
) -> None:
    answer = facturelay("token", "add", make_shop().shop_id, "--name", "x", "--scope", "files:read")
    secret = answer.out.splitlines()[0]
    assert "not shown again. It may: files:read." in answer.out
    assert f"curl -H 'Authorization: Bearer {secret}' http://127.0.0.1:8080/api/v1/shop" in answer.out


def test_what_cannot_be_is_refused_with_a_message(facturelay: Facturelay, make_shop: Callable[..., ShopAtHand]) -> None:
    shop_id = make_shop().shop_id
    assert facturelay("token", "list", shop_id).out.startswith("There are no tokens yet")
    assert facturelay("token", "add", "nobody", "--name", "x").err.startswith("There is no shop nobody")
    assert facturelay("token", "add", shop_id, "--name", " ").err.startswith("Give the token a name")
    assert facturelay("token", "add", shop_id, "--name", "x", "--scope", "all").code == 2
    assert facturelay("token", "revoke", shop_id, "7").err == (
        "This shop has no token 7 that is still valid. [token_unknown]\n"
    )
