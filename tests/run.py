"""Run every suite whose needs are on this machine, fetch what is missing where that is allowed, and say what was left out."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[1]
EVERYWHERE = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])
POLICY = Path("/usr/sbin/policy-rc.d")
# How many processes share the tests. Each starts servers of its own.
PROCESSES = 3
# Folders that one process runs as if they were one file: chaos twice at once would be no fair fight, and the tests of words each read
# all of our code and every catalog.
TOGETHER = ("tests/chaos/", "tests/i18n/")
PHP_MODULES = {"curl", "mbstring", "mysqli", "xml", "dom"}


@dataclass(frozen=True)
class Suite:
    """The tests under one marker. *here* looks at the machine and changes nothing."""

    marker: str
    what: str
    packages: tuple[str, ...]
    here: Callable[[], bool]


def command(*names: str) -> bool:
    """Whether one of these commands is on the machine, in the folders of administrators too."""
    return any(shutil.which(name, path=EVERYWHERE) for name in names)


def php_speaks_to_wordpress() -> bool:
    """Whether PHP is here with the modules WordPress and PHPUnit use."""
    if not command("php"):
        return False
    listed = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout.lower().split()
    return set(listed) >= PHP_MODULES


def postgres_is_here() -> bool:
    """Debian keeps the server's commands off the PATH."""
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or command("initdb")


def wordpress_is_here() -> bool:
    """WordPress's files, PHP, MariaDB and what the checks around them call."""
    return (
        Path("/usr/share/wordpress/wp-load.php").exists()
        and php_speaks_to_wordpress()
        and all(command(name) for name in ("mariadbd", "mariadb-install-db", "mariadb", "mariadb-dump"))
        and all(command(name) for name in ("phpunit", "xgettext"))
    )


WORDPRESS = (
    "wordpress",
    "mariadb-server",
    "php-cli",
    "php-mysql",
    "php-xml",
    "php-mbstring",
    "php-curl",
    "phpunit",
    "gettext",
)
SUITES = (
    Suite("postgres", "the database tests on PostgreSQL, beside SQLite", ("postgresql",), postgres_is_here),
    Suite("redis", "the queue tests on Redis, beside Valkey", ("redis-server",), lambda: command("redis-server")),
    Suite("wordpress", "the plugin inside a real WordPress", WORDPRESS, wordpress_is_here),
    Suite(
        "browser",
        "the dashboard in a real browser",
        ("chromium",),
        lambda: command("chromium", "chromium-browser", "google-chrome"),
    ),
    Suite("pdf_pictures", "the PDF pages as pictures", ("poppler-utils",), lambda: command("pdftoppm")),
)


class Tally:
    """A pytest plugin: counts what did not really run, and says above pytest's closing line what was left out."""

    def __init__(self, left_out: Sequence[Suite], *, strict: bool) -> None:
        self.left_out = left_out
        self.strict = strict
        self.unproven: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember each skipped test and each expected failure."""
        if report.skipped:
            self.unproven.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember each file skipped as a whole."""
        if report.skipped:
            self.unproven.append(report.nodeid)

    def faults(self) -> list[str]:
        """Why a strict run is red although no test failed, a sentence each."""
        if not self.strict:
            return []
        faults = [f"{suite.what} ({suite.marker}) did not run" for suite in self.left_out]
        return faults + [f"{nodeid} was skipped or expected to fail" for nodeid in self.unproven]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The list at the end; pytest's closing line stays the last one."""
        if self.left_out:
            terminalreporter.section("left out: what they need is not on this machine")
            for suite in self.left_out:
                terminalreporter.line(f"{suite.marker:13} {suite.what}")
                terminalreporter.line(f"{'':13} sudo apt-get install {' '.join(suite.packages)}")
        if faults := self.faults():
            terminalreporter.section("red: strict lets nothing go unproven")
            for fault in faults:
                terminalreporter.line(fault)


class Sharing:
    """A pytest plugin: how the tests are shared out where several processes run them."""

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> object:
        """Whole files, in the order collected."""
        from xdist.scheduler import LoadFileScheduling  # pytest itself must be the first to import xdist

        class ByFile(LoadFileScheduling):  # type: ignore[misc]  # xdist publishes no types
            def _split_scope(self, nodeid: str) -> str:
                return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])

        return ByFile(config, log)


def main(arguments: Sequence[str]) -> int:
    """The exit code: pytest's own, or 1 where only strictness objects."""
    options, for_pytest = parser().parse_known_args(arguments)
    os.chdir(ROOT)
    keep_bytecode()
    missing = [suite for suite in SUITES if not suite.here()]
    if missing and options.install and may_install():
        install(missing)
        missing = [suite for suite in SUITES if not suite.here()]
    if options.only_install:
        return 0
    for suite in SUITES:
        say(f"{suite.marker:13} {'left out' if suite in missing else 'runs'}: {suite.what}")
    import pytest  # --only-install runs before it is there

    tally = Tally(missing, strict=options.strict)
    sharing = (
        [] if one_file_is_meant(for_pytest) else ["-n", str(PROCESSES), "--dist", "loadfile", "--no-loadscope-reorder"]
    )
    without_postgres = "postgres" in options.marker or any(suite.marker == "postgres" for suite in missing)
    if sharing and not options.each_database and not without_postgres:
        sharing.append("--one-database")
    # The same examples every time: what was green yesterday is red today only because of a change.
    repeatable = ["--hypothesis-profile=ci"] if options.strict else []
    selection = ["-m", selected(options.marker, missing)]
    with folder_of_tests(in_memory=bool(sharing)) as place:
        code = int(pytest.main([*sharing, *place, *repeatable, *for_pytest, *selection], plugins=[tally, Sharing()]))
    return code or int(bool(tally.faults()))


@contextmanager
def folder_of_tests(*, in_memory: bool) -> Iterator[list[str]]:
    """Where the files of thousands of tests are, none of which is to wait for its disk; of one file they are left to be looked at."""
    if not in_memory:
        yield []
        return
    from tests.services.process import scratch  # found from the root, which is no place of this file's own

    with scratch("tests", quick=True) as folder:
        yield ["--basetemp", str(folder / "each"), "-o", "tmp_path_retention_policy=failed"]


def keep_bytecode() -> None:
    """Where nothing compiled is kept, each of the hundreds of processes that the tests start would compile all of our code again."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def one_file_is_meant(for_pytest: Sequence[str]) -> bool:
    """Whether a file or a test is named: starting several processes would take longer than it spares."""
    return any(".py" in argument for argument in for_pytest)


def parser() -> argparse.ArgumentParser:
    """What we understand; everything else is pytest's."""
    names = ", ".join(suite.marker for suite in SUITES)
    known = argparse.ArgumentParser(
        prog="make test",
        description=f"{__doc__} Suites with needs: {names}. As root on Debian or Ubuntu the missing packages are installed.",
        epilog="Everything else goes to pytest: make test ARGS='tests/domain -k rounding -x'. "
        "Exit codes are pytest's (0 all passed, 1 failures, 2 interrupted, 4 wrong use, 5 no tests).",
        allow_abbrev=False,
    )
    known.add_argument(
        "--strict", action="store_true", help="red when a suite was left out or a test skipped or expected to fail"
    )
    known.add_argument(
        "--no-install", dest="install", action="store_false", help="never install packages, run what is there"
    )
    known.add_argument("--only-install", action="store_true", help="install what is missing, and run nothing")
    known.add_argument("--each-database", action="store_true", help="walk every road on both kinds of database")
    known.add_argument("-m", dest="marker", default="", help="pytest's -m, narrowed to what can run here")
    return known


def selected(marker: str, missing: Sequence[Suite]) -> str:
    """The -m expression. e2e talks to a shop of somebody's own and is never part of this."""
    without = " and ".join(f"not {name}" for name in ["e2e", *(suite.marker for suite in missing)])
    return f"({marker}) and {without}" if marker else without


def may_install() -> bool:
    """Root on a machine with apt."""
    return os.geteuid() == 0 and command("apt-get")


def install(missing: Sequence[Suite]) -> None:
    """One apt call for everything. What fails is left out later."""
    everything = sorted({package for suite in missing for package in suite.packages})
    say(f"Installing {' '.join(everything)} (some minutes on a fresh machine) ...")
    with no_service_starts():
        apt_get("update")
        if not apt_get("install", *everything):
            # One name this system does not know (Ubuntu has no chromium) refuses them all.
            for suite in missing:
                apt_get("install", *suite.packages)


def apt_get(step: str, *packages: str) -> bool:
    """Whether it worked. Asks nothing, and is heard only when it fails."""
    done = subprocess.run(
        ["apt-get", "-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", step, *packages],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        say(done.stderr)
    return done.returncode == 0


@contextmanager
def no_service_starts() -> Iterator[None]:
    """The tests start servers of their own; without systemd, Debian's would even make the installation fail."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def say(message: str) -> None:
    """Progress, at once even through a pipe."""
    print(message, flush=True)


if __name__ == "__main__":
    # Python put tests/ first; the packages are one folder up.
    sys.path[0] = str(ROOT)
    sys.exit(main(sys.argv[1:]))
