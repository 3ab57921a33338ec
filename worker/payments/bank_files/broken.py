"""What is said of a bank file that cannot be taken."""

from datetime import date

from worker.errors import Rejected


def unreadable(kind: str) -> Rejected:
    return Rejected(
        "This {kind} file is damaged: its lines and sums do not agree. Download it from your bank once more; nothing of it was taken.",
        kind=kind,
        code="bank_file_damaged",
    )


def too_long(most: int) -> Rejected:
    return Rejected(
        "This file has more than {most} lines. Download a shorter period from your bank.",
        most=most,
        code="bank_file_too_large",
    )


def cut_off(kind: str) -> Rejected:
    return Rejected(
        "This {kind} file ends too early: a part is missing. Download it from your bank once more; nothing of it was taken.",
        kind=kind,
        code="bank_file_cut_off",
    )


def no_currency(day: date) -> Rejected:
    return Rejected(
        "In this file a payment of {day} says no currency. Download it from your bank once more; nothing of it was taken.",
        day=day,
        code="bank_file_no_currency",
    )
