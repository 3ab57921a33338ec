"""While another plugin of a live shop makes invoices too, its owner is told; switching those off ends it by itself."""

from worker.message import Message
from worker.services import Services
from worker.store import alerts, plugins
from worker.store.shops import ConnectedShop

CODE = "other_invoice_plugin"


def alert_other_invoices(services: Services, connected: ConnectedShop) -> None:
    """Open an alert for a live shop of which another plugin makes invoices, as its settings say; close it when none does any more."""
    shop, now = connected.shop, services.now()
    with services.store.write() as connection:
        others, _ = plugins.other_invoices(connection, shop.shop_id)
        maker = next((one for one in others.making if one.known), None)
        if maker is None or shop.test:
            alerts.close(connection, shop.shop_id, code=CODE, now=now)
        elif alerts.find(connection, shop.shop_id, CODE) is None:
            message = Message(
                "{shop}: {name} makes invoices of the same orders: your customers get two for one, and the VAT on both is owed. "
                "Switch them off in WordPress, under {where}.",
                shop=shop.name,
                name=maker.name,
                where=maker.where,
            )
            alerts.raise_alert(connection, shop.shop_id, code=CODE, message=message, now=now)
