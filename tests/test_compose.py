"""docker-compose.yml against the code: what it starts exists, what it sets is known, what must last has a volume."""

import ipaddress
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from bridge import gunicorn_conf
from bridge.i18n.translate import CATALOG_PACKAGE
from worker.cli import commands
from worker.i18n import LANGUAGES, Translator
from worker.processes.broker import RIGHTS
from worker.processes.supervisor import STOP_TIMEOUT_S
from worker.settings import KNOWN

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = {name: part for name, part in COMPOSE["services"].items() if part.get("image", "").startswith("facturelay:")}


def test_there_is_a_process_of_each_kind() -> None:
    assert OURS.keys() == {"migrate", "bridge", "worker", "long-worker", "scheduler"}
    assert {"proxy", "postgres", "valkey"} <= COMPOSE["services"].keys()


@pytest.mark.parametrize("name", OURS)
def test_every_command_parses(name: str) -> None:
    words = shlex.split(OURS[name]["command"])
    group = click.Context(commands, **commands.context_settings)
    command = commands.get_command(group, words[0])
    assert command is not None
    # With its group, as when it is called: a command keeps the help option that it is first given.
    command.make_context(words[0], words[1:], parent=group)


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_known(name: str) -> None:
    assert set(OURS[name]["environment"]) - {"DATABASE_URL", "REDIS_URL"} <= set(KNOWN)


@pytest.mark.parametrize("name", OURS)
def test_bridge_and_workers_share_the_archive(name: str) -> None:
    assert "archive:/data" in OURS[name]["volumes"]
    assert OURS[name]["environment"]["FACTURELAY_DATA"] == "/data"


@pytest.mark.parametrize("name", ["bridge", "worker", "long-worker", "scheduler", "postgres", "valkey"])
def test_what_runs_has_a_health_check(name: str) -> None:
    assert COMPOSE["services"][name]["healthcheck"]["test"]


@pytest.mark.parametrize(("name", "volume"), [("postgres", "postgres"), ("proxy", "caddy")])
def test_what_must_last_has_a_volume(name: str, volume: str) -> None:
    assert any(mount.startswith(f"{volume}:") for mount in COMPOSE["services"][name]["volumes"])
    assert volume in COMPOSE["volumes"]


def test_what_is_at_hand_is_finished_before_a_process_is_killed() -> None:
    """Docker kills after ten seconds where nothing else is said."""
    grace = {name: int(str(part.get("stop_grace_period", "10s")).removesuffix("s")) for name, part in OURS.items()}
    assert grace["bridge"] > gunicorn_conf.graceful_timeout
    assert grace["worker"] == grace["long-worker"] > STOP_TIMEOUT_S


def test_valkey_keeps_nothing_on_the_disk_as_the_embedded_one() -> None:
    """A full disk or a damaged file would keep all work waiting for what nobody needs."""
    words = COMPOSE["services"]["valkey"]["command"]
    assert words[1:5] == ["--appendonly", "no", "--save", ""]
    assert "volumes" not in COMPOSE["services"]["valkey"]


def test_migrations_run_once_before_the_rest() -> None:
    assert OURS["migrate"]["restart"] == "no"
    for name in ("bridge", "worker", "scheduler"):
        assert OURS[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_only_the_proxy_is_reached_from_outside() -> None:
    open_to_all = {
        name
        for name, part in COMPOSE["services"].items()
        for port in part.get("ports", [])
        if not str(port).startswith("127.0.0.1:")
    }
    assert open_to_all == {"proxy"}


def test_the_proxy_that_is_believed_is_the_one_that_runs() -> None:
    proxy = COMPOSE["services"]["proxy"]
    address = proxy["networks"]["default"]["ipv4_address"]
    subnet = COMPOSE["networks"]["default"]["ipam"]["config"][0]["subnet"]
    believed = {OURS[name]["environment"]["FACTURELAY_TRUSTED_PROXIES"] for name in OURS}
    assert believed == {f"${{FACTURELAY_TRUSTED_PROXIES:-{address}}}"}
    assert ipaddress.ip_address(address) in ipaddress.ip_network(subnet)
    assert "./Caddyfile:/etc/caddy/Caddyfile:ro" in proxy["volumes"]
    caddyfile = (ROOT / "Caddyfile").read_text(encoding="utf-8")
    assert all(end in caddyfile for end in ("read_header 10s", "read_body 40s", "reverse_proxy bridge:8080"))


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_what_keeps_our_state_is_reached_by_our_own_processes_alone_and_with_a_password(name: str) -> None:
    may = {other for other, part in COMPOSE["services"].items() if "storage" in part.get("networks", ["default"])}
    assert may == {*OURS, "postgres", "valkey"}
    assert COMPOSE["networks"]["storage"] == {"internal": True}
    assert "PASSWORD:?" in str(COMPOSE["services"][name])


def test_valkey_gives_no_more_rights_than_the_embedded_one() -> None:
    words = COMPOSE["services"]["valkey"]["command"]
    assert " ".join(words[words.index("~rq:*") :]) == f"~rq:* resetchannels {RIGHTS}"


def test_the_image_holds_what_the_requirements_pin() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes -r requirements/runtime.txt" in dockerfile
    assert 'ENTRYPOINT ["facturelay"]' in dockerfile


def test_no_container_that_starts_before_the_proxy_gets_its_address() -> None:
    address = ipaddress.ip_address(COMPOSE["services"]["proxy"]["networks"]["default"]["ipv4_address"])
    given_out = COMPOSE["networks"]["default"]["ipam"]["config"][0]["ip_range"]
    assert address not in ipaddress.ip_network(given_out)


def test_what_the_example_names_reaches_the_containers() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    fixed = {"FACTURELAY_DATA", "DATABASE_URL", "REDIS_URL"}
    assert {name for name in named - fixed if f"${{{name}" not in text} == set()


def test_the_image_has_the_tools_of_the_servers_version_for_backups() -> None:
    version = COMPOSE["services"]["postgres"]["image"].partition(":")[2]
    assert f"postgresql-client-{version}" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_while_the_bridge_is_away_the_proxy_says_what_its_own_page_says(language: str) -> None:
    """Caddy answered with an empty page."""
    words = Translator(language, package=CATALOG_PACKAGE)
    sentence = words.gettext("This page cannot be shown right now. Try again in a minute.")
    said = f'<p lang="{language}"><b>{words.gettext("Not reachable right now")}.</b> {sentence}</p>'
    assert said in (ROOT / "Caddyfile").read_text(encoding="utf-8")
