"""Use cases: what follows a number: the PDF, the mail, the note on the order. Each is a step that can be repeated."""

import pkgutil
from collections.abc import Callable

from worker.domain.step import StepType
from worker.errors import FacturelayError
from worker.services import Services
from worker.store.steps import LeasedSteps

# Does the step of the documents whose rows it is given; may be called twice, and touches no document. Returns what to remember of
# it, such as a Message-ID; raises NotNeeded, Rejected or Unavailable.
StepFunction = Callable[[Services, LeasedSteps], str]


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
