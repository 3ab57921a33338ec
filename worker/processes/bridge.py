"""The bridge of this machine, asked from beside it."""

from http import HTTPStatus

import requests


def answers(url: str) -> bool:
    """Whether it answers at *url*. A proxy that is set for other people's servers is not asked."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=2).status_code == HTTPStatus.OK
    except requests.RequestException:
        return False
