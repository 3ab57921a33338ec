"""`facturelay shop logo`: the picture on a shop's documents."""

from pathlib import Path

import click

from worker import branding
from worker.cli.common import ACTOR, of_shop, show, with_services
from worker.cli.options import with_json
from worker.services import Services


@click.command()
@of_shop
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--remove", is_flag=True, help="Print the company's name instead.")
@with_services
@with_json
def logo(services: Services, shop_id: str, file: Path | None, *, remove: bool, as_json: bool) -> None:
    """Print the PNG or JPEG in FILE on documents from now on. Documents already made keep theirs."""
    if (file is None) is not remove:
        raise click.UsageError("Name a picture, or give --remove.")
    if file is None:
        changed = branding.remove_logo(services, shop_id, by=services.actor(ACTOR))
    else:
        changed = branding.save_logo(services, shop_id, file.read_bytes(), by=services.actor(ACTOR))
    answer = {"id": shop_id, "logo": changed.branding.logo.path if changed.branding.logo else None}
    said = "The logo is printed from now on." if changed.branding.logo else "The name is printed from now on."
    show(answer, as_json=as_json, text=lambda: said)
