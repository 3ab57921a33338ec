"""Whether what comes in a shop's name comes from the shop: a copy of it (staging) has its secrets, and another address. Pure."""

from functools import lru_cache
from urllib.parse import unquote, urlsplit

from worker.net.site_address import host_and_port

# As translation plugins put them into an address, as a folder (/fr/) or before the name (fr.shop.be); also with a region: nl-be.
LANGUAGES = frozenset(
    ["ar", "bg", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "ga", "gl", "he", "hr", "hu", "is", "it", "ja", "ko", "lb", "lt", "lv", "mk", "mt", "nb", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tr", "uk", "zh"]
)  # fmt: skip


@lru_cache(maxsize=4_000)
def is_another_site(named: str, url: str) -> bool:
    """Whether *named*, where a delivery or a plugin says that it comes from, is another site than the shop at *url*.

    A site is its host, port and folder. One site has more than one way to write it: with or without www and slash, by http or https,
    in a language. What names nothing, or nothing readable, is taken for the shop's own: some shops name nothing.
    """
    try:
        return bool(named.strip()) and site_of(named.strip()) != site_of(url)
    except ValueError:
        return False


def site_of(url: str) -> tuple[str, str]:
    """Host with port, and folder, without what only says the language. Raises ValueError for what is no address."""
    host, path = host_and_port(url), unquote(urlsplit(url).path).casefold()
    if not host:
        raise ValueError("an address has a host")
    first, dot, rest = host.partition(".")
    folders = [folder for folder in path.split("/") if folder]
    while folders and (is_language(folders[-1]) or folders[-1] == "index.php"):
        folders.pop()
    return rest if dot and "." in rest and is_language(first) else host, "/".join(folders)


def is_language(text: str) -> bool:
    language, _, region = text.replace("_", "-").partition("-")
    return language in LANGUAGES and (len(region) in (0, 2) or region in ("hans", "hant"))
