"""Products and variations in the shape of WooCommerce's REST API v3, as much of them as anybody asks for."""

from collections.abc import Sequence

from worker.demo.orders import Payload


def a_product(
    product_id: int,
    name: str = "Koffiemok blauw",
    *,
    virtual: bool = False,
    downloadable: bool = False,
    categories: Sequence[str] = ("Koffie",),
    variations: Sequence[int] = (),
) -> Payload:
    """A product; with *variations*, ids, it is a variable one."""
    return {
        "id": product_id,
        "name": name,
        "type": "variable" if variations else "simple",
        "status": "publish",
        "sku": "",
        "virtual": virtual,
        "downloadable": downloadable,
        "tax_status": "taxable",
        "tax_class": "",
        "parent_id": 0,
        "categories": [{"id": n, "name": one, "slug": one.lower()} for n, one in enumerate(categories, 15)],
        "variations": list(variations),
    }


def a_variation(variation_id: int, product_id: int, *, virtual: bool = False, downloadable: bool = False) -> Payload:
    """A variation of *product_id*: it says for itself whether it is sent, and nothing of categories."""
    return {
        "id": variation_id,
        "type": "variation",
        "status": "publish",
        "sku": "",
        "virtual": virtual,
        "downloadable": downloadable,
        "tax_status": "taxable",
        "tax_class": "",
        "parent_id": product_id,
    }
