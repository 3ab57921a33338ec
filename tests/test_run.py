"""The runner itself: what it leaves out, and what a strict run does not let pass."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run import ROOT, SUITES, folder_of_tests, one_file_is_meant, selected
from tests.services.databases import KINDS, said_twice

PASSES = "def test_it() -> None: pass\n"
SKIPS = "import pytest\ndef test_it() -> None: pytest.skip('not today')\n"
SKIPS_WHOLE_FILE = "import pytest\npytest.skip('not today', allow_module_level=True)\n"
FAILS_AS_EXPECTED = "import pytest\n@pytest.mark.xfail\ndef test_it() -> None: assert False\n"
NEEDS_REDIS = "import pytest\n@pytest.mark.redis\ndef test_it() -> None: assert False\n" + PASSES.replace(
    "_it", "_other"
)


def run(tmp_path: Path, source: str, *arguments: str, machine: str | None = None) -> tuple[int, str]:
    """Exit code and words of a run over one test file. *machine* is the PATH it sees."""
    test = tmp_path / "test_one.py"
    test.write_text(source)
    place = (f"--config-file={ROOT / 'pyproject.toml'}", f"--rootdir={tmp_path}", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "run.py"), "--no-install", *place, *arguments, str(test)],
        capture_output=True,
        text=True,
        check=False,
        env=None if machine is None else {"PATH": machine},
    )
    return done.returncode, done.stdout + done.stderr


def test_green_stays_green(tmp_path: Path) -> None:
    assert run(tmp_path, PASSES)[0] == 0


UNPROVEN = pytest.mark.parametrize("source", [SKIPS, FAILS_AS_EXPECTED], ids=["skipped", "expected to fail"])


@UNPROVEN
def test_unproven_is_green_for_a_person(tmp_path: Path, source: str) -> None:
    assert run(tmp_path, source)[0] == 0


@pytest.mark.parametrize("processes", ["0", "2"])
@UNPROVEN
def test_unproven_is_red_when_strict(tmp_path: Path, source: str, processes: str) -> None:
    code, words = run(tmp_path, source, "--strict", "-n", processes)

    assert code == 1
    assert words.count("test_one.py::test_it was skipped or expected to fail") == 1
    assert re.fullmatch(r"=+ 1 (skipped|xfailed) in [0-9.]+s =+", words.splitlines()[-1])


@pytest.mark.parametrize("processes", ["0", "2"])
def test_file_skipped_as_a_whole_is_red_when_strict(tmp_path: Path, processes: str) -> None:
    code, words = run(tmp_path, SKIPS_WHOLE_FILE + PASSES, "--strict", "-n", processes)

    assert code != 0
    assert words.count("test_one.py was skipped or expected to fail") == 1


def test_tests_are_shared_out_unless_a_file_is_named() -> None:
    assert not one_file_is_meant(["--strict", "tests/domain", "-k", "rounding"])
    assert one_file_is_meant(["-x", "tests/domain/test_vat.py::test_it"])


def test_packages_are_fetched_before_pytest_is_there() -> None:
    # -S: Python's own modules alone
    command = [sys.executable, "-S", str(ROOT / "tests" / "run.py"), "--only-install", "--no-install"]
    assert subprocess.run(command, check=True, capture_output=True).stdout == b""


def test_what_all_tests_wrote_goes_with_them() -> None:
    with folder_of_tests(in_memory=True) as options:
        folder = Path(options[options.index("--basetemp") + 1]).parent
        assert folder.is_dir()
    assert not folder.exists()


def test_of_a_case_on_both_kinds_of_database_one_is_left_and_each_kind_has_its_share() -> None:
    both = {f"test_it[{kind}-{case}]": kind for case in range(40) for kind in KINDS}
    alone = {"test_other[sqlite]": "sqlite", "test_third[postgresql]": "postgresql"}

    left = both.keys() - said_twice(both | alone)

    assert sorted(name.rpartition("-")[2] for name in left) == sorted(f"{case}]" for case in range(40))
    assert {both[name] for name in left} == set(KINDS)
    assert not said_twice(both | alone) & alone.keys()


def test_suite_whose_needs_are_missing_is_left_out_and_named(tmp_path: Path) -> None:
    code, words = run(tmp_path, NEEDS_REDIS, machine=str(tmp_path))

    assert code == 0
    assert "1 passed, 1 deselected" in words
    assert "sudo apt-get install redis-server" in words


def test_suite_left_out_is_red_when_strict(tmp_path: Path) -> None:
    code, words = run(tmp_path, NEEDS_REDIS, "--strict", machine=str(tmp_path))

    assert code == 1
    assert "the queue tests on Redis, beside Valkey (redis) did not run" in words


def test_own_choice_of_markers_is_narrowed_never_widened() -> None:
    assert selected("redis or slow", SUITES[1:2]) == "(redis or slow) and not e2e and not redis"


def test_each_suite_has_its_marker_declared(pytestconfig: pytest.Config) -> None:
    declared = {line.split(":")[0] for line in pytestconfig.getini("markers")}

    assert {suite.marker for suite in SUITES} <= declared
