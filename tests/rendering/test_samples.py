"""The sample documents: what a stranger adds up on a preview is right."""

import pytest

from worker.domain.document import Document
from worker.domain.exchange_rate import vat_in_euro
from worker.domain.money import to_cent, total_of
from worker.rendering.samples import samples


@pytest.mark.parametrize("document", samples().values(), ids=samples())
def test_every_sample_adds_up(document: Document) -> None:
    draft = document.draft
    parts = [line.net for line in draft.lines] + [one.amount for one in draft.roundings]
    assert total_of(parts) == draft.net
    assert [row.vat for row in draft.vat_lines] == [to_cent(row.base * row.rate / 100) for row in draft.vat_lines]
    bases = total_of(row.base for row in draft.vat_lines) if draft.vat_lines else draft.net
    vat = total_of(row.vat for row in draft.vat_lines)
    assert (bases, vat, draft.net + draft.vat + draft.rounding) == (draft.net, draft.vat, draft.total)
    assert draft.vat_eur == vat_in_euro(draft.vat, draft.exchange_rate)
