"""Print a draft before it gets a number, where the operator has templates of his own: ours are tried by the tests."""

from dataclasses import dataclass, field, replace

from worker.domain.document import Draft, Problem
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.rendering import Brand, preview_pdf
from worker.services import Services
from worker.shops.branding import brand_of


@dataclass
class Preflight:
    """Prints drafts before they get a number, where the operator has templates of his own: ours are tried by the tests."""

    services: Services
    checked: dict[str, tuple[Draft, Brand, Problem | None]] = field(default_factory=dict)

    def problem(self, shop: Shop, draft: Draft) -> Problem | None:
        """Why *draft* cannot be printed. The same draft is not printed twice. Raises Unavailable."""
        if self.services.settings.templates is None:
            return None
        brand = brand_of(self.services, shop)
        before = self.checked.get(draft.cause)
        if before is None or before[:2] != (draft, brand):
            before = self.checked[draft.cause] = (draft, brand, print_problem(draft, brand, test=shop.test))
        return before[2]

    def check(self, shop: Shop, draft: Draft) -> None:
        """Raises Rejected where *draft* cannot be printed."""
        problem = self.problem(shop, draft)
        if problem is not None:
            raise Rejected(problem.message, code=problem.code)


def print_problem(draft: Draft, brand: Brand, *, test: bool) -> Problem | None:
    try:
        preview_pdf(replace(draft, test=draft.test or test), brand=brand)
    except Rejected as error:
        return Problem(error.code, error.message)
    return None
