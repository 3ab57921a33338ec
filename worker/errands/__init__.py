"""What a page asks for and only the worker can do: a row (`store.errands.ask`), a ring (`queue.RUN_ERRAND`), an answer on the row.

Each errand is a function of its row; its docstring says what the argument may hold and what the answer does. Both are JSON:
days as `2026-11-27`, instants in ISO 8601, amounts as strings, files as `store.fleeting.FleetingFile.as_json`. An errand
that fails has `{"code", "sentence"}` as its answer. One that takes long keeps how far it is in its answer while it waits
or runs: `{"done", "of"}`. Each may be done twice, when a worker dies in the middle, and leads to the same.

What only changes rows is no errand: `store.deciding` and `store.settling` do that at once.
"""

from collections.abc import Callable, Mapping
from typing import Any

from worker.errands import (
    books,
    connecting,
    documents,
    dressing,
    forecasts,
    mailing,
    order_screen,
    orders,
    previews,
    proofs,
)
from worker.services import Services
from worker.store.errands import Errand

ERRANDS: dict[str, Callable[[Services, Errand], Mapping[str, Any]]] = {
    "backfill": orders.backfill,
    "check_connection": connecting.check_connection,
    "credit": documents.credit,
    "dry_run_rules": forecasts.dry_run_rules,
    "erase_shopper": books.erase_shopper,
    "export_shop": books.export_shop,
    "issue_draft": documents.issue_draft,
    "keep_enclosed": dressing.keep_enclosed,
    "keep_logo": dressing.keep_logo,
    "leave": books.leave,
    "make_document": documents.make_document,
    "open_orders": forecasts.open_orders,
    "order_screen_issue": order_screen.issue,
    "order_screen_retry": order_screen.retry,
    "order_screen_send": order_screen.send,
    "preview": previews.preview,
    "preview_mail": previews.preview_mail,
    "reconcile": proofs.reconcile,
    "renew_link": mailing.renew_link,
    "repair_webhooks": connecting.repair_webhooks,
    "retry_failed": orders.retry_failed,
    "send_again": mailing.send_again,
    "test_mail": mailing.try_mail,
    "verify": proofs.verify,
    "zip_period": books.zip_period,
}
