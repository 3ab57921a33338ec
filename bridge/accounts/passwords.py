"""Passwords: hashed by scrypt (werkzeug) and locked with the operator's key, long rather than complicated.

Who has the database alone, from a backup or by a hole, cannot even begin to guess: the key is not in it.
"""

from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from worker.errors import InvalidValue
from worker.store.database.encryption import Encryption

SHORTEST, LONGEST = 12, 200
# The most common passwords of at least this length.
COMMON = {
    "123456789012",
    "012345678901",
    "123123123123",
    "password1234",
    "passwordpassword",
    "wachtwoord12",
    "wachtwoord123",
    "wachtwoordwachtwoord",
    "motdepasse12",
    "motdepasse123",
    "passwort1234",
    "qwertyuiop12",
    "qwertyuiop123",
    "azertyuiop12",
    "azertyuiop123",
    "administrator",
    "welkom123456",
    "bienvenue123",
}


def check_strength(password: str, *, email: str) -> None:
    """Raise ValueError with a message for the form unless *password* is good enough."""
    if len(password) < SHORTEST:
        raise InvalidValue("This password is too short.")
    if len(password) > LONGEST:
        raise InvalidValue("Choose at most {count} characters.", count=LONGEST)
    lowered = password.lower()
    if (
        lowered in COMMON
        or len(set(lowered)) < 5
        or email.partition("@")[0].lower() in (lowered, lowered.rstrip("0123456789"))
    ):
        raise InvalidValue("This password is too easy to guess; choose another one.")


def as_stored(password: str, encryption: Encryption) -> str:
    return encryption.encrypt(hashed(password))


def hashed(password: str) -> str:
    return generate_password_hash(password, method="scrypt")


def matches(stored: str | None, password: str, encryption: Encryption) -> bool:
    """Whether *password* is the stored one. Without a stored one it takes as long, so that nobody learns who is known here."""
    known = check_password_hash(encryption.decrypt(stored) if stored else dummy_hash(), password[:LONGEST])
    return known and bool(stored)


@cache
def dummy_hash() -> str:
    return hashed("nobody has this password")
