"""The mailbox takes mail like a server, and fails like one."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from worker.demo.mailbox import Attachment, Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


def an_invoice_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@shop.test", "koper@klant.test", "Factuur F2026-00001 – 22,20 €"
    mail["Message-ID"] = "<f1@shop.test>"
    mail.set_content("Beste klant,\n.\nuw factuur.")
    mail.add_alternative("<p>Beste <b>klant</b></p>", subtype="html")
    mail.add_attachment(b"%PDF-1.7 \r\n", maintype="application", subtype="pdf", filename="F2026-00001.pdf")
    return mail


def send(mailbox: Mailbox, *recipients: str) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=5) as server:
        return server.send_message(an_invoice_mail(), to_addrs=recipients or ("koper@klant.test",))


def test_a_mail_arrives_with_its_parts(mailbox: Mailbox) -> None:
    send(mailbox, "koper@klant.test", "bcc@shop.test")

    (mail,) = mailbox.wait_for(1)

    assert mailbox.url == f"smtp://127.0.0.1:{mailbox.port}"
    assert (mail.message_id, mail.sender) == ("<f1@shop.test>", "shop@shop.test")
    assert mail.recipients == ("koper@klant.test", "bcc@shop.test")
    assert mail.subject == "Factuur F2026-00001 – 22,20 €"
    assert (mail.text, mail.html) == ("Beste klant,\n.\nuw factuur.\n", "<p>Beste <b>klant</b></p>\n")
    assert mail.attachments == (Attachment("F2026-00001.pdf", "application/pdf", b"%PDF-1.7 \r\n"),)
    assert mail.raw.startswith(b"From: shop@shop.test")


def test_a_refused_connection_is_refused_once(mailbox: Mailbox) -> None:
    mailbox.faults.refuse()

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(mailbox)
    send(mailbox)

    assert len(mailbox.messages()) == 1


def test_a_greylisted_recipient_is_taken_the_second_time(mailbox: Mailbox) -> None:
    mailbox.faults.greylist()

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(mailbox)
    send(mailbox)

    assert refused.value.recipients["koper@klant.test"][0] == 451
    assert len(mailbox.messages()) == 1


def test_one_recipient_can_be_refused_while_the_others_get_the_mail(mailbox: Mailbox) -> None:
    mailbox.faults.reject("Bad@klant.test")

    refused = send(mailbox, "bad@klant.test", "koper@klant.test")

    assert refused["bad@klant.test"][0] == 550
    assert [mail.recipients for mail in mailbox.messages()] == [("koper@klant.test",)]


def test_a_line_cut_after_the_data_leaves_the_mail_stored_and_the_sender_in_doubt(mailbox: Mailbox) -> None:
    mailbox.faults.cut_after_data()

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(mailbox)

    assert len(mailbox.wait_for(1)) == 1


def test_a_mail_over_the_size_limit_is_refused() -> None:
    with Mailbox(size_limit=300) as mailbox:
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            send(mailbox)

        assert (refused.value.smtp_code, mailbox.messages()) == (552, ())


def test_waiting_for_a_mail_that_does_not_come_says_so(mailbox: Mailbox) -> None:
    with pytest.raises(TimeoutError, match="0 mails after"):
        mailbox.wait_for(1, timeout_s=0.05)
