"""Pictures of our PDFs: what they show, what they may cost, and that who may not see the PDF sees no picture."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from werkzeug.test import TestResponse

from bridge import page_picture
from bridge.page_picture import SIZES, NotDrawn, Pictures, Size, draw
from tests.support import busy_shop
from tests.support.bridge_app import KEY, PDF, SHOP, BridgeApp
from tests.support.personas import SITE, Visitor, signed_in
from worker.domain.document import Document
from worker.net import document_link
from worker.store import document_links
from worker.store.files import temporary
from worker.store.files.archive import Archive
from worker.store.users import Role

A4 = (595.28, 841.89)
PAGE = Size(100, 1)


def a_pdf(*, pages: int = 1, size: tuple[float, float] = A4) -> bytes:
    """White pages with a blue square in the middle."""
    content = io.BytesIO()
    canvas = Canvas(content, pagesize=size, invariant=True)
    for _ in range(pages):
        canvas.setFillColorRGB(0, 0, 1)
        canvas.rect(size[0] / 4, size[1] / 4, size[0] / 2, size[1] / 2, stroke=0, fill=1)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def test_a_picture_shows_the_page_as_it_is_printed() -> None:
    shown = opened(draw(a_pdf(), SIZES["page"]))

    assert shown.size == (1000, 1415)
    assert [shown.getpixel(place) for place in ((20, 20), (500, 700))] == [(255, 255, 255), (0, 0, 255)]


@pytest.mark.parametrize(("pages", "shown"), [(1, 1), (2, 2), (3, 3), (4, 3)])
def test_the_first_three_pages_stand_below_each_other(pages: int, shown: int) -> None:
    assert opened(draw(a_pdf(pages=pages), Size(100, 3))).size == (100, 142 * shown + 12 * (shown - 1))


@pytest.mark.parametrize("size", [(10.0, 14_000.0), (14_000.0, 10.0), (14_000.0, 14_000.0)])
def test_no_page_is_drawn_larger_than_its_picture_may_be(size: tuple[float, float]) -> None:
    wide, high = opened(draw(a_pdf(size=size), SIZES["page"])).size

    assert (wide <= 1_000, high <= page_picture.TALLEST) == (True, True)


@pytest.mark.parametrize("content", [b"", PDF, b"%PDF-1.7\n%%EOF", b"\x89PNG"])
def test_what_is_no_pdf_is_not_drawn(content: bytes) -> None:
    with pytest.raises(NotDrawn):
        draw(content, PAGE)


def test_who_ask_at_the_same_moment_have_it_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, pictures, content = list[Size](), Pictures(), a_pdf()

    def noted(pdf: bytes, size: Size) -> bytes:
        drawn.append(size)
        return draw(pdf, size)

    monkeypatch.setattr(page_picture, "draw", noted)
    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(lambda _: pictures.of("one", PAGE, lambda: content), range(24)))

    assert (len(answers), drawn) == (1, [PAGE])


def test_the_pictures_that_were_asked_for_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_picture, "draw", lambda pdf, _size: pdf)
    read, pictures = list[str](), Pictures()

    def ask(name: str) -> bytes:
        def from_archive() -> bytes:
            read.append(name)
            return name.encode()

        return pictures.of(name, PAGE, from_archive)

    for number in range(page_picture.MOST_REMEMBERED):
        ask(str(number))
    for name in ("0", "more", "0", "1"):
        assert ask(name) == name.encode()

    assert read[page_picture.MOST_REMEMBERED :] == ["more", "1"]


def test_starting_loads_no_library_that_draws() -> None:
    told = "import sys, bridge, worker.cli; print(sorted(name for name in sys.modules if 'pdfium' in name))"

    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "[]\n"


def of_link(app: BridgeApp, token: str) -> list[TestResponse]:
    return [app.client.get(f"/d/{token}/{name}") for name in ("pdf", "page.webp")]


def token_of(document: Document) -> str:
    return document_link.sign((KEY,), document.document_id, now=BridgeApp.now)


def test_who_holds_a_link_sees_the_picture_as_long_as_the_pdf(app: BridgeApp) -> None:
    document = app.issue(stored=a_pdf())
    token = token_of(document)
    page, (pdf, picture) = app.client.get(f"/d/{token}"), of_link(app, token)

    assert f'src="/d/{token}/page.webp"' in page.text
    assert "img-src 'self' data:;" in page.headers["Content-Security-Policy"]
    assert (picture.status_code, picture.content_type, opened(picture.data).width) == (200, "image/webp", 1000)
    assert picture.headers["Cache-Control"] == pdf.headers["Cache-Control"] == "private, no-store"

    with app.store.write() as connection:
        document_links.revoke(connection, document.document_id, now=app.now)
    assert [answer.status_code for answer in of_link(app, token)] == [403, 403]
    app.now += timedelta(days=400)
    assert {answer.status_code for answer in of_link(app, token)} <= {403, 410}
    assert [answer.status_code for answer in of_link(app, f"{token}x")] == [404, 404]


def test_a_page_whose_pdf_is_still_to_come_shows_no_picture(app: BridgeApp) -> None:
    token = token_of(app.issue(stored=None))

    assert "page.webp" not in app.client.get(f"/d/{token}").text
    assert [answer.status_code for answer in of_link(app, token)] == [404, 404]


def test_only_members_of_the_shop_see_a_picture_as_only_they_see_the_pdf(app: BridgeApp) -> None:
    app.issue(stored=a_pdf())
    app.add_shop("another")
    member = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    others = signed_in(app, "other@shop.example", roles={"another": Role.ADMIN})

    def statuses(visitor: Visitor, shop: str = SHOP) -> list[int]:
        paths = [f"/s/{shop}/documents/1/{end}" for end in ("pdf", "pages.webp", "small.webp")]
        return [visitor.client.get(path, base_url=SITE).status_code for path in paths]

    assert statuses(member) == [200, 200, 200]
    assert statuses(Visitor(app)) == [303, 303, 303]
    assert statuses(others) == [404, 404, 404]
    assert statuses(others, "another") == [404, 404, 404]


def test_a_list_shows_page_one_of_what_is_printed_and_asks_for_nothing_else(app: BridgeApp) -> None:
    made = busy_shop.fill(app, orders_=2, failed=0, drafts_=0)
    member = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    shown = (
        f'<img src="/s/{SHOP}/documents/{made[1].document_id}/small.webp" width="32" height="45" alt="" loading="lazy">'
    )

    for path in (f"/s/{SHOP}/documents", f"/search?q={made[1].draft.order_number}"):
        assert member.get(path).text.count(shown) == 1, path
    assert f"documents/{made[0].document_id}/small.webp" not in member.get(f"/s/{SHOP}/documents").text


def test_whatever_pages_a_house_looks_at_a_thousand_small_pictures_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_picture, "draw", lambda pdf, _size: pdf)
    read, pictures = list[str](), Pictures()

    def ask(name: str, size: Size) -> None:
        def from_archive() -> bytes:
            read.append(name)
            return b""

        pictures.of(name, size, from_archive)

    for number in range(1_000):
        ask(f"small {number}", SIZES["small"])
        ask(f"page {number}", SIZES["page"])
    ask("small 0", SIZES["small"])

    assert read.count("small 0") == 1


@pytest.mark.parametrize(("kind", "status"), [("preview", 200), ("save_attachment", 404)])
def test_of_tasks_only_previews_are_drawn(app: BridgeApp, kind: str, status: int) -> None:
    file = temporary.put(Archive(app.settings.archive), SHOP, "x.pdf", a_pdf(), until=app.now)
    task_id = app.finished_task(kind, {"file": file.as_json})
    member = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})

    assert member.client.get(f"/s/{SHOP}/tasks/{task_id}/pages.webp", base_url=SITE).status_code == status
