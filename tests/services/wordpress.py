"""A real WordPress: Debian's files in a folder of its own, its tables in our MariaDB, PHP's own web server in front."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.services.mariadb import MariaDB
from tests.services.process import Program, answers, executable, free_port, run, running, scratch

REPOSITORY = Path(__file__).parents[2]
PLUGIN = REPOSITORY / "wp-plugin" / "facturelay"
PHP_TESTS = REPOSITORY / "tests" / "wordpress" / "php"
DEBIAN_FILES = Path("/usr/share/wordpress")

# Errors go where the tests look for them, not among what PHP prints.
PHP = (
    "php",
    "-d",
    "display_errors=stderr",
    "-d",
    "error_reporting=-1",
    "-d",
    "log_errors=0",
    "-d",
    "memory_limit=512M",
)

STRICTLY = (
    "--no-configuration",
    "--do-not-cache-result",
    "--disallow-test-output",
    "--fail-on-warning",
    "--fail-on-risky",
    "--fail-on-skipped",
    "--fail-on-incomplete",
    "--testdox",
)

CONFIG = """<?php
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'root' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:{socket}' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'WP_HOME', '{url}' );
define( 'WP_SITEURL', '{url}' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', '{folder}/debug.log' );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1,localhost' );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'DISABLE_WP_CRON', true );
define( 'FS_METHOD', 'direct' );
{salts}
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {{
\tdefine( 'ABSPATH', __DIR__ . '/' );
}}
require_once ABSPATH . 'wp-settings.php';
"""
SALTS = [f"{scheme}_{kind}" for scheme in ("AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE") for kind in ("KEY", "SALT")]

INSTALL = """
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install( 'A shop', 'owner', 'owner@example.com', true, '', 'correct horse' );
update_option( 'template', 'plain' );
update_option( 'stylesheet', 'plain' );
"""

# Debian's package holds no theme, and a page without one is white.
THEME = {
    "style.css": "/*\nTheme Name: Plain\n*/\n",
    "index.php": "<!doctype html><html><head><?php wp_head(); ?></head>"
    "<body><h1><?php bloginfo( 'name' ); ?></h1><?php wp_footer(); ?></body></html>\n",
}


@dataclass(frozen=True)
class WordPress:
    """One site. The owner signs in as `owner` with `correct horse`. Mail is kept in a file instead of sent."""

    folder: Path
    url: str
    mariadb: MariaDB

    def php(self, code: str) -> str:
        """Run *code* inside the loaded WordPress; return what it prints."""
        return self.script(f"require {php_string(self.folder / 'wp-load.php')};\n{code}")

    def script(self, code: str) -> str:
        """Run *code* with nothing loaded yet, as the owner of the machine would on the command line."""
        # From a file: PHP's -r has no __FILE__, and a strict_types line must come first.
        script = self.folder.parent / "script.php"
        script.write_text(f"<?php\n{code}\n")
        return run([*PHP, *self.compiled, script], env={"FACTURELAY_WORDPRESS": str(self.folder)})

    @property
    def compiled(self) -> tuple[str, ...]:
        """Keep what PHP makes of WordPress's own files, of which each process would make it again; tests change only the others."""
        folder = self.folder.parent / "compiled"
        options = {"enable_cli": 1, "file_cache": folder, "file_cache_only": 1, "blacklist_filename": folder / "not"}
        return tuple(part for name in options for part in ("-d", f"opcache.{name}={options[name]}"))

    def json(self, expression: str) -> Any:
        """The value of a PHP expression."""
        return json.loads(self.php(f"echo wp_json_encode( {expression} );"))

    def add_plugin(self, source: Path) -> None:
        """Put a plugin's folder where an unpacked zip would go."""
        shutil.copytree(source, self.folder / "wp-content" / "plugins" / source.name)

    def activate(self, *names: str) -> None:
        """Activate plugins one after the other, each in a request of its own, as a person does."""
        for name in names:
            self.php(
                "require_once ABSPATH . 'wp-admin/includes/plugin.php';"
                f"$result = activate_plugin( {php_string(f'{name}/{name}.php')} );"
                "if ( is_wp_error( $result ) ) { fwrite( STDERR, $result->get_error_message() ); exit( 1 ); }"
            )

    def remove(self, name: str) -> None:
        """Deactivate and delete a plugin, as the button in wp-admin does."""
        self.php(
            "require_once ABSPATH . 'wp-admin/includes/admin.php';"
            f"deactivate_plugins( {php_string(f'{name}/{name}.php')} );"
            f"if ( true !== delete_plugins( [ {php_string(f'{name}/{name}.php')} ] ) ) {{ exit( 1 ); }}"
        )

    def phpunit(self, test: Path) -> str:
        """Run a file of PHPUnit, or all of a folder, inside this WordPress; return what PHPUnit says, and fail when it does."""
        phpunit = executable("phpunit", package="phpunit")
        bootstrap = f"--bootstrap={PHP_TESTS / 'bootstrap.php'}"
        return run(
            [*PHP, *self.compiled, phpunit, *STRICTLY, bootstrap, test], env={"FACTURELAY_WORDPRESS": str(self.folder)}
        )

    def get(self, path: str) -> str:
        """The body of a page, as a visitor gets it. Raises when the answer is an error page."""
        answer = requests.get(self.url + path, timeout=30)
        answer.raise_for_status()
        return answer.text

    def query(self, statement: str) -> list[str]:
        """Rows straight from the tables."""
        return self.mariadb.query(statement, database="wordpress")

    def notices(self) -> set[str]:
        """What PHP and WordPress complained about since the test began. WordPress 6.1 itself does, on a newer PHP."""
        log = self.folder / "debug.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return {re.sub(r"^\[[^]]+\] ", "", line) for line in lines}

    def mails(self) -> list[dict[str, Any]]:
        """What left by wp_mail since the test began: to, subject, message, headers, attachments."""
        kept = self.folder / "mails.jsonl"
        return [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []


@pytest.fixture(scope="session")
def wordpress_site(mariadb: MariaDB) -> Iterator[tuple[WordPress, str]]:
    """The installed site and its tables as they are right after installing; tests ask for `wordpress` instead."""
    with scratch("wordpress", quick=True) as scratch_folder:
        folder, port = scratch_folder / "site", free_port()
        site = WordPress(folder=folder, url=f"http://127.0.0.1:{port}", mariadb=mariadb)
        shutil.copytree(DEBIAN_FILES, folder, ignore=shutil.ignore_patterns("wp-content", "wp-config.php"))
        salts = "\n".join(f"define( '{name}', 'the same in every test' );" for name in SALTS)
        (folder / "wp-config.php").write_text(
            CONFIG.format(socket=mariadb.socket, url=site.url, folder=folder, salts=salts)
        )
        (scratch_folder / "compiled").mkdir()
        (scratch_folder / "compiled" / "not").write_text(f"{folder / 'wp-content'}\n{scratch_folder / 'script.php'}\n")
        empty_content(folder)
        mariadb.query("CREATE DATABASE wordpress")
        site.script(f"define( 'WP_INSTALLING', true );\nrequire {php_string(folder / 'wp-load.php')};\n{INSTALL}")
        with running(
            Program(
                [*PHP, "-S", f"127.0.0.1:{port}", "-t", str(folder)],
                log=scratch_folder / "server.log",
                env={"PHP_CLI_SERVER_WORKERS": "8"},
            ),
            ready=lambda: answers(port),
        ):
            site.get("/")  # the first visitor makes WordPress settle in: theme, widgets, rewrite rules
            yield site, mariadb.dump("wordpress")


@pytest.fixture
def wordpress(wordpress_site: tuple[WordPress, str]) -> WordPress:
    """A freshly installed site with our plugin and the stand-in for WooCommerce in its folders, neither of them active."""
    site, tables = wordpress_site
    site.mariadb.query("DROP DATABASE wordpress; CREATE DATABASE wordpress")
    site.mariadb.client(tables, database="wordpress")
    empty_content(site.folder)
    site.add_plugin(PLUGIN)
    site.add_plugin(PHP_TESTS / "stand-ins" / "woocommerce")
    return site


def empty_content(folder: Path) -> None:
    """wp-content as new: the theme, the mail catcher, no plugins, no logs."""
    content = folder / "wp-content"
    shutil.rmtree(content, ignore_errors=True)
    for leftover in ("debug.log", "mails.jsonl"):
        (folder / leftover).unlink(missing_ok=True)
    theme = content / "themes" / "plain"
    theme.mkdir(parents=True)
    for name, text in THEME.items():
        (theme / name).write_text(text)
    (content / "plugins").mkdir()
    shutil.copytree(PHP_TESTS / "mu-plugins", content / "mu-plugins")


def php_string(value: object) -> str:
    """A PHP literal; paths and names may hold quotes."""
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
