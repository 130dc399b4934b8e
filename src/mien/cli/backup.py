"""`mien backup` and `mien restore`."""

from importlib.metadata import version
from pathlib import Path

import click

from mien.cli.options import data_option, json_option, settings_with, where
from mien.cli.printing import at, data_words, print_json, progress_bar, shown_time
from mien.services import backup as backups
from mien.store.backup import Manifest

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@_file
@click.option("--replace", is_flag=True, help="Let FILE take the place of one of that name.")
@data_option
@json_option
def backup(*, file: Path, replace: bool, data: Path | None, as_json: bool) -> None:
    """Write all that the store holds to FILE, while servers run.

    FILE is one moment of the store, checked row by row. It holds personal data and the
    hashes of passcodes: keep it as safe as the store.
    """
    settings = settings_with(data)
    with progress_bar() as progress:
        manifest = backups.back_up(
            settings.store, file, mien=version("mien"), may_replace=replace, progress=progress
        )
    if as_json:
        print_json(_described(manifest, file=str(file), bytes=file.stat().st_size))
        return
    click.echo(
        f"Backed up {where(settings)} to {file} ({file.stat().st_size / 1e6:,.1f} MB): "
        f"{_counted(manifest)}. Every row was compared.\n\n"
        f"To put it back:\n\n  mien restore {file}{data_words(settings)}"
    )


@click.command()
@_file
@click.option("--replace", is_flag=True, help="Replace a store that is not empty.")
@click.option(
    "--erasures",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A later backup, or the mien.db of a lost store: who was erased by then stays erased.",
)
@data_option
@json_option
def restore(
    *, file: Path, replace: bool, erasures: Path | None, data: Path | None, as_json: bool
) -> None:
    """Put back what FILE holds, all or nothing; the engine need not be the one it came from.

    Servers must be stopped. Persons that the store which is replaced has erased since
    FILE was made stay erased.
    """
    settings = settings_with(data)
    with progress_bar() as progress:
        done = backups.put_back(
            file, settings.store, erasures=erasures, may_replace=replace, progress=progress
        )
    if as_json:
        print_json(
            _described(
                done.manifest,
                store=where(settings),
                erased_profiles=done.erased,
                knows_erasures=done.knows_erasures,
            )
        )
        return
    click.echo(
        f"Restored {where(settings)} from {file}, made {shown_time(done.manifest.taken_at)}: "
        f"{_counted(done.manifest)}."
    )
    if done.erased:
        click.echo(f"Profiles erased since then, which stay erased: {done.erased:,}.")
    if not done.knows_erasures:
        click.echo(
            "The damaged store could not say who was erased since the backup: they are back. "
            "If you have a later backup, restore again with --erasures.",
            err=True,
        )


def _described(manifest: Manifest, **more: object) -> dict[str, object]:
    return {
        **more,
        "taken_at": at(manifest.taken_at),
        "engine": manifest.engine,
        "schema_version": manifest.schema_version,
        "tables": manifest.tables,
    }


def _counted(manifest: Manifest) -> str:
    tables = manifest.tables
    return f"{tables['profiles'].rows:,} profiles, {tables['events'].rows:,} events"
