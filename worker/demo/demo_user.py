"""Who looks at the demo's dashboard: a user of this demo alone, whose browser is signed in by the demo's own page."""

from datetime import datetime

from worker.services import Services
from worker.store import sessions, users
from worker.store.users import NewUser

# The name of the bridge's cookie over http. A browser sends it to every port of this machine, so the demo's page can set it.
COOKIE = "facturelay"
EMAIL = "demo@facturelay.example"


def add(services: Services) -> int:
    """Add the user, whom no password lets in. Returns its id."""
    with services.store.write() as connection:
        new = NewUser(email=EMAIL, name="Demo", password="", language="en", operator=True)
        return users.add(connection, new, now=services.now())


def sign_in(services: Services, user_id: int, language: str) -> str:
    """Begin a session in the language of the browser that comes, and return its token, for the cookie."""
    now: datetime = services.now()
    with services.store.write() as connection:
        users.change(connection, user_id, language=language)
        return sessions.begin(connection, user_id, agent="", now=now)
