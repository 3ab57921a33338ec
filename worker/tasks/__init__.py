"""What a page needs and only the worker can do: a row (`store.tasks.request`), a job (`queue.RUN_TASK`), an answer on the row.

Each task is a function of its row; its docstring says what the argument may hold and what the answer does. Both are JSON:
days as `2026-11-27`, instants in ISO 8601, amounts as strings, files as `store.files.temporary.TemporaryFile.as_json`. A task
that fails has `{"code", "message"}` as its answer. One that takes long stores its progress in its answer while it waits
or runs: `{"done", "of"}`. Each may be run twice, when a worker dies in the middle, with the same result.

What only changes rows is no task but an action: `worker.actions` does that at once.
"""

from collections.abc import Callable, Mapping
from typing import Any

from worker.services import Services
from worker.store.tasks import Task
from worker.tasks import (
    bank_file,
    branding,
    bulk_orders,
    channels,
    checks,
    connection,
    documents,
    dry_runs,
    emails,
    exports,
    many,
    mollie,
    order_screen,
    peppol,
    previews,
    seen_fields,
)

TASKS: dict[str, Callable[[Services, Task], Mapping[str, Any]]] = {
    "backfill": bulk_orders.backfill,
    "read_bank_file": bank_file.read_bank_file,
    "check_connection": connection.check_connection,
    "credit": documents.credit,
    "dry_run_rules": dry_runs.dry_run_rules,
    "do_many": many.do_many,
    "erase_customer": exports.erase_customer,
    "export_shop": exports.export_shop,
    "follow_payment": mollie.follow_payment,
    "issue_draft": documents.issue_draft,
    "save_attachment": branding.save_attachment,
    "save_logo": branding.save_logo,
    "check_mollie": mollie.check_mollie,
    "check_peppol": peppol.check_peppol,
    "close_shop": exports.close_shop,
    "look_at_address": connection.look_at_address,
    "make_document": documents.make_document,
    "open_orders": dry_runs.open_orders,
    "order_list_send": order_screen.send_all,
    "order_screen_issue": order_screen.issue,
    "order_screen_retry": order_screen.retry,
    "order_screen_send": order_screen.send,
    "preview": previews.preview,
    "preview_mail": previews.preview_mail,
    "reconcile": checks.reconcile,
    "renew_link": emails.renew_link,
    "repair_webhooks": connection.repair_webhooks,
    "set_up_connection": connection.set_up_connection,
    "retry_failed": bulk_orders.retry_failed,
    "send_again": emails.send_again,
    "test_mail": emails.send_test_email,
    "try_channel": channels.try_channel,
    "verify": checks.verify,
    "zip_documents": exports.zip_documents,
    "zip_period": exports.zip_period,
    "seen_fields": seen_fields.seen_fields,
}
