"""All routes of the API: this table is what the router, the checks before a view and the OpenAPI file are made from."""

from dataclasses import replace

from bridge.api import fields
from bridge.api.bulk import do_many, get_task, get_task_file, list_failed_jobs, zip_documents
from bridge.api.channels import add_channel, get_channel_test, list_channels, remove_channel, try_channel
from bridge.api.documents import get_document, get_draft, get_pdf, get_xml, list_documents, list_drafts, list_register
from bridge.api.orders import get_order, get_trail, list_orders
from bridge.api.payments import mark_documents_not_paid, mark_documents_paid
from bridge.api.reminders import get_reminders, list_reminders, resume_reminders, skip_reminder, stop_reminders
from bridge.api.route import Route
from bridge.api.shop import get_shop
from bridge.api.webhooks import (
    add_webhook_endpoint,
    change_webhook_endpoint,
    get_webhook_endpoint,
    list_webhook_endpoints,
    list_webhook_events,
    remove_webhook_endpoint,
)
from worker.store.api_tokens import Scope

PAGED = (fields.AFTER, fields.LIMIT)
OPTIONAL_URL, OPTIONAL_EVENTS = replace(fields.URL, required=False), replace(fields.EVENTS, required=False)

ROUTES = (
    Route("GET", "/shop", get_shop, "The shop that the token is for", {200: "Shop"}, tag="shop"),
    Route("GET", "/documents", list_documents, "Issued documents, oldest first; by date where a date is asked for",
        {200: "DocumentPage"}, Scope.DOCUMENTS_READ, query=(
            *PAGED, fields.KIND, fields.NUMBER, fields.ORDER_ID, fields.ORDER_NUMBER, fields.ISSUED_FROM, fields.ISSUED_TO,
            fields.UPDATED_SINCE,
        ),
        description="To keep up, remember the last `document_id` and ask for what comes `after`; `updated_since` also finds "
        "documents that were paid, credited, mailed or noted since."),
    Route("GET", "/documents/<id:document_id>", get_document, "One document with its lines, VAT, parties and steps",
        {200: "WholeDocument", 404: "Refusal"}, Scope.DOCUMENTS_READ),
    Route("GET", "/documents/<id:document_id>/pdf", get_pdf, "The PDF as stored",
        {200: "application/pdf", 304: "", 404: "Refusal"}, Scope.FILES_READ,
        description="The bytes never change: `ETag` is their SHA-256. Just after issuing the file may still be in the making "
        "(404 with `file_being_made` and `Retry-After`)."),
    Route("GET", "/documents/<id:document_id>/xml", get_xml, "The e-invoice as stored",
        {200: "application/xml", 304: "", 404: "Refusal"}, Scope.FILES_READ),
    Route("POST", "/documents/paid", mark_documents_paid, "Mark invoices paid, many at once",
        {200: "MarkedPaid"}, Scope.PAYMENTS_WRITE, body=(fields.DOCUMENTS, fields.PAID_ON),
        description="All that is open of each counts as paid on that day. The answer says of each whether it was marked, and "
        "if not, why: `paid_before`, `not_an_invoice`, `test_document`, `document_unknown`. Asking twice marks "
        "nothing twice."),
    Route("POST", "/documents/not-paid", mark_documents_not_paid, "Take back that invoices were marked paid, many at once",
        {200: "MarkedPaid"}, Scope.PAYMENTS_WRITE, body=(fields.DOCUMENTS,),
        description="What people or other software marked paid counts no more; where nobody did, what the shop says came in "
        "(a chargeback of which it does not tell). What the bank or Mollie says stays. The answer says of each "
        "whether it was marked not paid, and if not, why: `not_marked_paid`, `document_unknown`."),
    Route("GET", "/drafts", list_drafts, "Drafts that wait for a person, oldest first",
        {200: "DraftPage"}, Scope.DOCUMENTS_READ, query=(*PAGED, fields.ORDER_ID)),
    Route("GET", "/drafts/<id:draft_id>", get_draft, "One draft that waits",
        {200: "Draft", 404: "Refusal"}, Scope.DOCUMENTS_READ),
    Route("GET", "/register", list_register, "Every number with what became of it, in the order of the register",
        {200: "RegisterPage"}, Scope.DOCUMENTS_READ, query=PAGED,
        description="Each row hashes the one before it; `head` is the end of the chain. Keep it elsewhere and it proves "
        "later that nothing was changed."),
    Route("GET", "/reminders", list_reminders, "Open invoices and unpaid orders with the reminder that comes next, by id",
        {200: "ReminderPage"}, Scope.DOCUMENTS_READ, query=PAGED,
        description="`held_back` says why none leaves now, also for what never gets one; `sent` what left, and what it asked "
        "besides."),
    Route("GET", "/reminders/<id:document_id>", get_reminders, "The reminders of one invoice or unpaid order",
        {200: "Reminders", 404: "Refusal"}, Scope.DOCUMENTS_READ),
    Route("POST", "/reminders/<id:document_id>/skip", skip_reminder, "Pass over one reminder",
        {200: "Reminders", 404: "Refusal"}, Scope.REMINDERS_WRITE, body=(fields.REMINDER_KIND,),
        description="What comes after it comes on its day. One that left is refused with `reminder_left`, one that is being "
        "mailed with `reminder_leaves`; asking twice passes over one."),
    Route("POST", "/reminders/<id:document_id>/stop", stop_reminders, "Remind nobody of this document any more",
        {200: "Reminders", 404: "Refusal"}, Scope.REMINDERS_WRITE,
        description="Its buyer disputes it, or you agreed on something. What is open stays open."),
    Route("POST", "/reminders/<id:document_id>/resume", resume_reminders, "Let its reminders go on",
        {200: "Reminders", 404: "Refusal"}, Scope.REMINDERS_WRITE),
    Route("GET", "/orders", list_orders, "Orders as last seen, by id",
        {200: "OrderPage"}, Scope.ORDERS_READ, query=(*PAGED, fields.ORDER_NUMBER, fields.STATUS, fields.UPDATED_SINCE), tag="orders"),
    Route("GET", "/orders/<id:order_id>", get_order, "One order, with why each rule made a document or none",
        {200: "WholeOrder", 404: "Refusal"}, Scope.ORDERS_READ, tag="orders"),
    Route("GET", "/orders/<id:order_id>/trail", get_trail, "An order's whole story",
        {200: "Trail", 404: "Refusal"}, Scope.ORDERS_READ, tag="orders",
        description="What came in, what was decided and why, what was made, mailed and written back."),
    Route("POST", "/bulk", do_many,
        "Issue or discard drafts, mail documents again, retry or dismiss failed jobs, fetch orders or make their documents: many at once",
        {202: "Task"}, Scope.DOCUMENTS_WRITE, body=(fields.WHAT, fields.IDS, fields.SEND, fields.MADE_KIND, fields.REST_PAID, fields.WHY), tag="bulk",
        description="As the ticks of the pages do it, one after the other; what cannot be done holds up no other. "
        "`GET /tasks/{task_id}` says of each what became of it, to a token with `documents:read`. Invoices are "
        "marked paid with `POST /documents/paid`."),
    Route("POST", "/documents/zip", zip_documents, "Have many documents put into one zip",
        {202: "Task"}, Scope.FILES_READ, body=(fields.DOCUMENTS,), tag="bulk",
        description="`GET /tasks/{task_id}` says how far it is, to a token with `documents:read`; once it is done, "
        "`GET /tasks/{task_id}/file` gives the zip, for three days. Before and after it is 404."),
    Route("GET", "/tasks/<id:task_id>", get_task, "How far it is, and what became of each",
        {200: "Task", 404: "Refusal"}, Scope.DOCUMENTS_READ, tag="bulk"),
    Route("GET", "/tasks/<id:task_id>/file", get_task_file, "The zip that was asked for",
        {200: "application/zip", 404: "Refusal"}, Scope.FILES_READ, tag="bulk"),
    Route("GET", "/failed-jobs", list_failed_jobs, "What failed and was neither done since nor dismissed, by id",
        {200: "FailedJobPage"}, Scope.DOCUMENTS_READ, query=PAGED, tag="bulk"),
    Route("GET", "/channels", list_channels, "Who is notified elsewhere than by mail",
        {200: "ChannelList"}, Scope.NOTIFICATIONS_WRITE, tag="notifications"),
    Route("POST", "/channels", add_channel, "Notify an address too",
        {201: "NewChannel"}, Scope.NOTIFICATIONS_WRITE, body=(fields.CHANNEL_KIND, fields.URL, fields.FROM_HARM), tag="notifications",
        description="The answer to a webhook holds the `secret` that its calls are signed with, this once."),
    Route("DELETE", "/channels/<id:channel_id>", remove_channel, "Notify an address no longer",
        {204: "", 404: "Refusal"}, Scope.NOTIFICATIONS_WRITE, tag="notifications"),
    Route("POST", "/channels/<id:channel_id>/test", try_channel, "Send a test there",
        {202: "Task", 404: "Refusal"}, Scope.NOTIFICATIONS_WRITE, tag="notifications",
        description="`GET /channels/tests/{task_id}` says whether it was taken."),
    Route("GET", "/channels/tests/<id:task_id>", get_channel_test, "What came of a test",
        {200: "Task", 404: "Refusal"}, Scope.NOTIFICATIONS_WRITE, tag="notifications"),
    Route("GET", "/webhook-endpoints", list_webhook_endpoints, "The shop's webhooks",
        {200: "WebhookEndpointList"}, Scope.WEBHOOKS_WRITE, tag="webhooks"),
    Route("POST", "/webhook-endpoints", add_webhook_endpoint, "Have an address told",
        {201: "NewWebhookEndpoint"}, Scope.WEBHOOKS_WRITE, body=(fields.URL, fields.EVENTS), tag="webhooks",
        description="The answer holds the `secret` that calls are signed with, this once."),
    Route("GET", "/webhook-endpoints/<id:endpoint_id>", get_webhook_endpoint, "One webhook",
        {200: "WebhookEndpoint", 404: "Refusal"}, Scope.WEBHOOKS_WRITE, tag="webhooks"),
    Route("PATCH", "/webhook-endpoints/<id:endpoint_id>", change_webhook_endpoint, "Change a webhook, stop it, or let it go on",
        {200: "WebhookEndpoint", 404: "Refusal"}, Scope.WEBHOOKS_WRITE, body=(OPTIONAL_URL, OPTIONAL_EVENTS, fields.ACTIVE), tag="webhooks"),
    Route("DELETE", "/webhook-endpoints/<id:endpoint_id>", remove_webhook_endpoint, "Remove a webhook",
        {204: "", 404: "Refusal"}, Scope.WEBHOOKS_WRITE, tag="webhooks"),
    Route("GET", "/webhook-endpoints/<id:endpoint_id>/events", list_webhook_events,
        "The last 100 calls of a webhook, newest first",
        {200: "WebhookEventList", 404: "Refusal"}, Scope.WEBHOOKS_WRITE, tag="webhooks"),
)  # fmt: skip
