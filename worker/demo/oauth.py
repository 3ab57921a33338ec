"""How WooCommerce checks a request on plain http: OAuth 1.0a without tokens, read with PHP's eyes."""

import hashlib
import hmac
import re
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, quote, unquote

Params = dict[str, str | dict[str, str]]
"""A query as PHP's $_GET holds it: the last of two equal names wins, `name[]` and `name[0]` are arrays."""

_WINDOW_S = 15 * 60
_NEEDED = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
_METHODS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
_ARRAY = re.compile(r"([^\[]+)\[([^\]]*)\]$")


class SignatureRefused(Exception):
    """This request claims to be signed, and is not."""

    def __init__(self, message: str, *, code: str = "woocommerce_rest_authentication_error") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def php_query(query: str) -> Params:
    params: Params = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        match = _ARRAY.match(name)
        if match is None:
            params[name] = value
            continue
        outer, inner = match.groups()
        known = params.get(outer)
        array = known if isinstance(known, dict) else {}
        params[outer] = {**array, inner or str(len(array)): value}
    return params


class OAuthVerifier:
    """Knows one key pair and the nonces it has seen."""

    def __init__(self, consumer_key: str, consumer_secret: str) -> None:
        self._key = consumer_key
        self._secret = consumer_secret
        self._nonces: dict[str, int] = {}
        self._lock = threading.Lock()

    def verify(self, method: str, url: str, *, params: Params, now: float) -> bool:
        """True: signed with our key. False: nobody claims anything. Raises Refused otherwise."""
        given = {name: value for name in _NEEDED if isinstance(value := params.get(name), str) and value}
        if not given:
            # Basic auth and ?consumer_key= end here as well: WooCommerce ignores them without TLS.
            return False
        missing = [name for name in _NEEDED if name not in given]
        if missing:
            plural = "s" if len(missing) > 1 else ""
            code = "woocommerce_rest_authentication_missing_parameter"
            raise SignatureRefused(f"Missing OAuth parameter{plural} {', '.join(missing)}", code=code)
        if not hmac.compare_digest(given["oauth_consumer_key"], self._key):
            raise SignatureRefused("Consumer key is invalid.")
        self._check_signature(method, url, params=params, given=given)
        self._check_timestamp(given["oauth_timestamp"], given["oauth_nonce"], now=now)
        return True

    def _check_signature(self, method: str, url: str, *, params: Params, given: Mapping[str, str]) -> None:
        algorithm = _METHODS.get(given["oauth_signature_method"])
        if algorithm is None:
            raise SignatureRefused("Invalid signature - signature method is invalid.")
        text = f"{method.upper()}&{_encode(url)}&{_joined(params)}"
        wanted = b64encode(hmac.new(f"{self._secret}&".encode(), text.encode(), algorithm).digest()).decode()
        if not hmac.compare_digest(wanted, unquote(given["oauth_signature"].replace(" ", "+"))):
            raise SignatureRefused("Invalid signature - provided signature does not match.")

    def _check_timestamp(self, timestamp: str, nonce: str, *, now: float) -> None:
        signed_at = int(timestamp) if timestamp.isdigit() else 0
        if abs(now - signed_at) > _WINDOW_S:
            raise SignatureRefused("Invalid timestamp.")
        with self._lock:
            # WooCommerce forgets all but the last nonce of a second; remembering all of them is stricter.
            self._nonces = {n: at for n, at in self._nonces.items() if at >= now - _WINDOW_S}
            if nonce in self._nonces:
                raise SignatureRefused("Invalid nonce - nonce has already been used.")
            self._nonces[nonce] = signed_at


def _joined(params: Params) -> str:
    pairs = (pair for name in sorted(params) if name != "oauth_signature" for pair in _pairs(name, params[name]))
    return "%26".join(_encode(pair) for pair in pairs)


def _pairs(name: str, value: str | Mapping[str, str]) -> Iterator[str]:
    if isinstance(value, str):
        yield f"{_encode(name)}={_encode(value)}"
        return
    for inner, one in value.items():
        yield f"{_encode(name)}%5B{inner}%5D={_encode(one)}"


def _encode(text: str) -> str:
    return quote(text, safe="~")
