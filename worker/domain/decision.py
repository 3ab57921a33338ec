"""What is due for an order, and why the rest is not."""

from dataclasses import dataclass, field

from worker.domain import peppol
from worker.domain.credit_balance import credit_balance_of
from worker.domain.document import KIND_TERMS, Document, Draft, History, Kind, Problem, StoredDraft
from worker.domain.draft_problems import REST_CHARGED
from worker.message import Message

# What ends without a person's word.
PASSES_BY_ITSELF = {peppol.NOT_CONNECTED, REST_CHARGED}
# Why something is not made: a code, and the sentence for its owner.
Reason = tuple[str, Message]


@dataclass(frozen=True)
class RuleResult:
    """Why a rule made a document or none. *rule* is `invoice:paid:send`, `refund:301`, `cancel:F2026-00042` or `credit_note`."""

    rule: str
    fired: bool
    code: str
    message: Message


@dataclass(frozen=True)
class Decision:
    """What is due, why the rest is not, and what its owner must be shown."""

    drafts: tuple[Draft, ...] = ()
    rule_results: tuple[RuleResult, ...] = ()
    flags: tuple[Problem, ...] = ()


@dataclass
class Findings:
    """A decision that grows, rule by rule."""

    history: History
    drafts: list[Draft] = field(default_factory=list)
    rule_results: list[RuleResult] = field(default_factory=list)

    def makes(self, kind: Kind) -> bool:
        return any(draft.kind is kind for draft in self.drafts)

    def credit_notes_of(self, invoice: Document) -> tuple[Draft, ...]:
        """Issued, and due in this decision."""
        issued = tuple(document.draft for document in self.history.credit_notes_of(invoice))
        return (*issued, *(draft for draft in self.drafts if draft.kind is Kind.CREDIT_NOTE))

    def fully_credited(self, invoice: Document) -> Reason | None:
        """Nothing is left, for instance after a credit by hand: a credit note of 0.00 is not made."""
        if credit_balance_of(invoice, self.credit_notes_of(invoice)).total > 0:
            return None
        return "nothing_remaining", Message("Nothing is left of {number} to credit.", number=invoice.number)

    def skip(self, rule: str, reason: Reason) -> None:
        self.rule_results.append(RuleResult(rule, False, *reason))

    def fire(self, rule: str, draft: Draft) -> None:
        waits = any(kept.draft.cause == draft.cause and needs_person(kept) for kept in self.history.drafts)
        self.drafts.append(draft)
        kind = KIND_TERMS[draft.kind]
        if waits:
            self.rule_results.append(
                RuleResult(rule, True, "draft_waits", Message("A draft of the {kind} waits for a person.", kind=kind))
            )
        else:
            self.rule_results.append(RuleResult(rule, True, "fired", Message("The {kind} is due.", kind=kind)))


def needs_person(kept: StoredDraft) -> bool:
    """Whether a draft that waits is a person's: what waited for an access point alone goes out when there is one, and what waited
    for the rest of its money once that came."""
    codes = {problem.code for problem in kept.draft.problems}
    return kept.discarded or not codes or not codes <= PASSES_BY_ITSELF
