"""Who makes a document legally exist. One file and one line here for each; a shop chooses by `numbering.core`."""

from collections.abc import Callable

from worker.errors import Rejected
from worker.invoicing.core import CoreContext, InvoicingCore
from worker.invoicing.cores.builtin import Builtin

CORES: dict[str, Callable[[CoreContext], InvoicingCore]] = {"builtin": Builtin}


def core_of(context: CoreContext) -> InvoicingCore:
    """The core that issues the documents of the context's shop. Raises Rejected when this installation does not have it."""
    name = context.shop.numbering.core
    if name not in CORES:
        raise Rejected(
            "The documents of {shop} are to be issued by “{core}”, which this installation does not have: choose another.",
            shop=context.shop.name,
            core=name,
            code="core_unknown",
        )
    return CORES[name](context)
