"""Use cases: what follows a number: the PDF, the mail, the note on the order. Each is a step that can be repeated."""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from worker.domain.step import StepType
from worker.errors import FacturelayError
from worker.services import Services
from worker.store.steps import LeasedSteps


def nothing_more() -> None:
    """Nobody else is told."""


@dataclass(frozen=True)
class Done:
    """A step that was done. *detail*: what to remember of it, such as a Message-ID; or what writes down that and more, in the
    transaction in which the step ends. *then* tells others, when that is written down; it never fails.
    """

    detail: str | Callable[[Connection], str]
    then: Callable[[], None] = nothing_more


# Does the step of the documents whose rows it is given; may be called twice, and touches no document. Raises NotNeeded, Rejected or
# Unavailable.
StepFunction = Callable[[Services, LeasedSteps], Done]


class NotNeeded(FacturelayError):
    """The step has nothing to do; the message says why. Ends it as "skipped"."""

    code = "not_needed"


def function_of(step: StepType) -> StepFunction:
    found: StepFunction = pkgutil.resolve_name(step.function)
    return found
