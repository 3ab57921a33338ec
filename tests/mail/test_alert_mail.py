"""What the summary to an owner says of counts."""

from datetime import date

import pytest

from tests.mail.test_customer_mail import a_shop, part
from worker.mail.alert_mail import Digest, Envelope, compose_digest
from worker.mail.notice_mail import NoticeLine
from worker.message import Message

DIGEST = Digest(date(2026, 11, 30), 1234, 1230, 3, 2, (NoticeLine(Message("Mails that did not leave."), 1),), (), (), (), "")  # fmt: skip


@pytest.mark.parametrize(
    ("language", "issued", "needs"),
    [
        ("nl", "1.234", "Mails die niet vertrokken zijn. (1)"),
        ("fr", "1\N{NARROW NO-BREAK SPACE}234", "E-mails qui ne sont pas partis. (1)"),
        ("de", "1.234", "E-Mails, die nicht abgegangen sind. (1)"),
        ("en", "1,234", "Mails that did not leave. (1)"),
    ],
)
def test_counts_are_written_as_the_reader_writes_them_and_behind_what_they_count(
    language: str, issued: str, needs: str
) -> None:
    envelope = Envelope("facturelay@host.example", "els@gist.example", "<1@host.example>", language)
    said = part(compose_digest(a_shop(), DIGEST, envelope), "plain")

    assert (issued in said, needs in said) == (True, True)
