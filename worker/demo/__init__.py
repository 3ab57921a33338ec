"""Everything the demo and the tests need in place of a shop, a mail server and a customer."""
