"""All that Facturelay knows of WooCommerce: `payload` reads its JSON, `client` speaks its REST, `notes` writes to its orders."""
