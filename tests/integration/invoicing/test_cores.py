"""An invoicing core is one file and one line, and a shop chooses it."""

from dataclasses import dataclass, replace

import pytest

from tests.support.system import System
from worker.demo.orders import an_order
from worker.domain.document import Document, Draft
from worker.domain.shop import NumberingSettings, Series
from worker.invoicing.core import CoreContext
from worker.invoicing.cores import CORES, core_of
from worker.invoicing.cores.builtin import Builtin


@dataclass(frozen=True)
class Elsewhere:
    """The added core: it numbers in its own way."""

    context: CoreContext

    def issue(self, draft: Draft) -> Document:
        numbering = NumberingSettings(series={draft.kind: Series("elsewhere", "X{number:03d}", yearly=False)})
        return Builtin(replace(self.context, shop=replace(self.context.shop, numbering=numbering))).issue(draft)


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more line, and nothing else."""
    monkeypatch.setitem(CORES, "elsewhere", Elsewhere)


def test_the_core_that_a_shop_chose_issues_its_documents(system: System) -> None:
    system.arrives(an_order(id=1, paid=True))
    system.change_shop(numbering=NumberingSettings(core="elsewhere"))
    system.arrives(an_order(id=2, paid=True))

    assert system.numbers() == ["F2026-00001", "X001"]


@pytest.mark.parametrize("name", [*CORES, "elsewhere"])
def test_issuing_one_cause_twice_gives_one_document(system: System, name: str) -> None:
    system.change_shop(numbering=NumberingSettings(core=name))
    (invoice,) = system.arrives(an_order(id=1, paid=True))
    shop = system.connected.shop

    with system.services.store.write() as connection:
        again = core_of(CoreContext(connection, shop, system.clock.now)).issue(invoice.draft)

    assert again == invoice.document
    assert len(system.documents()) == 1


def test_a_core_that_is_not_installed_is_named_and_no_number_is_taken(system: System) -> None:
    system.change_shop(numbering=NumberingSettings(core="sold_out"))
    system.arrives(an_order(id=1, paid=True))
    assert system.outcomes() == [("failed", "core_unknown")]

    system.change_shop(numbering=NumberingSettings())
    system.arrives(an_order(id=1, paid=True))
    assert system.numbers() == ["F2026-00001"]
