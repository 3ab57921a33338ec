"""Examples for the OpenAPI file. A test holds each against its schema."""

from worker.json_type import Json

SHOP = "5f0c8a1be2d94c7fa6b3d210"
DOCUMENT: Json = {
    "shop": SHOP,
    "document_id": 17,
    "draft_id": None,
    "order_id": 238,
    "order_number": "238",
    "kind": "invoice",
    "number": "F2026-00017",
    "status": "issued",
    "cause": "order:238:invoice:1",
    "created_at": None,
    "issued_on": "2026-11-23",
    "issued_at": "2026-11-23T09:30:00+00:00",
    "buyer": "Jan Peeters",
    "currency": "EUR",
    "net": "18.35",
    "vat": "3.85",
    "rounding": "0.00",
    "total": "22.20",
    "vat_lines": [{"rate": "21.00", "category": "S", "base": "18.35", "vat": "3.85", "vat_country": "BE"}],
    "language": "nl",
    "second_language": None,
    "corrects": None,
    "deposit_invoices": [],
    "test": False,
    "paid": True,
    "paid_on": "2026-11-23",
    "open": "0.00",
    "payments": [
        {
            "amount": "22.20",
            "paid_on": "2026-11-23",
            "source": "mollie",
            "method": "mollie",
            "reference": "",
            "transaction": "tr_7UhSN1zuXS",
        }
    ],
    "mailed_at": "2026-11-23T09:30:02+00:00",
    "noted_at": "2026-11-23T09:30:03+00:00",
    "pdf_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "xml_sha256": None,
    "peppol": None,
    "problems": [],
    "link": None,
}
REMINDERS: Json = {
    "document_id": 17,
    "kind": "invoice",
    "number": "F2026-00017",
    "order_id": 238,
    "order_number": "238",
    "buyer": "Jan Peeters",
    "due_on": "2026-11-13",
    "currency": "EUR",
    "open": "22.20",
    "next": {"kind": "reminder_formal", "on": "2026-11-27"},
    "held_back": None,
    "stopped": False,
    "last_day": None,
    "sent": [],
}
WEBHOOK_ENDPOINT: Json = {
    "endpoint_id": 3,
    "shop": SHOP,
    "url": "https://books.example.com/facturelay",
    "events": ["document.issued", "document.paid"],
    "active": True,
    "created_at": "2026-11-23T09:00:00+00:00",
    "created_by": "API (bookkeeping)",
    "stopped_at": None,
    "stop_message": "",
}
WEBHOOK_PAYLOAD: Json = {
    "id": 41,
    "event": "document.issued",
    "occurred_at": "2026-11-23T09:30:00+00:00",
    "shop": SHOP,
    "document": DOCUMENT,
    "credit_note": None,
}
TASK: Json = {
    "task_id": 52,
    "what": "issue",
    "state": "done",
    "of": 2,
    "done": 2,
    "changed": 1,
    "code": "",
    "message": "",
    "items": [
        {"id": 240, "outcome": "done", "code": "", "message": ""},
        {
            "id": 241,
            "outcome": "refused",
            "code": "draft_unknown",
            "message": "There is no draft with id 241 any more.",
        },
    ],
    "has_file": False,
}
CHANNEL: Json = {
    "channel_id": 3,
    "kind": "webhook",
    "host": "books.example.com",
    "for": None,
    "from": "decision",
    "owed": 0,
    "failures": 0,
    "failing_since": None,
    "message": "",
    "told_at": "2026-11-23T09:30:00+00:00",
}
EXAMPLES: dict[str, Json] = {
    "do_many": {
        **TASK,
        "state": "waiting",
        "done": 0,
        "changed": 0,
        "items": [{"id": one, "outcome": "waiting", "code": "", "message": ""} for one in (240, 241)],
    },
    "do_many:body": {"what": "issue", "ids": [240, 241], "send": True},
    "get_task": TASK,
    "zip_documents:body": {"documents": [17, 18]},
    "list_failed_jobs": {
        "jobs": [
            {
                "job_id": 77,
                "work": "mail",
                "order_id": 238,
                "document_id": 17,
                "number": "F2026-00017",
                "since": "2026-11-23T09:30:00+00:00",
                "attempts": 1,
                "code": "mail_refused",
                "message": "The mail server refused jan@example.com: 550 mailbox unavailable",
            }
        ],
        "next": None,
    },
    "list_channels": {"channels": [CHANNEL]},
    "add_channel": {**CHANNEL, "told_at": None, "secret": "fn_9f86d081884c7d659a2feaa0c55ad015"},
    "add_channel:body": {"kind": "webhook", "url": "https://books.example.com/facturelay", "from": "decision"},
    "list_documents": {
        "documents": [DOCUMENT],
        "next": "https://documents.example.com/api/v1/documents?limit=1&after=17",
    },
    "get_shop": {
        "shop": SHOP,
        "name": "Bakkerij Janssens",
        "url": "https://shop.example.com",
        "test": False,
        "suspended": False,
        "language": "nl",
        "zone": "Europe/Brussels",
        "rested": [],
        "needs": {
            "count": 36,
            "kept_drafts": 200,
            "reasons": [
                {
                    "reason": "mail_refused",
                    "harm": "customer_has_nothing",
                    "count": 36,
                    "since": "2026-11-23T09:30:00+00:00",
                    "message": "Mails that the customer's mail server refused: these customers did not get their document.",
                }
            ],
        },
        "roads": [
            {"road": "mail", "state": "late", "since": "2026-11-23T09:30:00+00:00", "message": "Mails wait to leave."}
        ],
        "next_numbers": {
            "order_confirmation": "B2026-00009",
            "payment_request": "P2026-00004",
            "delivery_note": "L2026-00012",
            "invoice": "F2026-00018",
            "credit_note": "C2026-00003",
        },
        "token": {"name": "bookkeeping", "scopes": ["documents:read", "files:read"]},
    },
    "mark_documents_paid": {
        "documents": [
            {"document_id": 17, "marked": True, "code": "", "message": ""},
            {"document_id": 18, "marked": False, "code": "paid_before", "message": "F2026-00018 was paid already."},
        ]
    },
    "mark_documents_paid:body": {"documents": [17, 18], "paid_on": "2026-11-23"},
    "mark_documents_not_paid": {"documents": [{"document_id": 17, "marked": True, "code": "", "message": ""}]},
    "mark_documents_not_paid:body": {"documents": [17]},
    "skip_reminder:body": {"kind": "reminder_friendly"},
    "skip_reminder": REMINDERS,
    "add_webhook_endpoint": {**WEBHOOK_ENDPOINT, "secret": "fh_3b1f…"},
    "add_webhook_endpoint:body": {"url": WEBHOOK_ENDPOINT["url"], "events": WEBHOOK_ENDPOINT["events"]},
    "get_webhook_endpoint": WEBHOOK_ENDPOINT,
    "change_webhook_endpoint": {**WEBHOOK_ENDPOINT, "events": ["document.issued"]},
    "change_webhook_endpoint:body": {"events": ["document.issued"], "active": True},
}
