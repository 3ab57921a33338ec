"""`facturelay failed-jobs`: what the page of failed work shows, with the ids that `facturelay many` takes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

import click

from worker import serializers
from worker.cli.common import SHOP, rows_of, show, table, with_services
from worker.cli.documents import DAY
from worker.cli.options import with_json
from worker.domain.days import start_of_day
from worker.domain.step import STEPS
from worker.json_type import tell
from worker.services import Services
from worker.store import shops
from worker.store.database.pagination import Between
from worker.store.jobs import OF_ORDERS, OF_SHOP
from worker.store.queries import jobs
from worker.store.queries.jobs import Job, JobFilter

WORK = (*OF_ORDERS, *STEPS)
NOTHING = "Nothing has failed."
NOTHING_LIKE_THAT = "Nothing that failed is like that."


@click.command("failed-jobs")
@click.option("--shop", "shop_id", metavar="SHOP", type=SHOP, help="Only this shop.")
@click.option("--from", "since", type=DAY, metavar="DAY", help="Only what was asked for this day or later.")
@click.option("--to", "until", type=DAY, metavar="DAY", help="Only what was asked for this day or earlier.")
@click.option("--work", metavar="NAME", type=click.Choice(WORK), help=f"Only this work: {', '.join(WORK)}.")
@click.option("--code", metavar="CODE", help="Only what failed for this reason, like mail_refused.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the oldest N.")
@click.option("--ids", "only_ids", is_flag=True, help="Print the ids alone, one a line.")
@with_services
@with_json
def failed_jobs(
    services: Services,
    shop_id: str | None,
    since: datetime | None,
    until: datetime | None,
    work: str | None,
    code: str | None,
    limit: int | None,
    *,
    only_ids: bool,
    as_json: bool,
) -> None:
    """List what failed and was neither done since nor dismissed, the oldest first.

    Days are those of the shop where one is named, else of UTC. `many retry` and `many dismiss` take these ids, of one shop at a time:
    facturelay failed-jobs --shop SHOP --code mail_refused --ids | xargs -r facturelay many retry SHOP
    """
    zone = services.connected(shop_id).shop.zoneinfo if shop_id else UTC
    wanted = JobFilter(kinds=OF_SHOP, name=work, code=code, asked=days(since, until, zone))
    with services.store.read() as connection:
        of_shops = (shop_id,) if shop_id else None
        found = rows_of(lambda page_request: jobs.jobs_page(connection, of_shops, wanted, page_request), limit)
        names = {shop.shop_id: shop.name for shop in shops.every(connection)}
    if only_ids and not as_json:
        click.echo("".join(f"{job.job_id}\n" for job in found), nl=False)
        return
    none = NOTHING_LIKE_THAT if any((since, until, work, code)) else NOTHING
    answer = [{"shop_id": job.shop_id, **tell(serializers.FAILED_JOB, job)} for job in found]
    show(answer, as_json=as_json, text=lambda: as_table(found, names) if found else none)


def days(since: datetime | None, until: datetime | None, zone: tzinfo) -> Between:
    """From the beginning of the first day to the end of the last."""
    return Between(
        start_of_day(since.date(), zone).astimezone(UTC) if since else None,
        start_of_day(until.date() + timedelta(days=1), zone).astimezone(UTC) if until else None,
    )


def as_table(found: list[Job], names: Mapping[str, str]) -> str:
    rows = [
        (
            str(job.job_id),
            names.get(job.shop_id, job.shop_id),
            job.name,
            job.number or (f"order {job.order_id}" if job.order_id else ""),
            f"{job.since:%d-%m-%Y %H:%M}",
            str(job.attempts),
            job.code,
            str(job.message),
        )
        for job in found
    ]
    return table([("id", "shop", "work", "of", "since (UTC)", "tries", "code", "why"), *rows], right=(0, 5))
