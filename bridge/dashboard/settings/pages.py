"""Every page of settings, written out; importing them here puts them on the blueprint."""

from bridge.dashboard.settings import (  # noqa: F401
    api_access,
    branding,
    checkout_fields,
    company_register,
    connection,
    form_pages,
    go_live,
    mail,
    mollie,
    next_step,
    notifications,
    numbering,
    payment,
    peppol,
    privacy,
    rules,
    texts,
)
