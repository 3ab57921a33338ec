"""One route: address, scope, parameters, answers. The router and the OpenAPI file are both made from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Response

from bridge.api.fields import RequestField
from worker.store.api_tokens import Scope


@dataclass(frozen=True)
class Route:
    """*rule* is werkzeug's, with `<id:…>` for ids; *answers* maps a status to the name of a schema, a media type, or "" for an empty body.

    The statuses that every route shares (401, 403, 429, and 422 where it takes anything) are not repeated. *scope* None: any token.
    """

    method: str
    rule: str
    view: Callable[..., Response]
    summary: str
    answers: Mapping[int, str]
    scope: Scope | None = None
    query: tuple[RequestField, ...] = ()
    body: tuple[RequestField, ...] = ()
    description: str = ""
    tag: str = "documents"

    @property
    def name(self) -> str:
        """The operation's name in the OpenAPI file, and the endpoint's."""
        return self.view.__name__

    @property
    def path(self) -> str:
        """The rule as OpenAPI writes it."""
        return self.rule.replace("<id:", "{").replace(">", "}")
