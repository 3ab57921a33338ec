"""What an owner adds to his mails can be opened by whoever gets them, and is held back by no filter."""

import pytest

from tests.support.pdfs import a_pdf
from worker.errors import Rejected
from worker.rendering.print_process import print_process


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7 terms", "broken"),
        (a_pdf()[: len(a_pdf()) // 3], "broken"),
        (a_pdf(password="secret"), "protected"),
        (a_pdf(password=""), "protected"),
        (a_pdf(script="app.alert(1)"), "JavaScript"),
        (a_pdf(starts="calc.exe"), "one that it starts"),
    ],
)
def test_a_pdf_that_cannot_go_along_with_mails_is_refused_with_what_to_do(content: bytes, said: str) -> None:
    with pytest.raises(Rejected, match=said) as refused:
        print_process().refuse_owners_pdf(content)
    assert (refused.value.code, "choose" in str(refused.value.message)) == ("attachment_wrong", True)


def test_any_other_goes_along() -> None:
    print_process().refuse_owners_pdf(a_pdf())
