<?php

declare(strict_types=1);

namespace Facturelay;

defined( 'ABSPATH' ) || exit;

/** One thing the plugin does. The constructor only stores; add_hooks() registers its WordPress hooks. */
interface Feature {

	public function add_hooks(): void;
}
