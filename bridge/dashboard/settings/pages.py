"""Every page of settings, written out; importing them here puts them on the blueprint."""

from bridge.dashboard.settings import (
    api_access,
    branding,
    checkout_fields,
    connection,
    fields,
    go_live,
    mail,
    mollie,
    notifications,
    numbering,
    payment,
    peppol,
    privacy,
    reminders,
    rules,
    texts,
)

PAGES = (
    fields,
    rules,
    checkout_fields,
    payment,
    mollie,
    reminders,
    numbering,
    branding,
    texts,
    peppol,
    mail,
    notifications,
    connection,
    api_access,
    privacy,
    go_live,
)
