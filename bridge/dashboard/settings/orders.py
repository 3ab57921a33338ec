"""Which orders count, and what is credited by itself."""

from bridge.dashboard.settings import own_statuses
from bridge.dashboard.settings.fields import FieldGroup, FormField, SettingsPage
from bridge.i18n.translate import _


def page() -> SettingsPage:
    return SettingsPage(
        _("Which orders count"),
        _("What is made of the orders that count is said by the rules."),
        (
            FieldGroup(
                _("Orders"),
                (
                    FormField(
                        "orders.since",
                        kind="datetime-local",
                        help=_("Older ones make nothing by themselves; they can be invoiced afterwards."),
                    ),
                    FormField(
                        "orders.pending_is_placed",
                        help=_("Off is right for most shops: who is at the payment page has such an order too."),
                    ),
                    FormField(
                        "orders.documented",
                        help=_(
                            "Dokan, MultiVendorX and YITH Multi Vendor make them. Main order and suborders are one sale: never both are invoiced."
                        ),
                    ),
                    FormField(
                        "orders.status_map",
                        kind="statuses",
                        help=_("One a line, with what it stands for, like await-ship=processing."),
                        options=own_statuses.meanings(),
                    ),
                ),
            ),
            FieldGroup(_("Crediting"), (FormField("credit_notes"),)),
        ),
    )
