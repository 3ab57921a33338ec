"""Two shops in which everything can be seen once: each order tells one story, and what it became is compared with it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from worker.demo.comparison import kind_and_total
from worker.demo.counter import CARD, TRANSFER, Counter, Customer, Product
from worker.demo.i18n import in_catalog
from worker.demo.pretend_shop import PretendShop
from worker.demo.stage import Stage, a_shop, connect
from worker.domain.document import Kind
from worker.domain.party import Address, Seller
from worker.domain.rules import Rule
from worker.domain.shop import BrandingSettings, Shop
from worker.domain.step import MAIL
from worker.processes import status
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails, OrderHistory

TIMEOUT_S = 120.0  # all stories of a shop happen at once
CONFIRMATION, INVOICE, CREDIT_NOTE = Kind.ORDER_CONFIRMATION, Kind.INVOICE, Kind.CREDIT_NOTE
REQUEST, DELIVERY_NOTE = Kind.PAYMENT_REQUEST, Kind.DELIVERY_NOTE


@dataclass(frozen=True)
class Story:
    """One order of *customer*: what is bought, how it is paid, what happens *then*, and which documents it must become."""

    title: str
    customer: Customer
    basket: Mapping[str, int]
    method: str
    kinds: tuple[Kind, ...]
    then: tuple[Callable[[Counter, int], None], ...] = ()
    mail_fails: bool = False
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoryShop:
    """A shop of the demo: where its pages are, how it is set up, what it sells to whom, and what happened there."""

    slug: str
    about: str
    seller: Seller
    accent: str
    language: str
    rules: tuple[str, ...]
    products: tuple[Product, ...]
    methods: Mapping[str, str]
    stories: tuple[Story, ...]

    def as_shop(self, url: str) -> Shop:
        return replace(
            a_shop(self.seller.name, url),
            seller=self.seller,
            language=self.language,
            rules=tuple(map(Rule.parse, self.rules)),
            branding=BrandingSettings(accent=self.accent),
        )

    def counter(self, shop: PretendShop) -> Counter:
        customers = tuple(dict.fromkeys(story.customer for story in self.stories))
        return Counter(shop, self.products, customers, self.methods)


@dataclass(frozen=True)
class PlayedShop:
    """A story's shop while the demo runs. *told*: titles of the stories by order id, filled as they happen."""

    of: StoryShop
    stage: Stage
    counter: Counter
    told: dict[int, str]

    @property
    def orders(self) -> tuple[tuple[int, Story], ...]:
        return tuple(zip(self.told, self.of.stories, strict=False))


def _give_back_one(counter: Counter, order_id: int) -> None:
    order = counter.shop.order(order_id)
    if order is not None:
        counter.refund(order_id, {order["line_items"][0]["id"]: 1})


def _buy_one_more(counter: Counter, order_id: int) -> None:
    counter.change(order_id, {"MOK-1": 2})


ELS = Customer("Els", "Peeters", "Kerkstraat 12", "9000", "Gent", "els.peeters@klant.example")
TOM = Customer("Tom", "De Smet", "Veldstraat 88", "2000", "Antwerpen", "tom.desmet@klant.example")
SOFIE = Customer("Sofie", "Maes", "Bondgenotenlaan 3", "3000", "Leuven", "sofie.maes@klant.example")
WITHOUT_BOX = Customer("Jan", "Wouters", "Grote Markt 1", "8000", "Brugge", "jan.wouters@bestaat-niet.example")
BAKERY = Customer(
    "An", "Declerck", "Molenstraat 5", "9300", "Aalst", "boekhouding@korenaar.example", "Bakkerij De Korenaar BV", "BE0403170701"
)  # fmt: skip
CLAIRE = Customer("Claire", "Lambert", "Rue Léopold 14", "4000", "Liège", "claire.lambert@client.example")
LUC = Customer("Luc", "Dubois", "Rue de Fer 27", "5000", "Namur", "luc.dubois@client.example")

KOFFIEPOT = StoryShop(
    slug="koffiepot",
    about=in_catalog("Gent, in Dutch: confirmations, payment requests, invoices when paid, delivery notes."),
    seller=a_shop("", "").seller,
    accent="#0f766e",
    language="nl",
    rules=(
        "order_confirmation:created:send",
        f"payment_request:created:send:method={TRANSFER}",
        "invoice:paid:send",
        "delivery_note:completed:send",
    ),
    products=(
        Product("MOK-1", "Koffiemok blauw", "12.40", "21"),
        Product("KOFFIE-250", "Koffiebonen Ethiopië, 250 g", "7.50", "6"),
        Product("POT-1", "Koffiepot, emaille", "34.00", "21"),
    ),
    methods={CARD: "Bancontact", TRANSFER: "Overschrijving"},
    stories=(
        Story(
            in_catalog("paid by Bancontact and sent"),
            ELS, {"MOK-1": 2, "KOFFIE-250": 1}, CARD, (CONFIRMATION, INVOICE, DELIVERY_NOTE), then=(Counter.complete,),
        ),
        Story(in_catalog("by transfer, not paid yet: a payment request with its QR code"), TOM, {"POT-1": 1}, TRANSFER, (CONFIRMATION, REQUEST)),
        Story(
            in_catalog("one mug came back: a credit note for that one"),
            SOFIE, {"MOK-1": 3, "KOFFIE-250": 2}, CARD, (CONFIRMATION, INVOICE, CREDIT_NOTE), then=(_give_back_one,),
        ),
        Story(in_catalog("a business: by Peppol, and a copy by mail"), BAKERY, {"POT-1": 4}, CARD, (CONFIRMATION, INVOICE)),
        Story(
            in_catalog("changed after its invoice: the invoice stays, and you are told"),
            ELS, {"MOK-1": 1}, CARD, (CONFIRMATION, INVOICE), then=(_buy_one_more,), flags=("changed_after_invoice",),
        ),
        Story(
            in_catalog("a mailbox that does not exist: something for you to mend"),
            WITHOUT_BOX, {"POT-1": 1, "MOK-1": 4}, CARD, (CONFIRMATION, INVOICE), mail_fails=True,
        ),
    ),
)  # fmt: skip
AMELIE = StoryShop(
    slug="amelie",
    about=in_catalog("Liège, in French: an invoice at once, to be paid by transfer or already paid."),
    seller=Seller(
        name="Chez Amélie",
        legal_form="SRL",
        address=Address(street="Rue Saint-Gilles 102", postcode="4000", city="Liège", country="BE"),
        vat_number="BE0428759497",
        enterprise_number="0428759497",
        register="RPM Liège, division Liège",
        email="bonjour@chezamelie.example",
        phone="+32 4 000 00 00",
        website="chezamelie.example",
        iban="BE68539007547034",
        bic="BPOTBEB1",
    ),
    accent="#9d174d",
    language="fr",
    rules=("invoice:created:send",),
    products=(
        Product("CHOC-100", "Tablette de chocolat noir, 100 g", "4.20", "6"),
        Product("BOUGIE-1", "Bougie parfumée", "16.50", "21"),
        Product("COFFRET-1", "Coffret cadeau", "28.00", "21"),
    ),
    methods={CARD: "Bancontact", TRANSFER: "Virement bancaire"},
    stories=(
        Story(in_catalog("paid by Bancontact"), CLAIRE, {"CHOC-100": 5, "BOUGIE-1": 1}, CARD, (INVOICE,)),
        Story(in_catalog("an invoice that waits for the money: QR code and reference"), LUC, {"COFFRET-1": 2}, TRANSFER, (INVOICE,)),
        Story(in_catalog("all of it given back"), CLAIRE, {"BOUGIE-1": 2}, CARD, (INVOICE, CREDIT_NOTE), then=(lambda counter, order_id: counter.refund(order_id, {}),)),
    ),
)  # fmt: skip
STORY_SHOPS = (KOFFIEPOT, AMELIE)


@contextmanager
def open_stories(stage: Stage) -> Iterator[tuple[PlayedShop, ...]]:
    """Both shops beside that of *stage*, connected, with nothing ordered yet."""
    with PretendShop() as first, PretendShop() as second:
        yield tuple(_opened(of, shop, stage) for of, shop in zip(STORY_SHOPS, (first, second), strict=True))


def _opened(of: StoryShop, shop: PretendShop, stage: Stage) -> PlayedShop:
    counter = of.counter(shop)
    counter.stock()
    for story in of.stories:
        if story.mail_fails:
            stage.mailbox.faults.reject(story.customer.email)
    return PlayedShop(of, connect(replace(stage, shop=shop), of.as_shop(shop.url)), counter, {})


def play(shop: PlayedShop) -> PlayedShop:
    """Let every story happen. What follows an order happens once that was dealt with, as in life."""
    for story in shop.of.stories:
        shop.told[shop.counter.order(story.customer, story.basket, story.method)] = story.title
    status.wait_until_idle(shop.stage.services, seconds=TIMEOUT_S)
    for order_id, story in shop.orders:
        for happen in story.then:
            happen(shop.counter, order_id)
    status.wait_until_idle(shop.stage.services, seconds=TIMEOUT_S)
    return shop


def tell(shop: PlayedShop, say: Callable[[str], None]) -> list[str]:
    """Say what became of each story; what differs from what should."""
    say(f"\n{shop.of.seller.name}")
    wrong: list[str] = []
    for order_id, story in shop.orders:
        with shop.stage.services.store.read() as connection:
            found = order_history.get(connection, shop.stage.shop_id, order_id)
        differs = differences(story, found)
        say(f"{'✗' if differs else '✓'} order {order_id}, {story.customer.name}: {story.title}")
        for item in found.items:
            say(f"    {as_text(item)}")
        wrong += [f"{shop.of.seller.name}, order {order_id}: {one}" for one in differs]
    return wrong


def differences(story: Story, found: OrderHistory) -> list[str]:
    kinds = tuple(item.draft.kind for item in found.documents)
    refused = any((step := item.step(MAIL)) and step.state == "failed" for item in found.documents)
    flags = tuple(flag.code for flag in found.order.flags) if found.order else ()
    return [
        f"{what} {is_now!r}, expected {wanted!r}"
        for what, is_now, wanted in (
            ("documents are", sorted(kinds), sorted(story.kinds)),
            ("a mail failed is", refused, story.mail_fails),
            ("flags are", flags, story.flags),
        )
        if is_now != wanted
    ]


def as_text(item: DocumentDetails) -> str:
    step, number = item.step(MAIL), item.document.number if item.document else "draft"
    mailed = {"done": f"mailed to {item.draft.buyer.email}", "failed": "the mail was refused"}
    return f"{number}  {kind_and_total(item.draft)}  {mailed.get(step.state if step else '', '')}"
