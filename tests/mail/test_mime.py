"""What is written in one piece is what the library writes."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

import pytest

from worker.mail.mime import as_bytes, new_mail


def fill(message: EmailMessage) -> EmailMessage:
    message["From"] = "Émilie’s winkel <émilie@exåmple.be>"
    message["To"] = "koper@klant.test"
    message["Subject"] = (
        "Factuur F2026-1 – dank je wel voor je bestelling, en nog veel meer woorden die niet op een regel passen"
    )
    message["Cc"] = '"Peeters, Jan" <jan@klant.test>'
    message["X-Other"] = "one"
    message["X-Empty"] = ""
    message.set_content("Dag Jan,\r\n.\rtwee\n\nFrom here é\n" + "w" * 1200)
    message.add_alternative("<p>Dag Jan é</p>\n", subtype="html")
    message.add_attachment(bytes(range(256)) * 100, maintype="application", subtype="pdf", filename="factuur é.pdf")
    message["Content-Language"] = "nl"
    for part, boundary in zip(message.walk(), ("outer", "inner"), strict=False):
        part.set_boundary(boundary)
    return message


@pytest.mark.parametrize("wide", [False, True])
def test_a_mail_is_written_byte_for_byte_as_by_the_library(wide: bool) -> None:
    assert as_bytes(fill(new_mail()), wide=wide) == fill(EmailMessage()).as_bytes(policy=SMTPUTF8 if wide else SMTP)


def test_the_class_of_a_header_is_made_once() -> None:
    one, other = fill(new_mail()), fill(new_mail())
    assert {name: type(value) for name, value in one.items()} == {name: type(value) for name, value in other.items()}


def test_no_mail_has_the_boundaries_of_another() -> None:
    mail = new_mail()
    mail.set_content("one")
    mail.add_alternative("two", subtype="html")
    written = [message_from_bytes(as_bytes(mail, wide=False), policy=SMTP) for _ in range(2)]
    assert len({one.get_boundary() for one in written}) == 2
    assert [part.get_content() for one in written for part in one.iter_parts()] == ["one\r\n", "two\r\n"] * 2


@pytest.mark.parametrize(
    "said",
    [
        "=?utf-8?q?=0D=0AReply-To:_a=40evil.example=0D=0A=0D=0Ahallo?=",
        "=?utf-8?b?DQpCY2M6IGE=?=",
        "=?utf-8?q?=3D=3Futf-8=3Fq=3F=0Aa=3F=3D?=",
        "=?utf-8?q?=00?=",
    ],
)
@pytest.mark.parametrize("header", ["Subject", "X-Order"])
def test_what_a_buyer_calls_himself_in_code_starts_no_line(header: str, said: str) -> None:
    ours, theirs = new_mail(), EmailMessage()
    for mail in (ours, theirs):
        mail[header] = f"Factuur voor {said}"
        mail.set_content("Dag")
    assert as_bytes(ours, wide=False) == theirs.as_bytes(policy=SMTP)
