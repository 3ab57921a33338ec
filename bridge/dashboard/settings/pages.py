"""Every page of settings, written out; importing them here puts them on the blueprint."""

from bridge.dashboard.settings import connection, fields, live, look, mail, numbers, privacy, programs, rules, texts

PAGES = (fields, rules, numbers, look, texts, mail, connection, programs, privacy, live)
