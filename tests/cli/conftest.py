"""The command line as a script uses it: arguments in, exit code and text out."""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.issued import issue
from worker.cli import main
from worker.domain.document import Document, Draft
from worker.services import Services
from worker.settings import Settings
from worker.store import shops
from worker.store.database.engine import Store


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Facturelay = Callable[..., Answer]


@pytest.fixture
def facturelay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Facturelay:
    """Run a command on a data folder of the test's own."""
    for name in ("DATABASE_URL", "REDIS_URL", "FACTURELAY_SMTP_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FACTURELAY_DATA", str(tmp_path))
    monkeypatch.setenv("FACTURELAY_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("FACTURELAY_ALLOW_PRIVATE_SHOPS", "1")

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["facturelay", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO())  # nobody is there to answer
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@dataclass(frozen=True)
class ShopAtHand:
    """A shop made by command, and a way to issue for it without the walk."""

    shop_id: str
    settings: Settings
    facturelay: Facturelay

    def set(self, *options: str) -> Answer:
        return self.facturelay("shop", "set", self.shop_id, *options)

    def changed(self, *options: str) -> Answer:
        """Set what must be accepted."""
        answer = self.set(*options)
        assert (answer.code, answer.err) == (0, "")
        return answer

    def refused(self, *options: str) -> str:
        """The sentence with which a setting is refused."""
        answer = self.set(*options)
        assert (answer.code, answer.out) == (1, "")
        return answer.err.strip()

    def issued(self, draft: Draft, *, now: datetime | None = None) -> Document:
        services = Services(self.settings)
        with services.store.read() as connection:
            shop = shops.get(connection, services.encryption, self.shop_id).shop
        document = issue(services.store, shop, draft, now=now or datetime.now(UTC))
        services.store.close()
        return document

    def store(self) -> Store:
        return Store(self.settings.database_url)


SELLER_SETTINGS = (
    "seller.name=De Gouden Koffiepot", "seller.address.street=Koestraat 41", "seller.address.postcode=9000",
    "seller.address.city=Gent", "seller.address.country=BE", "seller.vat_number=BE0445566134", "seller.email=winkel@koffiepot.test",
    "seller.legal_form=BV", "seller.register=RPR Gent", "seller.iban=BE71096123456769",
)  # fmt: skip


@pytest.fixture
def make_shop(facturelay: Facturelay, sqlite_url: str) -> Callable[..., ShopAtHand]:
    """Connect a shop, on a database that was migrated before."""

    def make(*options: str, seller: bool = True) -> ShopAtHand:
        details = SELLER_SETTINGS if seller else ()
        answer = facturelay(
            "shop", "add", "--name", "Gist", "--url", "http://127.0.0.1:1", "--json", *details, *options
        )
        assert (answer.code, answer.err) == (0, "")
        return ShopAtHand(answer.json["id"], Settings.from_environment(), facturelay)

    return make
