"""Sending: what is a person's business, what may pass, and what must not be sent twice."""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.smtp_server import smtp_server
from worker.errors import FacturelayError, Rejected, Unavailable
from worker.i18n.catalogs import Translator
from worker.i18n.translate import translate
from worker.mail.smtp import kept_connections, ready, send
from worker.message import Message
from worker.net import smtp_connection
from worker.net.smtp_connection import KeptConnections
from worker.net.smtp_url import SmtpServer, parse_smtp_url


def a_mail(sender: str = "winkel@gist.example", body: str = "Dag\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "jan@example.org"
    message["Message-ID"] = "<17@facturen.example>"
    message["Subject"] = "Factuur – één"
    message.set_content(body)
    return message


def sent(port: int, message: EmailMessage | None = None, scheme: str = "smtp", **more: object) -> None:
    send(
        message or a_mail(),
        smtp_url=f"{scheme}://{more.pop('login', '')}localhost:{port}",
        recipients=more.pop("recipients", ("jan@example.org", "archief@gist.example")),  # type: ignore[arg-type]
        total_s=1,
        connect_to=more.pop("connect_to", ("127.0.0.1",)),  # type: ignore[arg-type]
    )


def failure(answers: dict[str, str], greeting: str = "220 test", **more: object) -> FacturelayError:
    with smtp_server(dict(answers), greeting=greeting) as server, pytest.raises(FacturelayError) as caught:
        sent(server.port, **more)  # type: ignore[arg-type]
    return caught.value


def test_a_mail_goes_to_its_reader_and_the_blind_copies() -> None:
    with smtp_server() as server:
        sent(server.port, login="shop:p%40ss@")

    assert server.commands == [
        "ehlo facturen.example",
        "AUTH PLAIN AHNob3AAcEBzcw==",
        "mail from:<winkel@gist.example>",
        "rcpt to:<jan@example.org>",
        "rcpt to:<archief@gist.example>",
        "DATA",
        "quit",
    ]
    mail = message_from_bytes(server.mails[0], policy=policy.default)
    assert mail["Subject"] == "Factuur – één"
    assert mail["Date"] is not None
    assert b"archief" not in server.mails[0]


def test_lines_that_begin_with_a_dot_arrive_whole() -> None:
    with smtp_server() as server:
        sent(server.port, a_mail(body="one\n.\n..two\n"))

    assert b"one\r\n..\r\n...two\r\n" in server.mails[0]


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ({"RCPT": "550 no such mailbox"}, Rejected, "mail_refused"),
        ({"RCPT": "452 mailbox full"}, Unavailable, "mail_server_busy"),
        ({"MAIL": "553 not your domain"}, Rejected, "mail_sender_refused"),
        ({"MAIL": "451 later"}, Unavailable, "mail_server_busy"),
        ({"DATA": "554 no"}, Rejected, "mail_refused"),
        ({".": "552 too large"}, Rejected, "mail_refused"),
        ({".": "451 greylisted"}, Unavailable, "mail_server_busy"),
        ({".": "CUT"}, Unavailable, "mail_unsure"),
        ({"DATA": "CUT"}, Unavailable, "mail_server_unreachable"),
        ({"MAIL": "CUT"}, Unavailable, "mail_server_unreachable"),
    ],
)
def test_each_answer_says_whether_trying_again_may_help(
    answers: dict[str, str], kind: type[FacturelayError], code: str
) -> None:
    error = failure(answers)

    assert (type(error), error.code) == (kind, code)


def test_the_servers_own_words_are_told() -> None:
    error = failure({"RCPT": "550-5.1.1 no such\r\n550 mailbox"})

    assert str(error.message) == "The mail server refused jan@example.org: 550 5.1.1 no such mailbox"


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [("535 wrong password", Rejected, "mail_login_refused"), ("454 try later", Unavailable, "mail_server_busy")],
)
def test_a_sign_in_is_refused_for_good_or_for_now(answer: str, kind: type[FacturelayError], code: str) -> None:
    error = failure({"AUTH": answer}, login="shop:geheim@")

    assert (type(error), error.code) == (kind, code)
    assert "geheim" not in str(error.message)


def test_a_sign_in_that_is_not_offered_is_a_setting_to_change() -> None:
    assert failure({"EHLO": "250 test"}, login="shop:x@").code == "mail_server_setting"


def test_encryption_that_is_not_offered_is_a_setting_to_change() -> None:
    assert failure({"EHLO": "250 test"}, scheme="smtp+starttls").code == "mail_server_setting"


@pytest.mark.parametrize(("greeting", "kind"), [("554 not you", Rejected), ("421 busy", Unavailable)])
def test_a_server_may_close_the_connection_at_once(greeting: str, kind: type[FacturelayError]) -> None:
    assert type(failure({}, greeting=greeting)) is kind


def test_a_refused_blind_copy_stops_nothing() -> None:
    answer = {"RCPT": lambda line: "550 no" if "archief" in line else "250 ok"}
    with smtp_server(dict(answer)) as server:
        sent(server.port)

    assert len(server.mails) == 1


def test_a_farewell_that_fails_is_not_a_failure() -> None:
    with smtp_server({"QUIT": "CUT"}) as server:
        sent(server.port)

    assert len(server.mails) == 1


def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(Unavailable, match="nothing listens there") as caught:
        sent(port)
    assert caught.value.code == "mail_server_unreachable"


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
@pytest.mark.parametrize("answers", [{"EHLO": "CUT"}, {"RCPT": "CUT"}, {"DATA": "CUT"}])
def test_who_hangs_up_is_told_of_in_the_language_of_the_reader(answers: dict[str, str], language: str) -> None:
    with smtp_server(answers) as server, pytest.raises(Unavailable) as caught:
        sent(server.port)

    assert caught.value.code == "mail_server_unreachable"
    reason = caught.value.message.values["reason"]
    assert isinstance(reason, Message)
    assert translate(reason, Translator(language)) != str(reason)


def test_no_reply_in_time_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="no reply in time"):
        sent(silent.getsockname()[1])


def test_a_domain_in_another_script_is_written_in_its_ascii_form() -> None:
    with smtp_server({"EHLO": "250 test"}) as server:
        sent(server.port, recipients=("jan@köln.example",))

    assert "rcpt to:<jan@xn--kln-sna.example>" in server.commands


def test_a_mailbox_in_another_script_needs_a_server_that_knows_it() -> None:
    with smtp_server() as server:
        sent(server.port, recipients=("jörg@köln.example",))
    assert "mail from:<winkel@gist.example> SMTPUTF8 BODY=8BITMIME" in server.commands
    assert "rcpt to:<jörg@xn--kln-sna.example>" in server.commands

    error = failure({"EHLO": "250 test"}, recipients=("jörg@example.org",))
    assert (type(error), error.code) == (Rejected, "mail_address_unsupported")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_an_encrypted_server_is_used_when_its_certificate_is_trusted(
    scheme: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    ehlo = {"EHLO": "250-test\r\n250 STARTTLS"}
    with smtp_server(dict(ehlo), tls=tls, wrapped=scheme == "smtps") as server:
        sent(server.port, scheme=scheme)

    assert len(server.mails) == 1


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_certificate_that_nobody_signed_is_refused_before_the_password(scheme: str, certificate: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    ehlo = {"EHLO": "250-test\r\n250 STARTTLS"}
    with smtp_server(dict(ehlo), tls=tls, wrapped=scheme == "smtps") as server, pytest.raises(Rejected) as caught:
        sent(server.port, scheme=scheme, login="shop:geheim@")

    assert caught.value.code == "mail_certificate"
    assert not any("AUTH" in command for command in server.commands)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("smtp", "mail.example", 25)),
        ("smtp+starttls://a%40b:p%3A%2F@mail.example", SmtpServer("smtp+starttls", "mail.example", 587, "a@b", "p:/")),
        ("smtps://u:p@mail.example:2465/", SmtpServer("smtps", "mail.example", 2465, "u", "p")),
        ("smtp://[::1]:2525", SmtpServer("smtp", "::1", 2525)),
    ],
)
def test_an_address_of_a_server_is_read(url: str, server: SmtpServer) -> None:
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url",
    ["", "mail.example", "http://mail.example", "smtp://", "smtp://h:port", "smtp://h:99999", "smtp://u@h",
     "smtp://h/path", "smtp://h?x=1"],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_told_in_a_message(url: str) -> None:
    with pytest.raises(ValueError, match=r"smtp\+starttls://user:password@host"):
        parse_smtp_url(url)


def test_a_password_is_in_no_message() -> None:
    with pytest.raises(ValueError, match="cannot be read") as caught:
        parse_smtp_url("smtp://u:geheim@h:x1")
    assert "geheim" not in str(caught.value)
    assert "geheim" not in repr(parse_smtp_url("smtp://u:geheim@h"))


@pytest.fixture
def kept() -> Iterator[KeptConnections]:
    """As a worker keeps connections."""
    kept_connections.is_on = True
    yield kept_connections
    kept_connections.is_on = False
    kept_connections.end_unused(all_of_them=True)


def test_the_next_mail_goes_over_the_same_connection(kept: KeptConnections) -> None:
    with smtp_server() as server:
        sent(server.port, a_mail(body="one\n"), login="shop:secret@")
        sent(server.port, a_mail(body="two\n"), login="shop:secret@")
        kept.end_unused(all_of_them=True)

    verbs = [command.split()[0].lower() for command in server.commands]
    envelope = ["mail", "rcpt", "rcpt", "data"]
    assert verbs == ["ehlo", "auth", *envelope, *envelope, "quit"]
    assert [b"one" in mail for mail in server.mails] == [True, False]


def test_nobody_writes_over_the_connection_of_another_sign_in(kept: KeptConnections) -> None:
    with smtp_server() as server:
        sent(server.port, login="shop:secret@")
        (key,) = kept.free
        assert (
            kept.take(
                smtp_connection.smtp_connection(
                    parse_smtp_url(f"smtp://shop:other@localhost:{server.port}"),
                    name="facturen.example",
                    wait_s=1,
                    connect_to=("127.0.0.1",),
                ).key
            )
            is None
        )
        assert key in kept.free
        kept.end_unused(all_of_them=True)


@pytest.mark.parametrize("second", ["CUT", "421 closing", "451 too many mails", "550 one mail only"])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_a_server_that_takes_no_second_mail_gets_it_once_over_a_new_connection(
    kept: KeptConnections, verb: str, second: str
) -> None:
    answers = iter(["250 ok", *(["250 ok"] if verb == "RCPT" else []), second])
    with smtp_server({verb: lambda _line: next(answers, "250 ok")}, connections=2) as server:
        sent(server.port, a_mail(body="one\n"))
        sent(server.port, a_mail(body="two\n"))
        kept.end_unused(all_of_them=True)

    assert [b"one" in mail for mail in server.mails] == [True, False]
    assert sum(command.startswith("ehlo") for command in server.commands) == 2


def test_a_mail_that_may_have_been_taken_is_given_to_nobody_else(kept: KeptConnections) -> None:
    answers = iter(["250 taken", "CUT"])
    with smtp_server({".": lambda _line: next(answers)}) as server:
        sent(server.port)
        with pytest.raises(Unavailable) as caught:
            sent(server.port)

    assert caught.value.code == "mail_unsure"
    assert len(server.mails) == 1
    assert not kept.free


def test_a_refused_mail_ends_its_connection(kept: KeptConnections) -> None:
    answers = iter(["250 taken", "554 spam"])
    with smtp_server({".": lambda _line: next(answers)}) as server:
        sent(server.port)
        with pytest.raises(Rejected):
            sent(server.port)

    assert not kept.free


def test_a_connection_is_kept_for_some_seconds_and_some_mails(
    kept: KeptConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_connection, "MOST_MAILS", 2)
    with smtp_server(connections=4) as server:
        for _ in range(3):
            sent(server.port)
        monkeypatch.setattr(smtp_connection, "KEPT_S", 0)
        for _ in range(3):
            sent(server.port)
        kept.end_unused(all_of_them=True)

    verbs = [command.split()[0].lower() for command in server.commands]
    mail = ["mail", "rcpt", "rcpt", "data"]
    assert verbs == [*2 * ["ehlo", *mail, *mail, "quit"], *2 * ["ehlo", *mail, "quit"]]


def test_who_gives_no_mail_after_all_leaves_nothing_half_said(kept: KeptConnections) -> None:
    with smtp_server() as server:
        url = f"smtp://localhost:{server.port}"
        with ready(a_mail(), smtp_url=url, recipients=("jan@example.org",), connect_to=("127.0.0.1",)):
            pass

    assert not kept.free
    assert not server.mails
