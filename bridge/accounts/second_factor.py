"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes for who lost it."""

import hashlib
import json
import re
import secrets as random
from datetime import datetime

import pyotp
import segno

from bridge.context import context
from worker.store import users
from worker.store.users import User

ISSUER = "Facturelay"
PERIOD_S = 30
# No letter or digit that looks like another one.
ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
RECOVERY_CODES = 8


def new_seed() -> str:
    return pyotp.random_base32()


def is_seed(text: str) -> bool:
    """Whether *text* could come from `new_seed`; it came back by way of a form."""
    return re.fullmatch("[A-Z2-7]{32}", text) is not None


def provisioning_uri(seed: str, email: str) -> str:
    """What the QR code says to an authenticator app."""
    return pyotp.TOTP(seed).provisioning_uri(name=email, issuer_name=ISSUER)


def qr(seed: str, email: str) -> str:
    """The QR code as an SVG data URI, black on white in both themes."""
    return segno.make(provisioning_uri(seed, email), error="m").svg_data_uri(scale=4, border=3, light="#fff")


def time_step_of(seed: str, code: str, *, now: datetime) -> int | None:
    """The time step that *code* belongs to: this one, or one beside it for clocks that differ. None for a wrong code."""
    digits = "".join(code.split())
    this = int(now.timestamp()) // PERIOD_S
    totp = pyotp.TOTP(seed)
    return next(
        (step for step in (this, this - 1, this + 1) if pyotp.utils.strings_equal(digits, totp.at(step * PERIOD_S))),
        None,
    )


def accept_code(user: User, code: str, *, now: datetime) -> bool:
    """Whether *code* signs *user* in: each code of the app and each recovery code works once."""
    step = time_step_of(context().encryption.decrypt(user.totp), code, now=now)
    with context().store.write() as connection:
        if step is not None:
            return users.use_totp_step(connection, user.user_id, step)
        hashes = json.loads(user.recovery)
        used = hashed(code)
        if used not in hashes:
            return False
        remaining = json.dumps([one for one in hashes if one != used])
        return users.use_recovery(connection, user.user_id, before=user.recovery, after=remaining)


def new_recovery_codes() -> tuple[str, ...]:
    """New recovery codes, xxxxx-xxxxx each."""
    letters = ("".join(random.choice(ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES))
    return tuple(f"{code[:5]}-{code[5:]}" for code in letters)


def as_stored(codes: tuple[str, ...]) -> str:
    return json.dumps([hashed(code) for code in codes])


def hashed(code: str) -> str:
    """50 random bits need no slow hash, and are tried ten times in a quarter of an hour at most."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(f"facturelay.recovery.v1:{plain}".encode()).hexdigest()
