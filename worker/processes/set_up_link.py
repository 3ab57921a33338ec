"""How an installation gets its first person."""

from worker.domain.actor import Actor
from worker.services import Services
from worker.store import sessions, users
from worker.store.sessions import NewLink
from worker.store.users import Role


def set_up_link(services: Services) -> str | None:
    """A fresh link for the first operator; None once there is anybody."""
    with services.store.write() as connection:
        if users.has_any(connection):
            return None
        token = sessions.create_link(
            connection, NewLink(purpose="setup", email="", role=Role.OPERATOR), by=Actor("facturelay", services.now())
        )
    return f"{services.settings.public_url}/set-up/{token}"
