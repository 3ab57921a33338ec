"""The demo as the README promises it: every recorded order becomes what EXPECTED.json says."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_every_recorded_order_becomes_what_is_expected() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", "demo", "--once", "--json"],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    result = json.loads(done.stdout)
    assert result["differences"] == []
    assert (done.returncode, result["ok"], "Traceback" in done.stderr) == (0, True, False)
