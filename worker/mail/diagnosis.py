"""What a mail server's answer means for whoever set it up, in plain words, and what to do about it. Makes no request."""

from worker.message import Message
from worker.net.smtp_url import SmtpServer

# Addresses at these providers may be sent from their own servers only, by their DMARC policy.
MAILBOX_PROVIDERS = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.be", "live.be", "live.com", "msn.com",
    "yahoo.com", "yahoo.fr", "icloud.com", "me.com", "telenet.be", "skynet.be", "proximus.be", "orange.fr",
    "gmx.de", "gmx.net", "web.de", "ziggo.nl", "kpnmail.nl", "proton.me",
})  # fmt: skip

# For owners, who know their mail provider and the fields of the page.
HINTS = {
    "mail_login_refused": (
        Message("User name and password do not fit. The user name is often the whole mail address."),
        Message("Google and Microsoft take no ordinary password here: make an app password, or switch on SMTP sign-in first."),
    ),
    "mail_certificate": (Message(
        "The connection is encrypted, but to a server that shows another name. Fill in the host exactly as your mail "
        "provider writes it, not your own website's name or a number."),),
    "mail_server_setting": (
        Message("Choose the other encrypted way under “Mail leaves by”, and leave the port empty for its usual one."),
    ),
    "mail_sender_refused": (Message(
        "This account may not write from that address. Use the account's own address as the sender, or have the provider "
        "allow the other."),),
    "mail_refused": (
        Message("“Relaying denied” means that the server sends to the outside only for who signs in: give user and password."),
    ),
    "mail_server_unreachable": (
        Message(
            "Compare the host and the way in which mail leaves with what your mail provider writes. Leave the port empty for "
            "the usual one: 587 for STARTTLS, 465 for TLS."),
        Message("Unencrypted mail on port 25 is stopped by many networks; choose an encrypted way."),
    ),
    "mail_server_busy": (
        Message("This refusal passes: servers keep new senders waiting for some minutes. Mails are tried again by themselves."),
    ),
    "mail_unsure": (Message("The mail may have arrived; look before trying again."),),
    "mail_server_missing": (
        Message("Fill in the mail server of your own mail provider, or ask whoever runs Facturelay for one."),
    ),
}  # fmt: skip
# For operators, who write addresses of servers and see to domains.
OPERATOR_HINTS = {
    "mail_login_refused": (
        Message("A password with signs like @ : / % must be written percent-encoded in the address: @ becomes %40."),
    ),
    "mail_server_setting": (Message(
        "Where STARTTLS is not offered, choose TLS with port 465 (smtps://); where no sign-in is offered, the server may "
        "want encryption first: choose STARTTLS with port 587 (smtp+starttls://)."),),
    "mail_server_unreachable": (Message(
        "Check host, port and kind: STARTTLS (smtp+starttls://) goes with 587, TLS (smtps://) with 465. The wrong pair "
        "looks like silence or “wrong version number”."),),
    "mail_server_missing": (Message(
        "Give the shop its own server (facturelay mail set --smtp-url), or set one for the whole installation "
        "(FACTURELAY_SMTP_URL)."),),
    "mail_no_sender": (Message("Give the sender's address: facturelay mail set --from."),),
}  # fmt: skip


def hints(code: str) -> tuple[Message, ...]:
    """What to do about a mail that did not leave."""
    return HINTS.get(code, ())


def operator_hints(code: str) -> tuple[Message, ...]:
    """What whoever runs the installation may want to know beside it."""
    return OPERATOR_HINTS.get(code, ())


def arrival_hints(sender: str, server: SmtpServer, *, is_own: bool) -> tuple[Message, ...]:
    """What an owner does when a mail that was taken does not arrive. *is_own*: the shop has a server of its own."""
    domain = sender.rpartition("@")[2].lower()
    if domain in MAILBOX_PROVIDERS:
        return sender_hints(sender, server) if not _same_provider(domain, server.host) else ()
    if not is_own:
        return (
            Message(
                "Does it not arrive, or as spam? Tell whoever runs Facturelay, with the address that you sent it to."
            ),
        )
    return (
        Message(
            "Does it not arrive, or as spam? Then other providers do not know yet that {host} may write for {domain}. Ask "
            "whoever manages the name {domain} for you, often the company of your website, to allow {host}: with “SPF” and “DKIM” "
            "they know what is meant.",
            host=server.host,
            domain=domain,
        ),
    )


def sender_hints(sender: str, server: SmtpServer) -> tuple[Message, ...]:
    """What the server that takes the mail cannot know: whether the receiving side believes the sender's domain."""
    domain = sender.rpartition("@")[2].lower()
    if domain in MAILBOX_PROVIDERS and not _same_provider(domain, server.host):
        return (
            Message(
                "{domain} tells everybody that mail from its addresses leaves its own servers only, and {host} "
                "is not one of them: such mail is refused or lands in spam. Send from an address of your own "
                "domain, or by {domain}'s own mail server.",
                domain=domain,
                host=server.host,
            ),
        )
    return (
        Message(
            "Taken is not yet read: the receiver asks the DNS of {domain} whether {host} may send for it. If "
            "mail lands in spam, add the server to the SPF record of {domain} (a TXT record that begins "
            "with v=spf1; the provider of the mail server says which “include:” belongs there) and switch on "
            "DKIM there.",
            domain=domain,
            host=server.host,
        ),
    )


def _same_provider(domain: str, host: str) -> bool:
    name = domain.partition(".")[0]
    related = {"gmail": "google", "googlemail": "google", "hotmail": "outlook", "live": "outlook", "msn": "outlook"}
    return name in host.lower() or related.get(name, name) in host.lower() or "office365" in host.lower()
