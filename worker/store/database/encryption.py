"""Secrets at rest: encrypted under FACTURELAY_SECRET_KEY. The first key encrypts, every key of the list decrypts (rotation)."""

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from worker.errors import Rejected


class Encryption:
    """Encrypts and decrypts short texts. Raises Rejected when no key of the list fits."""

    def __init__(self, secret_keys: tuple[str, ...]) -> None:
        if not secret_keys:
            raise Rejected(
                "FACTURELAY_SECRET_KEY is not set; make one with: openssl rand -hex 32", code="secret_key_missing"
            )
        self._fernet = MultiFernet([Fernet(derive_key(key)) for key in secret_keys])

    def encrypt(self, plain: str) -> str:
        return self._fernet.encrypt(plain.encode()).decode("ascii")

    def decrypt(self, encrypted: str) -> str:
        try:
            return self._fernet.decrypt(encrypted.encode("ascii")).decode()
        except InvalidToken as error:
            raise Rejected(
                "The keys of the shop cannot be read: the secret of this installation is not the one with which they were "
                "stored. Whoever runs Facturelay can put it back.",
                code="secret_key_wrong",
            ) from error


@cache  # slow on purpose
def derive_key(key: str) -> bytes:
    # One purpose, one key: the links are signed under another derivation of the same secret.
    return base64.urlsafe_b64encode(
        hashlib.scrypt(key.encode(), salt=b"facturelay.encryption", n=2**10, r=8, p=1, dklen=32)
    )
