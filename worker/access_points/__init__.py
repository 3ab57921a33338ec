"""Access points of Peppol: one module each, with all that is known of its API. Nothing here knows of shops, rows or steps.

To add one: a module with an `AccessPoint`, one line here, one in `worker.domain.access_point.PROVIDERS`, its shape in
`worker.demo.pretend_access_points`. The tests of `tests/access_points` run over all of them.
"""

from worker.access_points.access_point import AccessPoint, Account
from worker.access_points.e_invoice_be import EInvoiceBe
from worker.access_points.peppyrus import Peppyrus
from worker.access_points.recommand import Recommand

ACCESS_POINTS: dict[str, type[EInvoiceBe] | type[Peppyrus] | type[Recommand]] = {
    "e-invoice.be": EInvoiceBe,
    "peppyrus": Peppyrus,
    "recommand": Recommand,
}


def access_point(account: Account) -> AccessPoint:
    point: AccessPoint = ACCESS_POINTS[account.provider](account)
    return point
