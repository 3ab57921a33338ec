"""People in front of the pages: strangers, and who signed in, each with a browser of their own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO

from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from tests.support.bridge_app import NOW, BridgeApp
from worker.store import users
from worker.store.database.encryption import Encryption
from worker.store.users import NewUser, Role

PASSWORD = "vier gewone woorden"
# By scrypt as ours are, but quick: it is slow on purpose, and tests sign in a hundred times.
HASHED = generate_password_hash(PASSWORD, method="scrypt:1024:8:1")
SITE = "https://documents.example"


def sentences(text: str) -> str:
    """A page with its sentences whole: a number of a document within one is kept on one line by a span."""
    return re.sub(r'<span class="keep">([^<]*)</span>', r"\1", text)


@dataclass
class Visitor:
    """A browser: it keeps cookies, and sends back the token of the last form it saw."""

    app: BridgeApp
    client: FlaskClient = field(init=False)
    form_token: str = ""

    def __post_init__(self) -> None:
        self.client = self.app.client.application.test_client()

    def get(self, path: str) -> TestResponse:
        return self.kept(self.client.get(path, base_url=SITE))

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form, and say yes where its page asks once more (`asked` says what it asks)."""
        answer = self.asked(path, **fields)
        is_question = 'name="confirmed"' in answer.text
        return self.asked(path, confirmed="1", **fields) if is_question else answer

    def asked(self, path: str, **fields: str) -> TestResponse:
        """Send a form once, and say nothing to what its page asks."""
        return self.kept(self.client.post(path, base_url=SITE, data={"form_token": self.form_token, **fields}))

    def upload(self, path: str, *, content: bytes, name: str) -> TestResponse:
        data = {"form_token": self.form_token, "file": (BytesIO(content), name)}
        return self.kept(self.client.post(path, base_url=SITE, data=data, content_type="multipart/form-data"))

    def open(self, method: str, path: str) -> TestResponse:
        return self.kept(self.client.open(path, method=method, base_url=SITE, data={"form_token": self.form_token}))

    def kept(self, answer: TestResponse) -> TestResponse:
        if "html" in answer.headers.get("Content-Type", ""):
            found = re.search(r'name="form_token" value="([0-9a-f]+)"', answer.text)
            self.form_token = found[1] if found else self.form_token
        return answer

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
        self.get("/sign-in")
        answer = self.post("/sign-in", email=email, password=password, **more)
        if answer.status_code == HTTPStatus.SEE_OTHER:
            self.get("/account")
        return answer


def a_user(app: BridgeApp, email: str, *, operator: bool = False, roles: Mapping[str, Role] | None = None) -> int:
    """Make somebody who can sign in with PASSWORD; *roles* by shop id."""
    with app.store.write() as connection:
        user_id = users.add(connection, NewUser(email=email, name=email.partition("@")[0].title(), password=Encryption(app.settings.secret_keys).encrypt(HASHED), language="en", operator=operator), now=NOW)  # fmt: skip
        for shop_id, role in (roles or {}).items():
            users.give_role(connection, user_id, shop_id, role)
    return user_id


def signed_in(
    app: BridgeApp, email: str, *, operator: bool = False, roles: Mapping[str, Role] | None = None
) -> Visitor:
    a_user(app, email, operator=operator, roles=roles)
    visitor = Visitor(app)
    assert visitor.sign_in(email).status_code == HTTPStatus.SEE_OTHER
    return visitor
