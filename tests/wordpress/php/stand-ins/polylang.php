<?php
/** What of Polylang 3.9 is asked: the language of an address, that of the request, and which ones there are. */

declare(strict_types=1);

final class PolylangStandIn {

	/** @var string[] */
	public static array $languages = array();

	public self $links_model;

	public function get_language_from_url( string $url ): string {
		return 1 === preg_match( '#^https?://[^/]+/([a-z]{2})/#', $url, $found ) ? $found[1] : '';
	}
}

function PLL(): PolylangStandIn {
	$polylang              = new PolylangStandIn();
	$polylang->links_model = new PolylangStandIn();
	return $polylang;
}

function pll_current_language(): string {
	return 'nl';
}

/** @return string[] */
function pll_languages_list(): array {
	return PolylangStandIn::$languages;
}
