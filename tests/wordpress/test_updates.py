"""A newer version from the connected Facturelay, offered and installed by WordPress itself, and by nobody else's word."""

import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.plugin.package import Package, pack
from tests.services.wordpress import PLUGIN, WordPress, php_string
from worker.net.request_signature import signature

SECRET = "7e" * 32
ZIP = "/plugin/facturelay.zip"
# WordPress asks its own server before it asks anybody else; here nobody is asked but Facturelay.
QUIET = """
add_filter( 'pre_http_request', static function ( $answer, $arguments, $url ) {
	$home = false !== strpos( $url, 'api.wordpress.org' );
	return $home ? array( 'headers' => array(), 'body' => '{"plugins":[],"translations":[],"no_update":[]}', 'response' => array( 'code' => 200, 'message' => 'OK' ), 'cookies' => array() ) : $answer;
}, 10, 3 );
require_once ABSPATH . 'wp-admin/includes/admin.php';
require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
wp_set_current_user( 1 );
wp_update_plugins();
$offer = get_site_transient( 'update_plugins' )->response['facturelay/facturelay.php'] ?? null;
"""
INSTALL = """
$skin = new Automatic_Upgrader_Skin();
$done = ( new Plugin_Upgrader( $skin ) )->bulk_upgrade( array( 'facturelay/facturelay.php' ) )['facturelay/facturelay.php'];
echo wp_json_encode( array( 'done' => is_array( $done ) ? $done['destination_name'] : null, 'messages' => $skin->get_upgrade_messages() ) );
"""


@dataclass
class House:
    """A Facturelay that hands out one zip, and the paths it was asked for."""

    url: str
    package: Package
    handed_out: bytes
    asked: list[str]


@pytest.fixture
def newer(tmp_path: Path) -> Package:
    folder = tmp_path / "facturelay"
    shutil.copytree(PLUGIN, folder)
    for name in ("facturelay.php", "src/Plugin.php"):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace("Version: 0.1.0", "Version: 9.1.0").replace("'0.1.0'", "'9.1.0'"))
    return pack(folder)


@pytest.fixture
def house(newer: Package) -> Iterator[House]:
    found = House("", newer, newer.content, [])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/zip")
            self.send_header("Content-Length", str(len(found.handed_out)))
            self.end_headers()
            self.wfile.write(found.handed_out)

        def log_request(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


def heard(wordpress: WordPress, house: House, *, secret: str = SECRET) -> None:
    """A connected shop after a heartbeat that named the newer version."""
    wordpress.activate("woocommerce", "facturelay")
    package = house.package
    update = {
        "version": package.version,
        "sha256": package.sha256,
        "signature": signature(secret, "", package.version, ZIP, package.sha256.encode()),
        "requires": "6.1",
        "requires_php": "7.4",
    }
    connection = {
        "bridge": house.url,
        "secret": SECRET,
        "site": hashlib.sha256(wordpress.url.removeprefix("http://").encode()).hexdigest(),
        "private": house.url.removeprefix("http://"),
        "person": 1,
    }
    for option, value in (("facturelay_connection", connection), ("facturelay_heard", {"update": update})):
        wordpress.php(f"update_option( '{option}', json_decode( {php_string(json.dumps(value))}, true ) );")


def installed(wordpress: WordPress) -> str:
    text = (wordpress.folder / "wp-content" / "plugins" / "facturelay" / "facturelay.php").read_text()
    return text.partition("Version: ")[2].partition("\n")[0]


def test_an_older_version_is_offered_the_newer_one_and_installs_it(wordpress: WordPress, house: House) -> None:
    heard(wordpress, house)

    offer = json.loads(wordpress.php(QUIET + "echo wp_json_encode( $offer );"))
    answer = json.loads(wordpress.php(QUIET + INSTALL))

    assert (offer["new_version"], offer["package"], offer["requires_php"]) == ("9.1.0", f"{house.url}{ZIP}", "7.4")
    assert (answer["done"], installed(wordpress), house.asked) == ("facturelay", "9.1.0", [ZIP])
    assert wordpress.json("get_option( 'facturelay_connection' )['secret']") == SECRET
    assert wordpress.json("in_array( 'facturelay/facturelay.php', get_option( 'active_plugins' ), true )") is True


def test_a_zip_that_is_not_the_announced_one_is_not_installed(wordpress: WordPress, house: House) -> None:
    heard(wordpress, house)
    house.handed_out = house.package.content.replace(b"Automatic", b"automatic")
    assert hashlib.sha256(house.handed_out).hexdigest() != house.package.sha256

    answer = wordpress.php(QUIET + INSTALL)

    assert (installed(wordpress), house.asked) == ("0.1.0", [ZIP])
    assert "not the one that your Facturelay announced" in answer


MANAGER = """
$manager = wp_insert_user( array( 'user_login' => 'manager', 'user_pass' => 'x', 'role' => 'shop_manager' ) );
update_option( 'facturelay_connection', array( 'person' => $manager ) + get_option( 'facturelay_connection' ) );
"""


@pytest.mark.parametrize("case", ["signed by another", "older", "a copy of the shop", "connected by a shop manager"])
def test_nothing_else_is_offered(wordpress: WordPress, house: House, case: str) -> None:
    if case == "older":
        house.package = Package("0.0.9", house.package.content, {})
    heard(wordpress, house, secret="0f" * 32 if case == "signed by another" else SECRET)
    if case == "a copy of the shop":
        wordpress.php(
            "update_option( 'facturelay_connection', array( 'site' => 'https://shop.example' ) + get_option( 'facturelay_connection' ) );"
        )
    if case == "connected by a shop manager":
        wordpress.php(MANAGER)

    assert json.loads(wordpress.php(QUIET + "echo wp_json_encode( $offer );")) is None
    assert house.asked == []


def test_what_was_offered_before_is_not_installed_once_a_shop_manager_connected_the_shop(
    wordpress: WordPress, house: House
) -> None:
    heard(wordpress, house)
    assert json.loads(wordpress.php(QUIET + "echo wp_json_encode( $offer );")) is not None

    answer = wordpress.php(QUIET + MANAGER + INSTALL)

    assert "not the one that your Facturelay announced" in answer
    assert (installed(wordpress), house.asked) == ("0.1.0", [])


def test_the_details_of_the_update_are_asked_of_nobody(wordpress: WordPress, house: House) -> None:
    heard(wordpress, house)

    told = json.loads(
        wordpress.php(
            QUIET
            + "require_once ABSPATH . 'wp-admin/includes/plugin-install.php';"
            + "echo wp_json_encode( plugins_api( 'plugin_information', array( 'slug' => 'facturelay' ) ) );"
        )
    )

    assert (told["version"], told["download_link"], house.asked) == ("9.1.0", f"{house.url}{ZIP}", [])
