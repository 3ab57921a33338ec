"""Draw icon and banner of the plugin's page in WordPress.org's directory, from our mark: `python docs/pictures/directory.py`.

Needs Chromium, like the other pictures. The sizes are the directory's own (developer.wordpress.org/plugins/wordpress-org/plugin-assets).
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).parents[2]
OUT = REPOSITORY / "wp-plugin" / "assets"
MARK = (REPOSITORY / "bridge" / "static" / "icon.svg").read_text(encoding="utf-8").strip()
ICONS, BANNERS = (128, 256), ((772, 250), (1544, 500))
WORDS = ("Facturelay", "Your orders become invoices.", "Numbered, mailed, and by Peppol.")

STYLE = """
*{margin:0;box-sizing:border-box} body{background:transparent;font-family:'DejaVu Sans',sans-serif}
.icon svg{display:block;width:100vw;height:100vh}
.banner{width:772px;height:250px;background:#0f766e;color:#fff;position:relative;overflow:hidden}
.banner svg.mark{position:absolute;left:48px;top:61px;width:128px;height:128px}
.banner h1{position:absolute;left:208px;top:66px;font-size:44px;font-weight:700;line-height:1}
.banner p{position:absolute;left:210px;font-size:19px;line-height:1;color:#d7efec}
.paper{position:absolute;right:-26px;top:38px;width:150px;height:250px;background:#fff;border-radius:6px;transform:rotate(8deg);padding:22px 18px}
.paper i{display:block;height:7px;border-radius:3px;background:#cfe3e1;margin-bottom:11px}
.paper i.dark{background:#0f766e;width:55%;height:11px}
"""


def main() -> None:
    OUT.mkdir(exist_ok=True)
    (OUT / "icon.svg").write_text(MARK + "\n", encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for size in ICONS:
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>{STYLE}</style><div class=icon>{MARK}</div>")
            store(page, f"icon-{size}x{size}.png")
        for width, height in BANNERS:
            page = browser.new_page(viewport={"width": 772, "height": 250}, device_scale_factor=width / 772)
            page.set_content(f"<style>{STYLE} body{{background:#0f766e}}</style>{banner()}")
            store(page, f"banner-{width}x{height}.png")
        browser.close()


def banner() -> str:
    name, first, second = WORDS
    lines = '<i class="dark"></i>' + "".join(
        f'<i style="width:{width}%"></i>' for width in (80, 60, 95, 95, 95, 70, 40)
    )
    # The mark without its own ground: the banner is that.
    mark = MARK.replace("<svg ", '<svg class="mark" ')
    return (
        f'<div class="banner"><div class="paper">{lines}</div>{mark}<h1>{name}</h1>'
        f'<p style="top:130px">{first}</p><p style="top:162px">{second}</p></div>'
    )


def store(page: Page, name: str) -> None:
    """As few bytes as it takes: the directory is visited by many."""
    picture = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
    picture.quantize(256, method=Image.Quantize.FASTOCTREE).save(OUT / name, optimize=True)


if __name__ == "__main__":
    main()
