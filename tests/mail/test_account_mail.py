"""What a mail about an account says, and where its link stands."""

import pytest

from worker.i18n import LANGUAGES
from worker.mail.account_mail import compose
from worker.store.account_mails import AccountMail, MailKind

LINK = "https://facturen.example/x"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MailKind)
def test_the_link_follows_the_sentence_that_is_about_it(kind: MailKind, language: str) -> None:
    mail = AccountMail(1, kind, "els@gist.example", language, {"by": "Els"}, 0)
    message = compose(mail, sender="facturen@host.example", shop_name="Gist", link=LINK, message_id="<1@host.example>")
    before, _, after = message.get_content().partition(LINK)

    assert before.count("\n\n") == 1
    assert not after.rstrip().endswith(":")
