"""The demo, with one of the recorded orders; `.ci/run` and the README run it with all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from worker.cli.processes import default_recordings

FREE = "s10-free-order"


@pytest.mark.slow
def test_an_order_that_becomes_something_else_than_expected_is_told_and_nothing_else_is(tmp_path: Path) -> None:
    shutil.copytree(default_recordings() / FREE, tmp_path / FREE)
    expected = json.loads((default_recordings() / "EXPECTED.json").read_text())
    expected[FREE]["247"]["documents"][0]["total"] = "0.01"
    (tmp_path / "EXPECTED.json").write_text(json.dumps(expected))

    done = subprocess.Popen(
        [sys.executable, "-m", "worker.cli", "demo", "--once", "--json", "--recordings", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # By this gunicorn would begin a second bridge: it changes nothing.
    for told in (done.pid, *parts_of(done)):
        os.kill(told, signal.SIGUSR2)
    said, errors = done.communicate(timeout=600)

    result = json.loads(said)
    assert result["differences"] == [f"{FREE}, order 247, order:247:invoice:1: total is '0.00', expected '0.01'"]
    assert (done.returncode, result["ok"], "Traceback" in errors) == (1, False, False)


def parts_of(started: subprocess.Popen[str]) -> list[int]:
    """Its processes, once the first is there."""
    while started.poll() is None:
        if parts := Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split():
            return list(map(int, parts))
        time.sleep(0.05)
    return []
