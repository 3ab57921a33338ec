"""The plugin in a real WordPress: coming, living with and without WooCommerce, and going."""

import re
from pathlib import Path

import pytest

from tests.services.wordpress import PHP_TESTS, WordPress


def everything_kept(wordpress: WordPress) -> dict[str, list[str]]:
    """All that a plugin can leave behind. Left out is what WordPress writes anew by itself at any visit."""
    own = "'active_plugins', 'cron', 'recently_activated'"
    options = "SELECT option_name, option_value FROM wp_options"
    return {
        "tables": wordpress.query("SHOW TABLES"),
        "options": wordpress.query(
            f"{options} WHERE option_name NOT IN ({own}) AND option_name NOT LIKE '%\\_transient\\_%' ORDER BY 1"
        ),
        "ours": wordpress.query(f"{options} WHERE option_name LIKE '%facturelay%' ORDER BY 1"),
        "users": wordpress.query("SELECT ID, user_login FROM wp_users ORDER BY 1"),
        "user meta": wordpress.query("SELECT user_id, meta_key FROM wp_usermeta ORDER BY 1, 2"),
        "events": wordpress.query(f"{options} WHERE option_name = 'cron' AND option_value LIKE '%facturelay%'"),
    }


@pytest.mark.parametrize("shop", [(), ("woocommerce",)], ids=["without WooCommerce", "with WooCommerce"])
def test_activates_in_silence(wordpress: WordPress, shop: tuple[str, ...]) -> None:
    wordpress.activate(*shop)
    quiet = wordpress.notices()

    wordpress.activate("facturelay")

    assert wordpress.json("get_option( 'active_plugins' )") == ["facturelay/facturelay.php"] + [
        f"{name}/{name}.php" for name in shop
    ]
    assert wordpress.notices() == quiet


@pytest.mark.parametrize("shop", [(), ("woocommerce",)], ids=["without WooCommerce", "with WooCommerce"])
def test_pages_are_as_they_were(wordpress: WordPress, shop: tuple[str, ...]) -> None:
    def pages() -> dict[str, str]:
        return {path: wordpress.get(path) for path in ("/", "/?rest_route=/", "/?feed=rss2", "/wp-login.php")}

    wordpress.activate(*shop)
    before, quiet = pages(), wordpress.notices()

    wordpress.activate("facturelay")

    assert (pages(), wordpress.notices()) == (before, quiet)


def test_active_without_woocommerce_keeps_nothing(wordpress: WordPress) -> None:
    before = everything_kept(wordpress)

    wordpress.activate("facturelay")
    wordpress.get("/")

    assert everything_kept(wordpress) == before


@pytest.mark.parametrize("shop", [(), ("woocommerce",)], ids=["without WooCommerce", "with WooCommerce"])
def test_leaves_nothing_behind_when_deleted(wordpress: WordPress, shop: tuple[str, ...]) -> None:
    wordpress.activate(*shop)
    before = everything_kept(wordpress)
    wordpress.activate("facturelay")
    wordpress.get("/")

    wordpress.remove("facturelay")

    assert everything_kept(wordpress) == before
    assert not (wordpress.folder / "wp-content" / "plugins" / "facturelay").exists()
    assert [notice for notice in wordpress.notices() if "facturelay/" in notice] == []


def test_everything_that_carries_our_name_goes_and_nothing_else(wordpress: WordPress) -> None:
    """Features to come keep options, transients, tables, user meta and events; all are found by their name."""
    wordpress.php(
        "update_option( 'facturelayer', 'somebody else' ); update_option( 'my_facturelay_', 'somebody else' );"
        "update_user_meta( 1, 'facturelayer', 'somebody else' ); wp_schedule_event( time(), 'daily', 'other_event' );"
        "$wpdb->query( 'CREATE TABLE wp_facturelayer (id INT)' );"
    )
    before = everything_kept(wordpress)
    wordpress.activate("facturelay")
    wordpress.php(
        "Facturelay\\Connection\\ServiceAccount::create();"
        "update_option( 'facturelay_connection', [ 'secret' => 'x' ] ); set_transient( 'facturelay_held', 1, 60 );"
        "set_site_transient( 'facturelay_seen', 1, 60 ); update_user_meta( 1, 'facturelay_dismissed', 1 );"
        "wp_schedule_event( time(), 'daily', 'facturelay_heartbeat' );"
        "wp_schedule_single_event( time(), 'facturelay_release', [ 238 ] );"
        "$wpdb->query( 'CREATE TABLE wp_facturelay_holds (id INT)' );"
    )

    wordpress.remove("facturelay")

    assert everything_kept(wordpress) == before
    assert wordpress.json("(bool) wp_next_scheduled( 'other_event' )") is True


def test_uninstall_file_does_nothing_when_called_by_its_address(wordpress: WordPress) -> None:
    wordpress.php("update_option( 'facturelay_connection', 'kept' );")

    assert wordpress.get("/wp-content/plugins/facturelay/uninstall.php") == ""
    assert wordpress.json("get_option( 'facturelay_connection' )") == "kept"


def test_autoloader_leaves_the_classes_of_others_alone(wordpress: WordPress) -> None:
    wordpress.activate("facturelay")

    assert wordpress.json(
        "[ class_exists( 'Facturelay\\Plugin' ), class_exists( 'Facturelay\\Nowhere' ), class_exists( 'Other\\Plugin' ) ]"
    ) == [True, False, False]


def test_stand_in_refuses_a_declaration_at_the_wrong_moment(wordpress: WordPress) -> None:
    """Otherwise the claim that both compatibilities are declared would prove nothing about the moment."""
    wordpress.activate("woocommerce")
    late = "Automattic\\WooCommerce\\Utilities\\FeaturesUtil::declare_compatibility( 'custom_order_tables', __FILE__ )"

    assert wordpress.json(late) is False
    assert any("declare_compatibility was called" in notice for notice in wordpress.notices())


def test_every_claim_in_php_holds(wordpress: WordPress) -> None:
    """All in one process: WordPress is loaded once, and each claim finds it as the one before found it (IsolationTest)."""
    wordpress.activate("woocommerce", "facturelay")

    said = wordpress.phpunit(PHP_TESTS)

    # What fails, warns or is left out ends it with an error; a newer PHPUnit may have a wish about its own options.
    assert re.search("^OK", said, re.MULTILINE)
    titles = {
        re.sub(r"(?<=[a-z])(?=[A-Z])", " ", path.stem.removesuffix("Test")) for path in PHP_TESTS.rglob("*Test.php")
    }
    assert titles - set(said.splitlines()) == set(), "each file was read"


def test_a_broken_claim_in_php_is_a_failure_here(wordpress: WordPress, tmp_path: Path) -> None:
    claims = tmp_path / "BrokenTest.php"
    claims.write_text(
        "<?php final class BrokenTest extends WordPressTestCase {"
        "public function test_two_is_three(): void { $this->assertSame( 3, 2 ); } }"
    )

    with pytest.raises(RuntimeError, match="2 is identical to 3"):
        wordpress.phpunit(claims)


def test_each_test_has_a_fresh_site(wordpress: WordPress) -> None:
    assert wordpress.json("get_option( 'active_plugins' )") == []
    assert everything_kept(wordpress)["ours"] == []


def test_without_woocommerce_the_list_of_plugins_says_that_it_is_needed(wordpress: WordPress) -> None:
    wordpress.activate("facturelay")

    notice = wordpress.php(
        "require_once ABSPATH . 'wp-admin/includes/admin.php'; wp_set_current_user( 1 ); set_current_screen( 'plugins' );"
        "do_action( 'admin_notices' );"
    )

    assert "Facturelay needs WooCommerce" in notice
    assert "<a " not in notice
