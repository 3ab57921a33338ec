"""Access points: who brings an e-invoice to Peppol, and what they may answer. What each of them is asked, and how, is elsewhere."""

from dataclasses import dataclass
from enum import StrEnum

from worker.domain.document import Kind

# Who sends, where it is no access point of the shop's own: the operator's account, or another system that a person named.
OPERATORS, ELSEWHERE = "operator", "elsewhere"


@dataclass(frozen=True)
class Provider:
    """An access point by its *name*, as it is stored and typed. *key_parts* is how its key is written, *site* where one is made.

    *has_company*: one key serves several companies, and what is sent names one: it is found by its number. *tells_at*:
    whether what becomes of a document is told at an address that we ask for ("asked") or that a person pastes there
    ("pasted"); empty where it is only asked for. *is_idempotent*: what was sent once is refused by it
    the second time, so that not finding a document there proves that it never left. *is_kept_first*: it keeps what it takes
    before it carries it, so that not finding it there some minutes later proves the same.
    """

    name: str
    label: str
    site: str
    key_parts: str = "key"
    has_company: bool = False
    tells_at: str = ""
    is_idempotent: bool = False
    is_kept_first: bool = False


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider("e-invoice.be", "e-invoice.be", "https://e-invoice.be", tells_at="asked", is_idempotent=True),
        Provider("peppyrus", "Peppyrus", "https://peppyrus.be", tells_at="pasted", is_kept_first=True),
        Provider("recommand", "Recommand", "https://recommand.eu", key_parts="key:secret", has_company=True),
    )
}


class Blame(StrEnum):
    """Whose turn it is when an e-invoice is refused: ours, or the account's owner's. That a buyer cannot receive is told by looking
    him up alone."""

    DOCUMENT = "document"  # against the rules: never again with the same bytes
    ACCOUNT = "account"  # key, quota, company: everything waits


class State(StrEnum):
    """What became of an e-invoice that an access point took."""

    ACCEPTED = "accepted"  # not delivered yet
    DELIVERED = "delivered"  # the buyer's access point has it
    FAILED = "failed"  # it will not be delivered


@dataclass(frozen=True)
class Reach:
    """Whether *address* can receive, by kind of document, as the access point said. *answer* is what it said, word for word.

    *in_doubt*: it says the same when it could not find out.
    """

    address: str
    kinds: tuple[Kind, ...]
    answer: str
    in_doubt: bool = False

    def takes(self, kind: Kind) -> bool:
        return kind in self.kinds


# What a buyer may answer to an invoice (Invoice Response, UNCL 4343), and which of it needs somebody.
RESPONSES = ("AB", "IP", "UQ", "CA", "RE", "AP", "PD")
RESPONSES_THAT_NEED_SOMEBODY = ("UQ", "RE")


@dataclass(frozen=True)
class Sent:
    """An e-invoice at the access point, by its *reference* there. *reason* says why it failed, in the access point's words.

    *evidence*: ids of the message on the network; *responses*: what the buyer answered, as codes of RESPONSES, oldest first.
    *answer* is what the access point said, word for word.
    """

    reference: str
    state: State
    reason: str = ""
    evidence: str = ""
    responses: tuple[str, ...] = ()
    answer: str = ""
