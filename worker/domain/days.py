"""Days as a shop's clock has them."""

from datetime import date, datetime, time, tzinfo


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """Its first instant in *zone*."""
    return datetime.combine(day, time(), zone)
