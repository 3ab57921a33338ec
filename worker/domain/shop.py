"""A shop and what its owner chose: rules, VAT, numbering, mail, branding, texts. Secrets live elsewhere."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from email.utils import parseaddr
from enum import StrEnum
from zoneinfo import ZoneInfo

from worker.domain.document import Kind, SendMode
from worker.domain.foreign_number import ForeignNumber
from worker.domain.own_field import Holds
from worker.domain.party import Seller
from worker.domain.payment_method import PaymentTerms
from worker.domain.payment_reference import EarlierDigits
from worker.domain.reminder import ReminderSettings
from worker.domain.rules import DEFAULT_RULES, Rule
from worker.domain.zero_reason import ZeroReason
from worker.net.mollie_key import Mode


class VatRegime(StrEnum):
    NORMAL = "normal"
    SMALL_BUSINESS = "small_business"  # franchise: no VAT may show
    MARGIN = "margin"
    EXEMPT = "exempt"  # art. 44


class ConsumerInvoices(StrEnum):
    """What a consumer gets where the law leaves the choice."""

    FULL = "full"
    SIMPLIFIED = "simplified"
    NONE = "none"


class ConsumerPrices(StrEnum):
    """How the lines of a consumer's document state what was paid; AS_ENTERED: with VAT where the shop enters its prices so."""

    AS_ENTERED = "as_entered"
    WITH_VAT = "with_vat"
    WITHOUT_VAT = "without_vat"


@dataclass(frozen=True)
class Series:
    """A run of numbers. *pattern* knows {year} and {number} (with a width like {number:05d}); *yearly* starts again at 1 each year."""

    name: str
    pattern: str
    yearly: bool = True


DEFAULT_SERIES = {
    Kind.INVOICE: Series("invoice", "F{year}-{number:05d}"),
    Kind.CREDIT_NOTE: Series("credit_note", "C{year}-{number:05d}"),
    Kind.ORDER_CONFIRMATION: Series("order_confirmation", "B{year}-{number:05d}"),
    Kind.PAYMENT_REQUEST: Series("payment_request", "P{year}-{number:05d}"),
    Kind.DELIVERY_NOTE: Series("delivery_note", "L{year}-{number:05d}"),
}


# After the year they are of, documents are kept for so long: VAT code art. 60 §3 and §4 wants seven years (law of 18-12-2025,
# art. 97 and 101, circular 2026/C/31, from a secondary source), ten before it (law of 20-11-2022), and ten for what went
# through the One Stop Shop (art. 369k of the VAT directive). Read 2026-11-28: the longer is the safe one.
YEARS_KEPT = ("10", "7")

# How documents can be laid out: title and facts left, or the address in the left window of an envelope.
LAYOUTS = ("ledger", "letter")


@dataclass(frozen=True)
class StoredFile:
    """A file of the shop's own in the archive: its path there, the hash of its bytes, and its name for people."""

    path: str
    sha256: str
    name: str = ""


@dataclass(frozen=True)
class RestoredBackup:
    """The database was restored from a backup made at *as_of*; what was issued between then and *at* is not in it."""

    as_of: datetime
    at: datetime


@dataclass(frozen=True)
class LostNumbers:
    """Numbers *first* to *last* of a series were given after a backup, and are not in the database restored from it."""

    series: str
    period: int
    first: int
    last: int


class DocumentedOrders(StrEnum):
    """Where a plugin makes one more order for each vendor: whether the documents are of what the customer paid, or of those."""

    MAIN = "main"
    SUBORDERS = "suborders"


@dataclass(frozen=True)
class OrderSettings:
    """Which orders count. *since*: orders placed before it make nothing (aware UTC). *status_map*: custom status → built-in one."""

    since: datetime
    status_map: dict[str, str] = field(default_factory=dict)
    pending_is_placed: bool = False  # an order that is only "pending" counts as created
    documented: DocumentedOrders = DocumentedOrders.MAIN
    own_fields: dict[str, Holds] = field(default_factory=dict)  # of the shop's checkout, and what each holds

    def meaning_of(self, status: str) -> str:
        """The built-in status that one of the shop's stands for."""
        return self.status_map.get(status, status)


@dataclass(frozen=True)
class NumberingSettings:
    """What the documents of each kind are numbered in, and where that numbering did not begin at 1 or was broken off.

    *core*: who gives the numbers, by its name in `worker.invoicing.cores`.
    """

    series: dict[Kind, Series] = field(default_factory=lambda: dict(DEFAULT_SERIES))
    continued_after: dict[str, int] = field(default_factory=dict)  # where a count began: {"invoice:2026": 115}
    restored: RestoredBackup | None = None  # until a person says from which number to continue, nothing is issued
    lost_numbers: tuple[LostNumbers, ...] = ()
    core: str = "builtin"


@dataclass(frozen=True)
class VatSettings:
    """The seller's VAT regime and what it sells.

    *oss*: it declares sales to consumers in other member states in the One Stop Shop, *oss_since* a day (None: always).
    *zero_reasons*: what it sells without VAT, and why. *as_charged*: state the VAT that the
    shop charged to businesses too, not only to consumers.
    """

    regime: VatRegime = VatRegime.NORMAL
    sells_services: bool = False
    oss: bool = False
    oss_since: date | None = None
    zero_reasons: tuple[ZeroReason, ...] = ()
    as_charged: bool = False
    foreign_numbers: tuple[ForeignNumber, ...] = ()  # its own in other countries
    shipping_rate_is_right: bool = False  # shipping and fees have a rate of their own, whatever that of the goods
    vies_wait_hours: int = 24  # how long an invoice waits for VIES when it does not answer; 0: a draft at once

    def uses_oss_on(self, day: date) -> bool:
        return self.oss and (self.oss_since is None or self.oss_since <= day)


class BusinessChannel(StrEnum):
    """How invoices reach businesses, where the law leaves the choice; between Belgian ones it is Peppol, perhaps with a mail."""

    PEPPOL = "peppol"
    PEPPOL_AND_MAIL = "peppol_and_mail"
    MAIL = "mail"


@dataclass(frozen=True)
class PeppolSettings:
    """Who brings e-invoices to Peppol. Its key is a secret, and lives elsewhere.

    *sender*: one of `access_point.PROVIDERS`, "operator" (the operator's account), "elsewhere" (another system); empty: nobody
    yet. *company*: which of the key's companies. *sandbox*: the key is of a test environment, from which nothing arrives.
    *vouched_for*: as which address the operator lets the shop send by his account, where other shops' companies are too.
    """

    sender: str = ""
    company: str = ""
    sandbox: bool = False
    businesses: BusinessChannel = BusinessChannel.PEPPOL_AND_MAIL
    vouched_for: str = ""


@dataclass(frozen=True)
class MollieSettings:
    """Whether customers can pay online by the seller's own account with Mollie. Its key is a secret, and lives elsewhere.

    *mode*: the world that the key opens; None: no account is connected. *methods*: ids of `online_payment.METHODS`, none: all
    that are on in the account. The rest says where the button stands.
    """

    mode: Mode | None = None
    methods: tuple[str, ...] = ()
    on_invoices: bool = True
    on_order_confirmations: bool = True
    on_reminders: bool = True


@dataclass(frozen=True)
class MailSettings:
    """Addresses of the mails to customers; an empty one takes the operator's or the seller's."""

    sender: str = ""
    reply_to: str = ""
    cc: str = ""
    bcc: str = ""
    attachment: StoredFile | None = None  # attached to each mail, like the terms and conditions


@dataclass(frozen=True)
class BrandingSettings:
    """How documents and mails look. *accent*: #rrggbb, *layout*: one of LAYOUTS, *logo*: a PNG or JPEG."""

    accent: str = "#0f766e"
    layout: str = "ledger"
    logo: StoredFile | None = None

    @property
    def on_accent(self) -> str:
        """Black or white, whichever reads better on the accent (relative luminance, WCAG 2)."""
        red, green, blue = (int(self.accent[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return "#000000" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.179 else "#ffffff"


@dataclass(frozen=True)
class Shop:
    """One WooCommerce site and its settings, stored as one JSON. What an older version did not write takes its default."""

    shop_id: str
    name: str
    url: str
    orders: OrderSettings
    reference_digits: int = 0  # with which its structured communications begin, so that no two shops here share one
    earlier_digits: tuple[EarlierDigits, ...] = ()  # with which they began before, the oldest first
    seller: Seller = Seller()
    rules: tuple[Rule, ...] = DEFAULT_RULES
    credit_notes: SendMode = SendMode.SEND
    numbering: NumberingSettings = field(default_factory=NumberingSettings)
    language: str = "nl"
    business_language: str = "seat"  # of invoices to businesses: one of `language.BUSINESS_LANGUAGES`
    second_language: str = "none"  # on the same document: one of `language.SECOND_LANGUAGES`
    shows_discounts: bool = False  # documents say below a line what a coupon took off it
    factur_x: bool = False  # PDFs for businesses in Germany and France carry their figures for programs
    zone: str = "Europe/Brussels"
    test: bool = False
    suspended: bool = False
    closed: bool = False  # for good: suspended, and without its secrets
    vat: VatSettings = VatSettings()
    payment_days: int = 30
    sets_orders_paid: bool = True  # in the shop, once all of the money of one was counted here
    cancel_after_days: int = 0  # an order by bank transfer that is not paid by then is cancelled in the shop; 0: never
    waits_for_bank_files: bool = True  # nobody is reminded and no order cancelled while the newest is old; a shop that never read one waits for none
    payment_terms: dict[str, PaymentTerms] = field(default_factory=dict)  # by method, where the owner knows better
    exchange_rates: dict[str, Decimal] = field(default_factory=dict)  # units of a currency for 1 EUR: {"USD": 1.0831}
    mollie: MollieSettings = MollieSettings()
    bancontact_profile: str = ""  # of Bancontact Pro, for those who have that product
    reminders: ReminderSettings = ReminderSettings()
    peppol: PeppolSettings = PeppolSettings()
    mail: MailSettings = MailSettings()
    branding: BrandingSettings = BrandingSettings()
    consumer_invoices: ConsumerInvoices = ConsumerInvoices.FULL
    consumer_prices: ConsumerPrices = ConsumerPrices.AS_ENTERED
    terms: str = ""
    years_kept: int = int(YEARS_KEPT[0])
    texts: dict[str, str] = field(default_factory=dict)  # the shop's own words, by the keys of `texts`

    def reference_digits_at(self, placed_at: datetime) -> int:
        """Those of an order placed then: it is asked for under one reference for ever, by the plugin and on every document."""
        earlier = (one.digits for one in self.earlier_digits if placed_at < one.until)
        return next(earlier, self.reference_digits)

    def with_orders_since(self, since: datetime) -> "Shop":
        return replace(self, orders=replace(self.orders, since=since))

    @property
    def zoneinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def day_of(self, moment: datetime) -> date:
        """The date that stands on paper for *moment*."""
        return moment.astimezone(self.zoneinfo).date()

    def writes_from(self, operators: str) -> str:
        """From whom its mails are: the sender that it set, else the seller, else the *operators* address."""
        return self.mail.sender or self.seller.email or operators

    @property
    def own_sender(self) -> str:
        """The address that the shop itself wants to write from; empty where it says none."""
        return parseaddr(self.mail.sender)[1] or self.seller.email
