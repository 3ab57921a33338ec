"""MariaDB, for WordPress alone: Facturelay itself never speaks to it."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services.process import Program, account, executable, run, running, scratch


@dataclass(frozen=True)
class MariaDB:
    """*socket* is the only way in; root has no password."""

    socket: Path
    pid: int

    def query(self, statement: str, *, database: str = "") -> list[str]:
        """The rows, one string each, columns parted by tabs."""
        return self.client(statement, database=database).splitlines()

    def client(self, script: str, *, database: str = "") -> str:
        """Run any number of statements."""
        done = subprocess.run(
            [*self.command("mariadb"), "--batch", "--skip-column-names", "--raw", *([database] if database else [])],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"MariaDB refused: {done.stderr}")
        return done.stdout

    def dump(self, database: str) -> str:
        """The whole database as statements for `client`."""
        return run([*self.command("mariadb-dump"), "--skip-comments", database])

    def command(self, name: str) -> list[str]:
        """A MariaDB client, deaf to whatever the machine's own configuration says."""
        return [executable(name, package="mariadb-client"), "--no-defaults", f"--socket={self.socket}", "--user=root"]


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A server with empty tables, on a Unix socket only."""
    user = account("mysql")
    with scratch("mariadb", owner=user, quick=True) as folder:
        data, path = folder / "data", folder / "mariadb.sock"
        install = executable("mariadb-install-db", package="mariadb-server")
        switches = ("--auth-root-authentication-method=normal", "--skip-test-db")
        run([install, "--no-defaults", f"--datadir={data}", *switches], user=user)
        command = [
            executable("mariadbd", package="mariadb-server"),
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={path}",
            "--skip-networking",
            "--character-set-server=utf8mb4",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M",
        ]
        with running(Program(command, log=folder / "log", user=user), ready=path.is_socket) as pid:
            yield MariaDB(socket=path, pid=pid)
