"""Every reason for which something needs a person. A test asks for each code that the program can store."""

from collections.abc import Iterable
from functools import lru_cache, partial

from worker.domain.attention import Button, Harm, Reason, Source
from worker.domain.document import Problem
from worker.domain.reminder import ReminderKind
from worker.domain.step import BUYER_ASKS, EINVOICE, MAIL, RENDER, TRANSMIT, WRITE_BACK
from worker.message import Message

SEE = Button(Message("See them"))
TRY_AGAIN = Button(Message("Try all again"), retries=True)
COMPANY = Button(Message("Fill in your company"), "settings/company")
CHECKOUT_FIELDS = Button(Message("Say what the field holds"), "settings/checkout-fields")
CONNECTION = Button(Message("Look at the connection"), "settings/connection")
MAIL_SETTINGS = Button(Message("Look at the mail settings"), "settings/mail")
PEPPOL = Button(Message("Look at Peppol"), "settings/peppol")
BRANDING = Button(Message("Look at the layout"), "settings/branding")
BANK_FILES = Button(Message("See the bank files"), "payments/bank")
VAT_SETTINGS = Button(Message("Look at the VAT settings"), "settings/vat")
OTHER_ADDRESS = Button(Message("Send to another address"), changes=True)
SEE_ORDERS = Button(Message("See the orders"))
DRAFTS = Button(Message("See the drafts"), "documents?list=drafts")

NOTHING, TERM, NUMBERS = Harm.CUSTOMER_HAS_NOTHING, Harm.LEGAL_TERM, Harm.NUMBERS
DECISION, INFORMATION = Harm.DECISION, Harm.INFORMATION
# Where the same address fails again: another one mends it.
OF_MAIL_ADDRESS = ("mail_refused", "mail_no_address")

alert = partial(Reason, Source.ALERT)
bank = partial(Reason, Source.BANK)
draft = partial(Reason, Source.DRAFT)
flag = partial(Reason, Source.FLAG)
work = partial(Reason, Source.WORK)

# The harm, what is said of them, what mends it, and the codes; of failed work without a code of its own, its job.
REASONS = (
    work("mail_refused", NOTHING,
        Message("Mails that the customer's mail server refused: these customers did not get their document."),
        OTHER_ADDRESS, ("mail_refused", "mail_address_unsupported", "mail_bounced")),
    work("mail_no_address", NOTHING, Message("Documents of customers who left no mail address."),
        OTHER_ADDRESS, ("mail_no_address",)),
    work("mail_settings", NOTHING, Message("Mails that cannot leave before the mail settings are right."),
        MAIL_SETTINGS, (
            "mail_no_sender", "mail_sender_refused", "mail_sender_unproved", "mail_login_refused", "mail_certificate",
            "mail_server_missing", "mail_server_open", "mail_server_refuses", "mail_server_setting", "mail_server_wrong",
            "mail_limit", "mail_limit_reached",
        )),
    work("mail_failed", NOTHING, Message("Mails that did not leave."), TRY_AGAIN, work=MAIL),
    work("peppol_question", DECISION, Message("E-invoices that the buyer rejects or asks something about."),
        Button(Message("See what the buyers say")), (BUYER_ASKS,)),
    work("peppol_failed", NOTHING, Message("E-invoices that did not reach the buyer by Peppol, or of which nobody knows it."),
        SEE, work=TRANSMIT),
    work("einvoice_failed", NOTHING, Message("E-invoices that could not be written."), TRY_AGAIN, work=EINVOICE),
    work("pdf_failed", NOTHING, Message("Documents of which the PDF could not be made."), TRY_AGAIN, work=RENDER),
    work("note_failed", DECISION, Message("Documents that the shop's orders do not show."), TRY_AGAIN, work=WRITE_BACK),
    work("shop_refuses_work", NOTHING,
        Message("The shop does not let these orders be fetched or written on; minutes after it does, they go on by themselves."),
        CONNECTION, ("rest_key_refused", "rest_not_found", "shop_redirects", "bad_address", "private_address")),
    work("order_failed", NOTHING, Message("Orders that could not be processed: no documents are made of them."),
        SEE_ORDERS, work="process_order"),
    work("paid_but", DECISION,
        Message("Paid orders that the shop was not told are paid, because their state there does not allow it."),
        SEE_ORDERS, ("paid_but_*", "money_was_taken_back", "paid_in_parts", "paid_when_completed", "shop_left_unpaid")),
    work("settle_failed", DECISION, Message("Paid orders that could not be set paid in the shop."),
        TRY_AGAIN, work="settle_order"),
    *(work(f"{kind}_failed", DECISION, Message("Reminders that did not leave."), TRY_AGAIN, work=kind)
      for kind in ReminderKind),

    draft("seller_incomplete", NOTHING, Message("Documents that wait for your company's details."),
        COMPANY, ("seller_incomplete",)),
    draft("buyer_incomplete", NOTHING, Message("Documents that wait for the buyer's name, address or VAT number."),
        SEE, ("buyer_incomplete", "vat_number_wrong")),
    draft("einvoice_unconnected", NOTHING, Message("Invoices for businesses that wait until you are connected to Peppol."),
        PEPPOL, ("einvoice:not_connected",)),
    draft("einvoice_invalid", NOTHING, Message("Invoices that would be no valid e-invoice."),
        SEE, ("einvoice*", "peppol_address_wrong")),
    draft("cannot_print", NOTHING, Message("Documents that cannot be printed."),
        SEE, ("cannot_print*", "letters_missing", "document_too_large", "template_failed", "logo_wrong")),
    draft("exchange_rate", NOTHING, Message("Documents that wait for an exchange rate."), SEE, ("exchange_rate_missing",)),
    draft("number_unclear", NUMBERS,
        Message("Documents that may have been issued after the backup that was restored: issue none twice."),
        SEE, ("maybe_issued",)),
    draft("vat_number", DECISION, Message("Sales of which the VAT depends on a VAT number of the buyer that is not confirmed."),
        SEE, ("vat_number_invalid", "vat_number_unchecked", "treatment_needs_number")),
    draft("amounts", DECISION, Message("Orders of which the amounts do not add up."),
        SEE, (
            "does_not_add_up", "rate_missing", "no_lines", "suborders_do_not_add_up", "reduction_exceeds_rate", "negative_total",
        )),
    draft("money", DECISION, Message("Orders of which not all of the money came in, or was taken back."),
        SEE, ("deposit_order", "paid_in_parts", "deposit_not_invoiced", "money_taken_back", "rest_charged")),
    draft("refunds", DECISION, Message("Refunds of which you must say what they give back."),
        SEE, (
            "refund_of_which_goods", "gift_card_refund", "more_than_remaining", "more_than_rate_remaining",
            "more_than_line_remaining", "refunded_line_not_invoiced", "earlier_refund_waits", "credited_by_hand", "refund_unread",
        )),
    draft("vat_question", DECISION, Message("Documents of which you must say which VAT is right."), SEE),

    flag("invoiced_twice", NUMBERS, Message("Orders that have two invoices: VAT is due twice."), SEE, ("invoiced_twice",)),
    flag("changed_after_invoice", DECISION, Message("Orders that were changed after their invoice."),
        SEE, ("changed_after_invoice", "in_bin_but_invoiced", "suborders_do_not_add_up", "deposit_not_invoiced")),
    flag("vat_number_unread", DECISION,
        Message("Invoices without the buyer's VAT number, which stands in a field that you have not named."),
        CHECKOUT_FIELDS, ("vat_number_unread",)),
    flag("status_missed", DECISION,
        Message("Orders without a document: they were not seen in the status in which your rule makes it."),
        SEE, ("status_missed",)),
    flag("late_but_invoiced", DECISION, Message("Orders that are late and not cancelled, because their invoice stands."),
        SEE, ("late_but_invoiced",)),
    flag("money_back", DECISION, Message("Orders of which money is to be given back, or was taken back."),
        SEE, ("cancelled_but_paid", "money_taken_back", "to_give_back")),
    flag("costs_more", DECISION, Message("Orders that were changed to cost more after they were paid."), SEE, ("costs_more",)),
    flag("refund_changed", DECISION, Message("Refunds that do not agree with their credit notes."),
        SEE, ("refund_deleted", "refund_not_credited")),
    flag("notice", INFORMATION, Message("Orders with something worth knowing; their documents are made."),
        Button(Message("Read them"))),

    alert("shop_refuses", NOTHING,
        Message("The shop does not let its orders be read or written on: invoices are missing, or the orders do not show them."),
        CONNECTION, ("rest_key_refused", "shop_refuses", "webhook_owner")),
    alert("shop_silent", NOTHING, Message("The shop does not report its orders any more."),
        CONNECTION, ("shop_silent", "webhook_disabled")),
    alert("other_site", NOTHING, Message("Another address reports orders in the name of the shop: nothing is made of them."),
        CONNECTION, ("other_site*",)),
    alert("work_late", NOTHING, Message("Work has waited for hours."),
        Button(Message("See what waits"), "jobs?state=waiting"), ("work_late",)),
    alert("documents_missing", NOTHING, Message("Paid orders in the shop have no document here."),
        Button(Message("Compare with the shop"), "accounting"), ("reconcile_missing",)),
    alert("peppol_account", NOTHING, Message("The access point does not take your e-invoices."), PEPPOL, ("peppol_account",)),
    alert("template_broken", NOTHING, Message("A template prints nothing: its documents wait as drafts."),
        DRAFTS, ("cannot_print*",)),
    alert("invoice_term", TERM, Message("The last legal day of invoices is near or over."), DRAFTS, ("invoice_term",)),
    alert("oss_passed", TERM, Message("Your sales to other countries of the EU passed the limit: their VAT is due there."),
        VAT_SETTINGS, ("oss_limit_passed",)),
    alert("numbering_paused", NUMBERS,
        Message("A backup was restored: no number is given before whoever runs Facturelay says which were given since."),
        Button(Message("See the numbers"), "accounting"), ("numbering_paused",)),
    alert("charged_back", DECISION, Message("Money of an online payment was taken back."),
        Button(Message("See the open invoices"), "payments"), ("mollie_charged_back*",)),
    alert("online_payment", DECISION, Message("Customers cannot pay online."),
        Button(Message("Look at the payment settings"), "settings/payment"), ("mollie_out_of_order",)),
    alert("bank_file", DECISION, Message("A bank file could not be read."), BANK_FILES, ("bank_file_refused*",)),
    alert("bank_statement_missing", DECISION, Message("A statement of your bank is missing: who paid in it is not known here."),
        BANK_FILES, ("bank_statement_missing",)),
    alert("bank_files_old", DECISION, Message("The newest file of your bank is old: who paid since is not known here."),
        Button(Message("Read a newer file"), "payments/bank"), ("bank_files_old",)),
    alert("other_plugin", DECISION, Message("Another plugin makes invoices too."), CONNECTION, ("other_invoice_plugin",)),
    alert("webhook_stopped", DECISION, Message("A program that follows your shop is no longer told."),
        Button(Message("Look at the programs"), "settings/api"), ("webhook_stopped",)),
    alert("channel_silent", DECISION, Message("An address that you want to be notified at takes nothing."),
        Button(Message("Look at the notifications"), "settings/notifications"), ("channel_silent",)),
    alert("vies_silent", DECISION, Message("The register of VAT numbers does not answer: sales without VAT wait."),
        DRAFTS, ("vies_silent",)),
    alert("oss_near", INFORMATION, Message("Your sales to other countries of the EU come near the limit."),
        VAT_SETTINGS, ("oss_limit_near",)),
    alert("too_many_reports", INFORMATION,
        Message("The shop reports more orders than can be processed at once; those that are left out are asked for afterwards."),
        Button(Message("See what waits"), "jobs?state=waiting"), ("too_many_reports",)),
    alert("printed_plainly", INFORMATION, Message("Documents were printed without your logo or layout."),
        BRANDING, ("printed_plainly",)),
    alert("alert", DECISION, Message("Something about the shop needs you."), SEE),

    bank("bank_lines", DECISION, Message("Lines of the bank of which you must say which order they pay."),
        Button(Message("See the lines"), "payments/bank")),
)  # fmt: skip
BY_NAME = {reason.name: reason for reason in REASONS}


@lru_cache(1000)  # codes of flags bear numbers of documents: there is no end to them
def reason_of(source: Source, code: str, work: str = "") -> Reason:
    """The reason of a code. *work*: of failed work, the name of the job."""
    mine = [reason for reason in REASONS if reason.source is source]
    named = next((reason for reason in mine if reason.names(code)), None)
    return named or next(reason for reason in mine if not reason.codes and reason.work in ("", work))


def worst_code(source: Source, problems: Iterable[Problem]) -> str:
    """The code of the problem that does the most harm; empty where none is counted."""
    counted = [problem.code for problem in problems if reason_of(source, problem.code).is_counted]
    return min(counted, key=lambda code: reason_of(source, code).harm, default="")
