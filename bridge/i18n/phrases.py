"""What visitors of a link read, in the four languages: sentences, dates, amounts. The press has words of its own."""

from datetime import date
from decimal import Decimal

from worker.domain.document import Kind
from worker.domain.money import MINOR_UNITS

LANGUAGES = ("nl", "fr", "de", "en")
HARD_SPACE = "\N{NO-BREAK SPACE}"
# What stands for "." and ",".
SEPARATORS = {"nl": ",.", "fr": ",\N{NARROW NO-BREAK SPACE}", "de": ",.", "en": ".,"}

TITLES: dict[str, dict[Kind, str]] = {
    "nl": {
        Kind.ORDER_CONFIRMATION: "Orderbevestiging",
        Kind.DELIVERY_NOTE: "Leveringsbon",
        Kind.INVOICE: "Factuur",
        Kind.CREDIT_NOTE: "Creditnota",
    },
    "fr": {
        Kind.ORDER_CONFIRMATION: "Confirmation de commande",
        Kind.DELIVERY_NOTE: "Bon de livraison",
        Kind.INVOICE: "Facture",
        Kind.CREDIT_NOTE: "Note de crédit",
    },
    "de": {
        Kind.ORDER_CONFIRMATION: "Auftragsbestätigung",
        Kind.DELIVERY_NOTE: "Lieferschein",
        Kind.INVOICE: "Rechnung",
        Kind.CREDIT_NOTE: "Gutschrift",
    },
    "en": {
        Kind.ORDER_CONFIRMATION: "Order confirmation",
        Kind.DELIVERY_NOTE: "Delivery note",
        Kind.INVOICE: "Invoice",
        Kind.CREDIT_NOTE: "Credit note",
    },
}

MONTHS = {
    "nl": (
        "januari", "februari", "maart", "april", "mei", "juni",
        "juli", "augustus", "september", "oktober", "november", "december",
    ),
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "de": (
        "Januar", "Februar", "März", "April", "Mai", "Juni",
        "Juli", "August", "September", "Oktober", "November", "Dezember",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip

PHRASES = {
    "nl": {
        "paid_on": "Betaald op {date}",
        "paid": "Betaald",
        "to_pay": "Nog te betalen",
        "credited": "Gecrediteerd met {number}",
        "corrects": "Verbetert {number} van {date}",
        "date": "Datum",
        "order": "Bestelling",
        "total": "Totaal",
        "credited_amount": "Gecrediteerd",
        "open_amount": "Nog te betalen",
        "refunded_on": "Terugbetaald op {date}",
        "how_to_pay": "Zo betaal je",
        "by_transfer": "Of betaal met een overschrijving",
        "beneficiary": "Begunstigde",
        "iban": "Rekening",
        "reference": "Mededeling",
        "due": "Te betalen tegen",
        "pay_online": "Online betalen",
        "pdf": "PDF downloaden",
        "xml": "E-factuur downloaden (XML)",
        "pdf_coming": "De PDF wordt gemaakt. Deze pagina kijkt vanzelf opnieuw.",
        "pdf_stuck": "De PDF is er nog niet. Kom later terug, of vraag ernaar bij {seller}.",
        "test": "Dit is een test, geen geldig document.",
        "questions": "Vragen?",
        "code": "Code voor hulp: {code}",
        "unknown_title": "Deze link werkt niet",
        "unknown": "Kijk na of je de hele link uit de e-mail hebt overgenomen, of vraag de winkel een nieuwe.",
        "expired_title": "Deze link is verlopen",
        "expired": "De link was geldig tot {date}. Vraag een nieuwe aan {seller}.",
        "renew_hint": "Of laat een nieuwe link mailen naar het adres dat bij de bestelling hoort.",
        "renew": "Mail een nieuwe link",
        "renewed_title": "Kijk in je mailbox",
        "renewed": "Hoort er een mailadres bij de bestelling, dan is er een nieuwe link naar onderweg. Komt er niets, vraag er dan een aan {seller}.",
        "revoked_title": "Deze link is ingetrokken",
        "revoked": "Via deze link is het document niet meer te zien. Vraag ernaar bij {seller}.",
        "being_made_title": "De PDF wordt gemaakt",
        "being_made": "Dat duurt meestal maar enkele seconden. Deze pagina kijkt vanzelf opnieuw.",
        "away_title": "Even niet bereikbaar",
        "away": "Deze pagina kan nu niet getoond worden. Probeer het over een minuut opnieuw.",
        "broken_title": "Dit kan nu niet getoond worden",
        "broken": "Probeer het later opnieuw. Lukt het dan nog niet, geef de winkel dan de code hieronder.",
    },
    "fr": {
        "paid_on": "Payé le {date}",
        "paid": "Payé",
        "to_pay": "Reste à payer",
        "credited": "Crédité par {number}",
        "corrects": "Rectifie {number} du {date}",
        "date": "Date",
        "order": "Commande",
        "total": "Total",
        "credited_amount": "Crédité",
        "open_amount": "Reste à payer",
        "refunded_on": "Remboursé le {date}",
        "how_to_pay": "Comment payer",
        "by_transfer": "Ou payez par virement",
        "beneficiary": "Bénéficiaire",
        "iban": "Compte",
        "reference": "Communication",
        "due": "À payer pour le",
        "pay_online": "Payer en ligne",
        "pdf": "Télécharger le PDF",
        "xml": "Télécharger la facture électronique (XML)",
        "pdf_coming": "Le PDF est en préparation. Cette page s’actualise d’elle-même.",
        "pdf_stuck": "Le PDF n’est pas encore prêt. Revenez plus tard, ou demandez-le à {seller}.",
        "test": "Ceci est un test, pas un document valable.",
        "questions": "Des questions ?",
        "code": "Code pour l’assistance : {code}",
        "unknown_title": "Ce lien ne fonctionne pas",
        "unknown": "Vérifiez que vous avez repris le lien entier de l’e-mail, ou demandez-en un nouveau à la boutique.",
        "expired_title": "Ce lien a expiré",
        "expired": "Le lien était valable jusqu’au {date}. Demandez-en un nouveau à {seller}.",
        "renew_hint": "Ou faites envoyer un nouveau lien à l’adresse e-mail de la commande.",
        "renew": "Envoyer un nouveau lien",
        "renewed_title": "Consultez votre boîte mail",
        "renewed": "Si la commande comporte une adresse e-mail, un nouveau lien y est en route. Rien n’arrive ? Demandez-le à {seller}.",
        "revoked_title": "Ce lien a été retiré",
        "revoked": "Ce lien ne montre plus le document. Demandez-le à {seller}.",
        "being_made_title": "Le PDF est en préparation",
        "being_made": "Cela ne prend en général que quelques secondes. Cette page s’actualise d’elle-même.",
        "away_title": "Momentanément inaccessible",
        "away": "Cette page ne peut pas être affichée pour le moment. Réessayez dans une minute.",
        "broken_title": "Affichage impossible pour le moment",
        "broken": "Réessayez plus tard. Si cela ne va toujours pas, donnez le code ci-dessous à la boutique.",
    },
    "de": {
        "paid_on": "Bezahlt am {date}",
        "paid": "Bezahlt",
        "to_pay": "Noch zu zahlen",
        "credited": "Gutgeschrieben mit {number}",
        "corrects": "Berichtigt {number} vom {date}",
        "date": "Datum",
        "order": "Bestellung",
        "total": "Gesamt",
        "credited_amount": "Gutgeschrieben",
        "open_amount": "Noch zu zahlen",
        "refunded_on": "Erstattet am {date}",
        "how_to_pay": "So zahlen Sie",
        "by_transfer": "Oder zahlen Sie per Überweisung",
        "beneficiary": "Empfänger",
        "iban": "Konto",
        "reference": "Mitteilung",
        "due": "Zahlbar bis",
        "pay_online": "Online bezahlen",
        "pdf": "PDF herunterladen",
        "xml": "E-Rechnung herunterladen (XML)",
        "pdf_coming": "Das PDF wird erstellt. Diese Seite sieht von selbst wieder nach.",
        "pdf_stuck": "Das PDF ist noch nicht da. Kommen Sie später wieder, oder fragen Sie {seller} danach.",
        "test": "Dies ist ein Test, kein gültiges Dokument.",
        "questions": "Fragen?",
        "code": "Code für die Hilfe: {code}",
        "unknown_title": "Dieser Link funktioniert nicht",
        "unknown": "Prüfen Sie, ob Sie den ganzen Link aus der E-Mail übernommen haben, oder bitten Sie den Shop um einen neuen.",
        "expired_title": "Dieser Link ist abgelaufen",
        "expired": "Der Link war bis zum {date} gültig. Bitten Sie {seller} um einen neuen.",
        "renew_hint": "Oder lassen Sie einen neuen Link an die E-Mail-Adresse der Bestellung senden.",
        "renew": "Neuen Link senden",
        "renewed_title": "Sehen Sie in Ihr Postfach",
        "renewed": "Gehört zur Bestellung eine E-Mail-Adresse, ist ein neuer Link dorthin unterwegs. Kommt nichts an, fragen Sie {seller} danach.",
        "revoked_title": "Dieser Link wurde zurückgezogen",
        "revoked": "Über diesen Link ist das Dokument nicht mehr zu sehen. Fragen Sie {seller} danach.",
        "being_made_title": "Das PDF wird erstellt",
        "being_made": "Das dauert meist nur wenige Sekunden. Diese Seite sieht von selbst wieder nach.",
        "away_title": "Gerade nicht erreichbar",
        "away": "Diese Seite kann im Moment nicht angezeigt werden. Versuchen Sie es in einer Minute noch einmal.",
        "broken_title": "Das kann gerade nicht angezeigt werden",
        "broken": "Versuchen Sie es später noch einmal. Gelingt es auch dann nicht, nennen Sie dem Shop den Code hier unten.",
    },
    "en": {
        "paid_on": "Paid on {date}",
        "paid": "Paid",
        "to_pay": "Still to pay",
        "credited": "Credited with {number}",
        "corrects": "Corrects {number} of {date}",
        "date": "Date",
        "order": "Order",
        "total": "Total",
        "credited_amount": "Credited",
        "open_amount": "Still to pay",
        "refunded_on": "Refunded on {date}",
        "how_to_pay": "How to pay",
        "by_transfer": "Or pay by bank transfer",
        "beneficiary": "Beneficiary",
        "iban": "Account",
        "reference": "Communication",
        "due": "Due on",
        "pay_online": "Pay online",
        "pdf": "Download PDF",
        "xml": "Download e-invoice (XML)",
        "pdf_coming": "The PDF is being made. This page looks again by itself.",
        "pdf_stuck": "The PDF is not there yet. Come back later, or ask {seller} for it.",
        "test": "This is a test, not a valid document.",
        "questions": "Questions?",
        "code": "Code for support: {code}",
        "unknown_title": "This link does not work",
        "unknown": "Check that you took over the whole link from the e-mail, or ask the shop for a new one.",
        "expired_title": "This link has expired",
        "expired": "The link was valid until {date}. Ask {seller} for a new one.",
        "renew_hint": "Or have a new link mailed to the address that belongs to the order.",
        "renew": "Mail a new link",
        "renewed_title": "Look in your mailbox",
        "renewed": "If the order has a mail address, a new link is on its way there. If nothing comes, ask {seller} for one.",
        "revoked_title": "This link was withdrawn",
        "revoked": "The document can no longer be seen through this link. Ask {seller} for it.",
        "being_made_title": "The PDF is being made",
        "being_made": "This usually takes only a few seconds. This page looks again by itself.",
        "away_title": "Not reachable right now",
        "away": "This page cannot be shown right now. Try again in a minute.",
        "broken_title": "This cannot be shown right now",
        "broken": "Try again later. If it still does not work then, give the shop the code below.",
    },
}


class Phrases:
    """Speak *language* ("nl", "nl-BE", "fr_BE" …); anything but Dutch, French and German is spoken to in English."""

    def __init__(self, language: str) -> None:
        base = language[:2].lower()
        self.language = base if base in LANGUAGES else "en"

    def get(self, key: str, **values: str) -> str:
        """The sentence *key* with its {placeholders} filled."""
        return PHRASES[self.language][key].format_map(values)

    def title(self, kind: Kind) -> str:
        """The name of a document."""
        return TITLES[self.language][kind]

    def date(self, day: date) -> str:
        """Write 22 November 2026."""
        number = f"{day.day}." if self.language == "de" else str(day.day)
        return f"{number} {MONTHS[self.language][day.month - 1]} {day.year}"

    def amount(self, value: Decimal, currency: str) -> str:
        """Write money with its sign, or its code where it is not the euro. Nothing is rounded."""
        if MINOR_UNITS.get(currency) == 0 and value == value.to_integral_value():
            value = value.quantize(Decimal(1))
        digits = f"{value:,f}".translate(str.maketrans(".,", SEPARATORS[self.language]))
        sign = "€" if currency == "EUR" else currency
        if self.language in ("fr", "de"):
            return f"{digits}{HARD_SPACE}{sign}"
        return f"{sign}{digits}" if self.language == "en" and sign == "€" else f"{sign}{HARD_SPACE}{digits}"
