"""How gunicorn runs the bridge: `gunicorn -c python:bridge.gunicorn_conf "bridge:create_app()"`. The command line overrides all of it."""

import gc
import logging
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from bridge.preload import preload_later
from worker.settings import Settings
from worker.store.database import migration_lock
from worker.terminal import InertLines

bind = "127.0.0.1:8080"
# What an upload or SQLite makes is for us alone, also where gunicorn is started without our command.
umask = 0o077
worker_class = "bridge.server.BufferingWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
# The thread that enqueues and the database's connections belong to one process; neither survives a fork.
preload_app = False
timeout = 60
graceful_timeout = 30
# A heartbeat file on a busy disk can block long enough to look like a dead worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # memory, not a file that others find
# No control interface: nothing uses it.
control_socket_disable = True
# No access log: the proxy in front has one, and our paths hold keys to documents. Switched on, it hides them (below).
accesslog = None
errorlog = "-"
loglevel = os.environ.get("FACTURELAY_LOG_LEVEL", "INFO").lower()

# Whoever started us may have said that this signal is not for us, as nohup does of another; gunicorn asks nobody.
begins_anew = signal.getsignal(signal.SIGUSR2) is not signal.SIG_IGN

TOKEN = re.compile(r"(/(?:d|o|join|password|sender|set-up|webhooks/peppol|hooks/mollie)/)[^/\s?\"']+")


class HideTokens(logging.Filter):
    """Write /d/… for the address of a document, /join/… for an invitation: who reads the log must not be able to open them."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = f"{record.msg} {record.args}"
        with suppress(Exception):  # its values do not fit: whoever logged it goes on, and they show no token either
            said = record.getMessage()
        record.msg, record.args = TOKEN.sub(r"\1…", said), ()
        return True


def on_starting(_server: Any) -> None:
    """Before any worker exists, so that all of them inherit it, and before the first connection is taken."""
    os.umask(umask)
    gc.freeze()  # what is loaded is shared by all of them as long as nobody touches it
    gc.enable()
    migration_lock.wait(Settings.from_environment().data)
    for name in ("gunicorn.error", "gunicorn.access"):
        for one in (HideTokens(), InertLines()):
            logging.getLogger(name).addFilter(one)


def when_ready(_server: Any) -> None:
    if not begins_anew:
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def pre_exec(server: Any) -> None:
    """SIGUSR2: the same command once more. Of a program given to `python -c` gunicorn keeps the name alone."""
    server.START_CTX["args"] = sys.orig_argv


def post_fork(_server: Any, _worker: Any) -> None:
    """Send our own loggers' lines where gunicorn's go, in its format."""
    logging.basicConfig(
        level=os.environ.get("FACTURELAY_LOG_LEVEL", "INFO").upper(),
        format="[%(asctime)s] [%(process)d] [%(levelname)s] %(name)s: %(message)s",
    )
    for handler in logging.getLogger().handlers:
        for one in (HideTokens(), InertLines()):
            handler.addFilter(one)


def post_worker_init(worker: Any) -> None:
    """It can answer from here on."""
    preload_later(worker.wsgi)
