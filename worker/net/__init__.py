"""Addresses, signatures, links and outgoing HTTP: what the network needs and no room above may do for itself."""
