"""Take the pictures of README and docs anew, from the demo: `make pictures`. Needs Chromium and pdftoppm, like the tests.

Those of the guides are taken in each of its languages: `order.png` is English, `order.nl.png` Dutch.
"""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import fontpkg
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from worker.demo import show, stories
from worker.demo.http_server import serve
from worker.demo.pages import Progress
from worker.demo.stage import open_stage
from worker.demo.stories import PlayedShop
from worker.store.queries import order_history

OUT = Path(__file__).parent
LARGEST = 150 * 1024
WIDE, PHONE = ViewportSize(width=1100, height=760), ViewportSize(width=390, height=780)
# The dashboard's own pages, of the Dutch shop (0) or the French one, where an invoice is open, and up to which height they are worth seeing.
DASHBOARD = {
    "overview": (0, "", 860),
    "order": (0, "/orders/1001", 900),
    "rules": (0, "/settings/rules", 900),
    "open": (1, "/payments", 600),
}
# What the browser asks for, and what stands in a file's name.
LANGUAGES = {"en-GB": "", "nl-BE": ".nl", "fr-BE": ".fr", "de-BE": ".de"}
COLOURS = 128
PANEL = (560, 520)
PAPER, INK, SOFT, RULE = "#ffffff", "#1b2726", "#566664", "#dbe3e2"


def main() -> None:
    with open_stage(workers=1, name=show.RECORDED) as stage, stories.open_stories(stage) as shops:
        for shop in shops:
            for wrong in stories.tell(stories.play(shop), print):
                sys.exit(f"The demo went wrong, so there are no pictures: {wrong}")
        told = show.Show(stage, shops, Progress(), show.Result(), print)
        with serve(show.pages_of(told)) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            taken = {locale: dashboard_in(browser, locale, shops, f"{site.url}/dashboard") for locale in LANGUAGES}
            page = browser.new_page(viewport=WIDE, locale="en-GB", color_scheme="light")
            take(page, shops, site.url, taken["en-GB"])
            browser.close()


def dashboard_in(browser: Browser, locale: str, shops: tuple[PlayedShop, ...], door: str) -> Image.Image:
    """Store the dashboard's pictures in the language of *locale*; gives back the overview. *door* leads in, signed in."""
    page = browser.new_page(viewport=WIDE, locale=locale, color_scheme="light")
    page.goto(door)
    taken = {}
    for name, (whose, path, height) in DASHBOARD.items():
        stage = shops[whose].stage
        page.goto(f"{stage.services.settings.public_url}/s/{stage.shop_id}{path}")
        taken[name] = picture_of(page, height)
        store(f"{name}{LANGUAGES[locale]}.png", taken[name])
    page.close()
    return taken["overview"]


def take(page: Page, shops: tuple[PlayedShop, ...], site: str, overview: Image.Image) -> None:
    """What shops and customers see, in the language of the customer."""
    dutch, french = shops
    page.goto(f"{site}/koffiepot/orders/1001")
    order = picture_of(page, 830, below=90)
    invoice = page_of_pdf(dutch, 1001, "invoice")
    store("invoice.png", invoice)
    store("invoice.fr.png", page_of_pdf(french, 1001, "invoice"))
    story = [("An order in the shop", order), ("becomes its documents", invoice), ("and you see how it goes", overview)]
    store("story.png", side_by_side(story))
    page.set_viewport_size(PHONE)
    for name, shop, kind in (("link.png", french, "invoice"), ("link.nl.png", dutch, "payment_request")):
        page.goto(link_of(shop, 1002, kind))
        store(name, picture_of(page, 900))


def picture_of(page: Page, height: int, *, below: int = 0) -> Image.Image:
    """The page down to *height*, without what stands above *below*."""
    page.evaluate("() => document.querySelectorAll('img').forEach(one => { one.loading = 'eager'; })")
    page.wait_for_function("() => [...document.images].every(one => one.complete)")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    return picture.crop((0, below, picture.width, min(height, picture.height))).convert("RGB")


def found_document(shop: PlayedShop, order_id: int, kind: str) -> order_history.DocumentDetails:
    with shop.stage.services.store.read() as connection:
        made = order_history.listing(connection, shop_id=shop.stage.shop_id, order_id=order_id)
    return next(item for item in made if item.draft.kind == kind)


def page_of_pdf(shop: PlayedShop, order_id: int, kind: str) -> Image.Image:
    stored = found_document(shop, order_id, kind).file("pdf")
    if stored is None:
        sys.exit("The invoice has no PDF.")
    content = shop.stage.services.archive.get(stored.path, sha256=stored.sha256)
    drawn = subprocess.run(
        ["pdftoppm", "-r", "80", "-png", "-singlefile", "-"], input=content, capture_output=True, check=True
    )
    return Image.open(io.BytesIO(drawn.stdout)).convert("RGB")


def link_of(shop: PlayedShop, order_id: int, kind: str) -> str:
    document = found_document(shop, order_id, kind).document
    if document is None:
        sys.exit("The document was not issued.")
    return shop.stage.services.link_of(document) or ""


def side_by_side(panels: list[tuple[str, Image.Image]]) -> Image.Image:
    """Each picture under its words, and an arrow between."""
    width, height = PANEL
    gap, head = 56, 44
    whole = Image.new("RGB", (len(panels) * width + (len(panels) - 1) * gap, height + head), PAPER)
    pen = ImageDraw.Draw(whole)
    font = ImageFont.truetype(str(fontpkg.path("Fira Sans", 400)), 24)
    for n, (words, picture) in enumerate(panels):
        left = n * (width + gap)
        pen.text((left, 2), words, fill=INK, font=font)
        scale = width / picture.width
        small = picture.resize((width, round(picture.height * scale)), Image.Resampling.LANCZOS)
        whole.paste(small.crop((0, 0, width, min(height, small.height))), (left, head))
        pen.rectangle((left, head, left + width - 1, head + height - 1), outline=RULE)
        if n:
            y, x = head + height // 2, left - gap + 12
            pen.line((x, y, x + 24, y), fill=SOFT, width=3)
            pen.polygon(((x + 22, y - 9), (x + 34, y), (x + 22, y + 9)), fill=SOFT)
    return whole


def store(name: str, picture: Image.Image) -> None:
    """As PNG of a few colours, small enough for a page that loads at once."""
    path = OUT / name
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        sys.exit(f"{name} is larger than {LARGEST // 1024} KB.")
    print(f"{path.stat().st_size // 1024:4} KB  {path.name}")


if __name__ == "__main__":
    main()
