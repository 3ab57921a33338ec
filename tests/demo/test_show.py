"""The demo, with one of the recorded orders; `.ci/run` and the README run it with all."""

import json
import shutil
import subprocess
import sys
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

    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", "demo", "--once", "--json", "--recordings", tmp_path],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )

    result = json.loads(done.stdout)
    assert result["differences"] == [f"{FREE}, order 247, order:247:invoice:1: total is '0.00', expected '0.01'"]
    assert (done.returncode, result["ok"], "Traceback" in done.stderr) == (1, False, False)
