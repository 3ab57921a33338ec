"""The same done with many by a program, and who is notified: as the pages do it, with an answer for each."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support import busy_shop
from tests.support.api_client import ApiClient, a_token
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.job_counts import job_counts
from worker.jobs.task import do_task
from worker.services import Services
from worker.store import documents, drafts
from worker.store.jobs import JobKind


@pytest.fixture
def api(app: BridgeApp) -> ApiClient:
    busy_shop.fill(app, orders_=3, failed=2, drafts_=3)
    return ApiClient(app, a_token(app))


def done(api: ApiClient, path: str, **body: Any) -> Any:
    """What became of it, once the worker did it."""
    answer = api.ask("POST", path, json=body)
    assert answer.status_code == 202, answer.text
    task_id = (answer.json or {})["task_id"]
    do_task(Services(api.app.settings, now=lambda: api.app.now), task_id)
    return api.told(answer.headers["Location"].rpartition("/api/v1")[2])


def outcomes(told: Any) -> list[tuple[int, str, str]]:
    return [(item["id"], item["outcome"], item["code"]) for item in told["items"]]


def test_each_of_many_drafts_is_answered_for(api: ApiClient) -> None:
    with api.app.store.read() as connection:
        first, second, third = drafts.open_ids(connection, SHOP)
    told = done(api, "/bulk", what="discard", ids=[second, 9999, first, second])
    assert outcomes(told) == [(second, "done", ""), (9999, "refused", "draft_unknown"), (first, "done", "")]
    assert (told["state"], told["of"], told["done"], told["changed"]) == ("done", 3, 3, 2)
    assert told["items"][1]["message"]
    with api.app.store.read() as connection:
        assert drafts.open_ids(connection, SHOP) == [third]


def test_failed_jobs_are_listed_dismissed_with_a_reason_and_then_gone(api: ApiClient) -> None:
    listed = api.all("/failed-jobs?limit=2", "jobs")
    assert [(one["work"], one["code"]) for one in listed].count(("mail", "mail_refused")) == 2
    ids = [one["job_id"] for one in listed]
    assert api.ask("POST", "/bulk", json={"what": "dismiss", "ids": ids}).status_code == 422
    told = done(api, "/bulk", what="dismiss", ids=ids, why="told by phone")
    assert {item["outcome"] for item in told["items"]} == {"done"}
    assert api.told("/failed-jobs") == {"jobs": [], "next": None}


def test_documents_are_mailed_again_and_put_into_a_zip_that_can_be_fetched(api: ApiClient) -> None:
    with api.app.store.read() as connection:
        ids = [one.document_id for one in documents.listing(connection, shop_id=SHOP, order_id=None)[0]]
    assert {outcome for _, outcome, _ in outcomes(done(api, "/bulk", what="mail", ids=ids))} == {"done"}
    with api.app.store.read() as connection:
        assert job_counts(connection, JobKind.STEP).get("failed", 0) == 0
    told = done(api, "/documents/zip", documents=ids)
    assert (told["what"], told["changed"], told["has_file"]) == ("zip_documents", 3, True)
    answer = api.get(f"/tasks/{told['task_id']}/file")
    assert (answer.mimetype, answer.data[:2]) == ("application/zip", b"PK")
    assert api.ask("POST", "/documents/zip", json={"documents": [9999]}).status_code == 422
    api.app.now += timedelta(days=4)
    gone = api.get(f"/tasks/{told['task_id']}/file"), api.told(f"/tasks/{told['task_id']}")["has_file"]
    assert (gone[0].status_code, gone[1]) == (404, False)


def test_many_orders_are_fetched_and_tried_again_and_of_a_document_its_kind_is_asked(api: ApiClient) -> None:
    assert outcomes(done(api, "/bulk", what="retry_order", ids=[1001, 1003, 4711])) == [
        (1001, "done", ""),
        (1003, "done", ""),
        (4711, "refused", "nothing_to_retry"),
    ]
    assert outcomes(done(api, "/bulk", what="fetch", ids=[1001])) == [(1001, "done", "")]
    for body in ({}, {"kind": "credit_note"}, {"kind": "invoice", "rest_paid": "no"}):
        assert api.ask("POST", "/bulk", json={"what": "make", "ids": [1001], **body}).status_code == 422


def test_what_another_shop_asked_for_is_not_told(api: ApiClient) -> None:
    task_id = (api.ask("POST", "/bulk", json={"what": "mail", "ids": [1]}).json or {})["task_id"]
    other = "0ther0ther0ther0ther0the"
    api.app.add_shop(other)
    assert ApiClient(api.app, a_token(api.app, shop=other)).get(f"/tasks/{task_id}").status_code == 404


def test_a_channel_is_added_tried_and_removed_and_its_secret_never_told_again(api: ApiClient) -> None:
    url = "https://hooks.books.example/T0/secret-path"
    made = api.ask("POST", "/channels", json={"kind": "webhook", "url": url, "from": "customer_has_nothing"})
    assert (made.status_code, (made.json or {})["secret"][:3]) == (201, "fn_")
    listed = api.get("/channels")
    (one,) = (listed.json or {})["channels"]
    assert (one["host"], one["from"], one["for"]) == ("hooks.books.example", "customer_has_nothing", None)
    assert ("secret-path" in listed.text, (made.json or {})["secret"] in listed.text) == (False, False)
    tried = done(api, f"/channels/{one['channel_id']}/test")
    assert (tried["state"], bool(tried["message"])) == ("failed", True)  # nobody is at that address
    assert api.ask("DELETE", f"/channels/{one['channel_id']}").status_code == 204
    assert (api.told("/channels"), api.ask("DELETE", "/channels/1").status_code) == ({"channels": []}, 404)


@pytest.mark.parametrize(
    "body", [{"kind": "fax", "url": "https://a.example"}, {"kind": "ntfy", "url": "ftp://a.example"}]
)
def test_a_channel_that_cannot_be_is_refused(api: ApiClient, body: dict[str, str]) -> None:
    assert api.ask("POST", "/channels", json=body).status_code == 422
