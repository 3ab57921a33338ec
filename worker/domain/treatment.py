"""One line of a sale as the VAT table sees it, and the answer that the table gives."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from worker.domain.document import Category, Problem
from worker.domain.place_of_supply import EU, Supply, Zone
from worker.domain.rates import is_known, known_rates
from worker.domain.shop import VatRegime
from worker.domain.vat_number import vat_prefix
from worker.domain.zero_reason import Untaxed

_SAID_BY_REGIME = {VatRegime.MARGIN: Untaxed.MARGIN, VatRegime.EXEMPT: Untaxed.EXEMPT}


@dataclass(frozen=True)
class Case:
    """All that decides the treatment of one line. *rate* is what the shop charged; 0 when it charged nothing."""

    zone: Zone
    supply: Supply
    rate: Decimal
    said: Untaxed | None = None  # what the shop says such a line is, for when it carries no VAT
    regime: VatRegime = VatRegime.NORMAL
    oss: bool = False  # in use on that day
    supply_told: bool = True  # by the shop or the order, not by the owner's setting alone
    electronic: bool = False  # a service that is delivered by download
    admission: bool = False  # a service that may be admission to an event, which is taxed where that is; a download may be a recording
    number_elsewhere: bool = False  # another state than that of the address gave the buyer's VAT number
    seller_country: str = "BE"
    destination: str = "BE"  # whose VAT rates apply there: FR for Monaco, XI for Northern Ireland
    on: date = date.max  # the day of supply or payment; as far ahead as may be: the rates of which no end is known
    vat_number: str = ""  # valid and normalised
    vat_number_given: str = ""
    refuted: bool = False  # VIES, or else a plugin of the shop, says that the number is not valid
    confirmed: bool = False  # VIES says that it is
    names_company: bool = False  # the buyer is one, or orders for it
    seller_number: str = ""  # the seller's own VAT number in the destination, in force that day
    taken_to: Zone | None = None  # where the buyer is who fetches the goods himself; None: they are sent
    fetched_abroad: bool = False  # the buyer fetches the goods at a point of the seller's in another member state
    free: bool = False  # nothing to pay for the line
    reduction: bool = False  # it takes something off
    names: tuple[str, ...] = ()  # the lines that it is about, for the message

    @property
    def taxed(self) -> bool:
        return self.rate != 0

    @property
    def foreign_business(self) -> bool:
        """A business registered in another member state; Northern Ireland's XI counts for goods alone."""
        prefix = self.vat_number[:2]
        if prefix in ("", vat_prefix(self.seller_country)) or self.seller_country not in EU:
            return False
        return prefix != "XI" or self.supply is Supply.GOODS

    @property
    def service_to_foreign_business(self) -> bool:
        """A service within the EU that is taxed where the business is (art. 44 and 196 of the VAT directive)."""
        is_service = self.supply is Supply.SERVICE and not self.admission
        return self.zone is Zone.EU and is_service and self.foreign_business

    @property
    def business(self) -> bool:
        """Whoever has a VAT number, one of the seller's country too, is no consumer to OSS."""
        return bool(self.vat_number) and not self.refuted

    @property
    def untaxed_as(self) -> Untaxed | None:
        """What a line without VAT is: as the shop says of it, else as its regime makes of all."""
        return None if self.taxed else self.said or _SAID_BY_REGIME.get(self.regime)

    @property
    def home_rate(self) -> bool:
        return is_known(self.seller_country, self.rate, self.on)

    @property
    def destination_rate(self) -> bool:
        return self.rate in known_rates(self.destination, self.on)

    @property
    def to_consumer(self) -> bool:
        """To somebody in another member state without a VAT number."""
        return self.zone is Zone.EU and not self.business

    @property
    def distance_sale(self) -> bool:
        """Goods or an electronic service for a consumer in another member state (art. 59c of the VAT directive)."""
        return self.to_consumer and (self.supply is Supply.GOODS or self.electronic)

    @property
    def taxed_at_destination(self) -> bool:
        """Owed in the consumer's country once the seller is in OSS (art. 33 and 58 of the VAT directive)."""
        return self.oss and self.distance_sale

    @property
    def destination_rates_listed(self) -> bool:
        return bool(known_rates(self.destination, self.on))

    @property
    def private_service_outside(self) -> bool:
        """A service to somebody outside the EU who is no business that we know of: taxed where the seller is (art. 45 of the VAT directive),
        but for what art. 58 and 59 name, of which only a download can be told, and what is exempt there.
        """
        is_private = not (self.business or self.names_company or self.electronic)
        is_taxed_here = self.seller_country in EU and self.untaxed_as is not Untaxed.EXEMPT
        return self.zone is Zone.OUTSIDE and is_taxed_here and self.supply_told and is_private

    @property
    def leaves_the_eu(self) -> bool:
        """Goods that go outside the EU, and what is delivered there by download: taxed there, and not here."""
        return self.zone is Zone.OUTSIDE and (self.supply is Supply.GOODS or self.electronic)

    @property
    def under_own_number(self) -> bool:
        """The VAT is the destination's, where the seller is registered. At a rate that is the seller's too, what a business with a
        valid number of the EU buys carries the seller's. Outside the EU any rate counts of a country whose rates are not listed.
        """
        if not self.seller_number or self.zone is Zone.DOMESTIC:
            return False
        if self.zone is Zone.OUTSIDE:
            return self.destination_rate or not self.destination_rates_listed
        return self.destination_rate and not (self.business and self.home_rate)

    @property
    def under_oss(self) -> bool:
        """The VAT is the destination's. Of a rate in both lists, other services than electronic ones carry the seller's (art. 45)."""
        return (
            self.to_consumer
            and self.oss
            and self.destination_rate
            and (self.taxed_at_destination or not self.home_rate)
        )


@dataclass(frozen=True)
class Treatment:
    """The answer for one line. *reason* names the row of the table; *mention* is a key of `mentions.toml` or empty.

    *vat_country* is whose VAT it is where it is not the seller's own.
    """

    category: Category
    rate: Decimal
    reason: str
    mention: str = ""
    vat_country: str = ""
    seller_number: str = ""  # the seller's VAT number there, where it is stated
    distance_sale: bool = False
    problem: Problem | None = None  # makes the document wait as a draft
    flag: Problem | None = None  # shown, stops nothing
