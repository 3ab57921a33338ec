"""Engine, tables and migrations, and what every query shares: pages, shop scope, encryption, JSON."""
