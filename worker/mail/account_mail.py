"""Mails about an account or a sender: an invitation, what changed at the door, the link that proves an address."""

from email.headerregistry import Address
from email.message import EmailMessage

from worker.i18n import Translator
from worker.mail.mail_views import one_line
from worker.mail.mime import new_mail
from worker.store.account_mails import AccountMail, MailKind


def compose(mail: AccountMail, *, sender: str, shop_name: str, link: str, message_id: str) -> EmailMessage:
    """Write *mail*; *link* is what it leads to, *shop_name* the shop that it is about, if it is about one."""
    translator = Translator(mail.language)
    subject, *paragraphs = texts(mail, translator, shop=one_line(shop_name))
    message = new_mail()
    message["From"] = Address("Facturelay", addr_spec=sender)
    message["To"] = Address("", addr_spec=mail.email)
    message["Subject"] = one_line(subject)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = translator.language
    said, *further = paragraphs
    message.set_content("\n\n".join([said, link, *further]) + "\n")
    return message


def texts(mail: AccountMail, translator: Translator, *, shop: str) -> tuple[str, ...]:
    """The subject, and the paragraphs."""
    _ = translator.gettext
    not_you = _("Was it not you? Then ask whoever runs this installation for a new password at once.")
    match mail.kind:
        case MailKind.INVITATION:
            by = one_line(mail.argument.get("by", ""))
            return (
                _("You are invited to {shop}", shop=shop),
                _(
                    "{who} invites you to the documents of {shop}. This link works once, within a week:",
                    who=by,
                    shop=shop,
                ),
            )
        case MailKind.SENDER_PROOF:
            return (
                _("May {shop} write from this address?", shop=shop),
                _(
                    "{shop} wants to mail its invoices from this address. Open the link if it is yours and that is right.",
                    shop=shop,
                ),
                _("Otherwise do nothing: then no mail leaves under this address."),
            )
        case MailKind.PASSWORD_CHANGED:
            return (
                _("Your password was changed"),
                _("The password of your account was changed. Everywhere else you are signed out."),
                not_you,
            )
        case MailKind.PASSWORD_RESET:
            return (
                _("Your password was chosen anew"),
                _("A new password was chosen for your account by a link. You are signed out everywhere, and the second step is off: set it up again."),
                not_you,
            )  # fmt: skip
        case MailKind.PASSWORD_LOST:
            return (
                _("A new password for your account"),
                _("You asked for a new password. This link works once, within an hour:"),
                _("Was it not you? Then do nothing: without the link your password stays as it is."),
            )
        case MailKind.SECOND_FACTOR_ON:
            return _("The second step is on"), _("Signing in to your account now asks for a code as well."), not_you
        case MailKind.SECOND_FACTOR_OFF:
            return _("The second step is off"), _("Signing in to your account no longer asks for a code."), not_you
