"""Makes ready what the first page of each kind would wait for: once a web worker answers, and slowly, as whoever asks meanwhile goes first."""

import time
from threading import Thread

from flask import Flask

from bridge.i18n.translate import CATALOG_PACKAGE
from worker import i18n

BEGINS_AFTER_S, PAUSE_S = 5.0, 0.2


def preload(app: Flask, *, pause_s: float = 0.0) -> None:
    """Read the words of each language, and make the code of each template, with pauses in between."""
    i18n.preload(CATALOG_PACKAGE)
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)
        time.sleep(pause_s)


def preload_later(app: Flask) -> None:
    """In a thread of its own; a web worker that starts is not slower for it."""

    def run() -> None:
        time.sleep(BEGINS_AFTER_S)
        preload(app, pause_s=PAUSE_S)

    Thread(target=run, name="preload", daemon=True).start()
