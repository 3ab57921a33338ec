"""A copy of the shop has another address; the shop itself has one, however it is written."""

import pytest

from worker.domain.shop_site import is_another_site

SHOP, IN_A_FOLDER = "https://winkel.be", "https://net.be/shop1"


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("", SHOP),
        (" ", SHOP),
        ("winkel", SHOP),
        ("https://[", SHOP),
        ("https://winkel.be:x/", SHOP),
        ("https://winkel.be/", SHOP),
        ("http://winkel.be", SHOP),
        ("https://www.winkel.be/", SHOP),
        ("https://WINKEL.be.:443/index.php/?lang=fr", SHOP),
        ("https://winkel.be/fr/", SHOP),
        ("https://winkel.be/nl-be/", SHOP),
        ("https://winkel.be/zh-hans/", SHOP),
        ("https://fr.winkel.be/", SHOP),
        ("https://winkel.be/", "https://winkel.be/nl"),
        ("https://café.be/", "https://xn--caf-dma.be"),
        ("https://net.be/Shop1/", IN_A_FOLDER),
        ("https://net.be/shop1/de/", IN_A_FOLDER),
        ("https://nl.be/", "https://www.nl.be"),
    ],
)
def test_one_site_is_written_in_many_ways(named: str, url: str) -> None:
    assert not is_another_site(named, url)
    assert not is_another_site(url, named)


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("https://staging.winkel.be/", SHOP),
        ("https://nl-test.winkel.be/", SHOP),
        ("https://winkel.be/staging/", SHOP),
        ("https://winkel.be:8443/", SHOP),
        ("https://winkel.nl/", SHOP),
        ("http://localhost:8080/", SHOP),
        ("https://winkel-be.hosting.example/", SHOP),
        ("https://net.be/shop2/", IN_A_FOLDER),
        ("https://net.be/", IN_A_FOLDER),
        ("https://fr.be/", "https://nl.be"),
    ],
)
def test_a_copy_is_another_site(named: str, url: str) -> None:
    assert is_another_site(named, url)
    assert is_another_site(url, named)
