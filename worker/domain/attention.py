"""What needs a person, by reason: how much harm it does, the sentence, and the one button that mends it or leads to it."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from worker.message import Message


class Harm(IntEnum):
    """The worst first; what only informs is never counted."""

    CUSTOMER_HAS_NOTHING = 1
    LEGAL_TERM = 2
    NUMBERS = 3
    DECISION = 4
    INFORMATION = 5


class Source(StrEnum):
    """Where it is seen: an open alert, a line of the bank, an open draft, a flag on an order, work that failed."""

    ALERT = "alert"
    BANK = "bank"
    DRAFT = "draft"
    FLAG = "flag"
    WORK = "work"


@dataclass(frozen=True)
class Button:
    """*page* is below the shop's own address; empty: the list of the things themselves. *retries*: it tries all of them again.

    *changes*: its words promise what only who may change the shop can do.
    """

    label: Message
    page: str = ""
    retries: bool = False
    changes: bool = False


@dataclass(frozen=True)
class Reason:
    """Why some things need a person. *sentence* is of one and of many.

    *codes* are those of the problems, alerts or failed work; one that ends in * stands for all that begin so. One without
    codes is for what no other reason names: of a *source*, and of failed work by its *work*, the name of the job.
    """

    source: Source
    name: str
    harm: Harm
    sentence: Message
    button: Button
    codes: tuple[str, ...] = ()
    work: str = ""

    @property
    def is_counted(self) -> bool:
        return self.harm is not Harm.INFORMATION

    def names(self, code: str) -> bool:
        return any(code.startswith(one[:-1]) if one.endswith("*") else code == one for one in self.codes)


# Drafts that nothing is wrong with: the shop's own rule keeps them for a person.
KEPT_BY_RULE = ""
