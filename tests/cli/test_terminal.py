"""What strangers wrote reaches the operator's terminal and log as text, and is obeyed by neither."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from bridge import gunicorn_conf
from tests.cli.conftest import Facturelay, ShopAtHand
from tests.support.issued import a_draft
from worker.terminal import CONTROLS, InertLines, inert

MakeShop = Callable[..., ShopAtHand]
# Red from here on, a line that is wiped, a clipboard that is filled; the last in the form of eight bits.
OBEYED = "238\x1b[31m\x1b[2K\x1b]52;c;aGk=\x07\x9b31m"


def test_a_command_prints_it_and_gives_it_to_scripts_whole(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.issued(replace(a_draft(238), order_number=OBEYED))

    shown, told = (shop.facturelay("documents", "list", *options).out for options in ((), ("--json",)))
    refused = shop.facturelay("documents", "list", "--shop", OBEYED)

    assert inert(OBEYED) in shown
    assert (refused.code, inert(OBEYED) in refused.err) == (1, True)
    assert [CONTROLS.findall(text) for text in (shown, told, refused.err)] == [[], [], []]
    assert [one["order_number"] for one in json.loads(told)] == [OBEYED]


def test_a_line_of_the_log_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(InertLines())
    logging.getLogger("x").warning("The server answered: %s", f"550 no\r\n2026-11-30 INFO forged\u2028{OBEYED}")

    assert caplog.messages == [f"The server answered: 550 no 2026-11-30 INFO forged {inert(OBEYED)}"]


def test_what_went_wrong_is_told_so_below_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(InertLines())
    try:
        raise ValueError(OBEYED)
    except ValueError:
        logging.getLogger("x").exception("a step")

    assert CONTROLS.findall(caplog.text) == []
    assert caplog.text.endswith(f"ValueError: {inert(OBEYED)}\n")


def test_a_line_of_a_library_that_cannot_be_written_stops_nobody() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(InertLines())
    for words, value in (("%d pages", "two"), ("after %s", "it")):
        handler.handle(logging.LogRecord("x", logging.WARNING, "", 1, words, (value,), None))
    assert written.getvalue() == "after it\n"


def test_a_token_stays_hidden_where_the_values_of_a_line_do_not_fit() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(gunicorn_conf.HideTokens())
    for words, values in (("%d pages of %s", ("/d/secret-token",)), ("GET %s", ("/d/secret-token",))):
        handler.handle(logging.LogRecord("x", logging.WARNING, "", 1, words, values, None))
    assert "secret" not in written.getvalue()
    assert written.getvalue().count("/d/…") == 2


SAY = """
import logging
from worker.cli.options import log_to_stderr
from worker.settings import Settings
log_to_stderr(Settings.from_environment({"FACTURELAY_SECRET_KEY": "k" * 32}))
logging.getLogger("x").warning("a\\n%s", "b\\x1b[2K")
"""


def test_a_process_writes_its_log_so(facturelay: Facturelay) -> None:
    said = subprocess.run([sys.executable, "-c", SAY], capture_output=True, text=True, check=True).stderr

    assert said.endswith(" WARNING x: a b\ufffd[2K\n")
