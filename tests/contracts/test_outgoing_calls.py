"""Only `worker.net` opens connections to other people's servers: its sockets end with the talk, those of libraries do not."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# All that can open a connection and that is installed, or comes with Python.
CALLERS = {
    "aiohttp",
    "aiosmtpd",
    "asyncio",
    "ftplib",
    "http.client",
    "httpx",
    "imaplib",
    "niquests",
    "poplib",
    "requests",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "telnetlib",
    "urllib.request",
    "urllib3",
    "xmlrpc.client",
}
# What else may be named of them, and why it calls nobody.
ALLOWED = {
    "worker/mail/smtp.py": {
        "smtplib.SMTP",  # the type of what worker.net opened
        "smtplib.SMTPAuthenticationError",
        "smtplib.SMTPException",
        "smtplib.SMTPNotSupportedError",
        "smtplib.SMTPResponseException",
        "smtplib.SMTPServerDisconnected",
        "socket.gaierror",
        "ssl.SSLCertVerificationError",
        "ssl.SSLError",
    },
    "worker/mail/server_choice.py": {"socket.gaierror"},
    "worker/processes/supervisor.py": {"socket"},  # whether a port of this machine is free
    "worker/processes/bridge.py": {"http.client"},  # the bridge of this installation
    "worker/scheduler.py": {"socket.gethostname"},
    "bridge/server.py": {"socket"},  # takes connections
}
OURS = ("worker/net/", "worker/demo/")  # the demo's pretend shop calls the bridge beside it


def modules() -> Iterator[tuple[str, ast.Module]]:
    for room in ("worker", "bridge"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(OURS):
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def named(tree: ast.Module) -> set[str]:
    """The names of callers that *tree* uses: `socket.gaierror`, or `requests` where more than single names of it are."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and is_caller(node.module):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        if isinstance(node, ast.Import):
            for alias in node.names:
                if is_caller(alias.name):
                    used = uses(tree, alias.asname or alias.name)
                    found |= {f"{alias.name}.{attribute}" for attribute in used} or {alias.name}
    return found


def is_caller(module: str) -> bool:
    return any(module == caller or module.startswith(f"{caller}.") for caller in CALLERS)


def uses(tree: ast.Module, name: str) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == name}


def test_nothing_else_calls_other_peoples_servers() -> None:
    unexpected = {}
    for name, tree in modules():
        allowed = ALLOWED.get(name, set())
        found = {used for used in named(tree) if used not in allowed and used.rpartition(".")[0] not in allowed}
        if found:
            unexpected[name] = found
    assert unexpected == {}


@pytest.mark.slow
def test_no_library_of_ours_calls_on_its_own_account() -> None:
    """`woocommerce` would: its one method that calls is replaced in worker/woocommerce/rest.py."""
    calling = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for module in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
        if module.split(".")[0] == "woocommerce"
    }
    assert calling == {"worker/woocommerce/rest.py"}
