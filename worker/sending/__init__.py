"""Use cases: what follows a number: the PDF, the mail, the note on the order. Each is a step that can be repeated."""

import pkgutil
from collections.abc import Callable

from sqlalchemy import Connection

from worker.domain.step import StepType
from worker.errors import FacturelayError
from worker.services import Services
from worker.store.steps import LeasedSteps

# What to remember of a step, such as a Message-ID; or what writes down that and more, in the transaction in which the step ends.
Result = str | Callable[[Connection], str]
# Does the step of the documents whose rows it is given; may be called twice, and touches no document. Raises NotNeeded, Rejected or
# Unavailable.
StepFunction = Callable[[Services, LeasedSteps], Result]


class NotNeeded(FacturelayError):
    """The step has nothing to do; the message says why. Ends it as "skipped"."""

    code = "not_needed"


def function_of(step: StepType) -> StepFunction:
    found: StepFunction = pkgutil.resolve_name(step.function)
    return found


def tell(step: StepType, services: Services, leased: LeasedSteps) -> None:
    """Tell others that a step is done. Never fails."""
    if step.then:
        then: Callable[[Services, LeasedSteps], None] = pkgutil.resolve_name(step.then)
        then(services, leased)
