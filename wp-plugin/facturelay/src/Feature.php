<?php

declare(strict_types=1);

namespace Facturelay;

defined( 'ABSPATH' ) || exit;

/** One thing the plugin does. Building it does nothing yet; add_hooks() makes it part of the shop. */
interface Feature {

	public function add_hooks(): void;
}
