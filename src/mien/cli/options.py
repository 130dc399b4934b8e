"""What the commands share: their options, the settings behind them, and how they refuse."""

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

from mien.config import InvalidSettingError, Settings, read_settings, variable_of
from mien.domain.errors import InvalidInputError, MienError
from mien.domain.identities import Identity, IdentityKind, object_identity, person_identity
from mien.domain.rejects import Rejected
from mien.store import portable
from mien.store.engine import RetryTransactionError, Store, StoreRefusedError, open_store
from mien.store.setup import find_version, prepare

_REFUSALS = (InvalidSettingError, StoreRefusedError, MienError, OSError)
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_REGION_CHARACTERS = 40
_LAST_PORT = 65_535
_OBJECT_ID_PREFIX = "objectId:"

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The data folder [default: MIEN_DATA, else ./mien-data].",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
account_argument = click.argument("account_id")


class Commands(click.Group):
    """A group whose commands say in one sentence what they refuse, with exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a refusal becomes a sentence on standard error."""
        try:
            return super().invoke(ctx)
        except InvalidInputError as error:
            option = error.path.replace("_", "-")
            msg = f"--{option}: {error.problem}."
            raise click.ClickException(msg) from error
        except RetryTransactionError as error:
            msg = "Another process wrote the same at the same time; run the command again."
            raise click.ClickException(msg) from error
        except _REFUSALS as error:
            raise click.ClickException(str(error)) from error


class ServeCommand(click.Command):
    """A command whose help lists every setting."""

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of settings."""
        with formatter.section("Settings, read from the environment"):
            formatter.write_dl(
                [
                    (variable_of(each), f"{each.metadata['help']} {_default(each.default)}".strip())
                    for each in fields(Settings)
                ]
            )


def settings_with(data: Path | None, **given: object) -> Settings:
    """Read the settings, and put what options gave in their place; None is not given."""
    chosen = {name: value for name, value in {"data": data, **given}.items() if value is not None}
    return replace(read_settings(), **chosen)  # type: ignore[arg-type]  # typed by their options


def open_existing(settings: Settings) -> Store:
    """Open a store that must be there; raises `StoreRefusedError` if there is none."""
    if find_version(settings.store) is None:
        msg = f"There is no store at {where(settings)}; `mien account create` makes one."
        raise StoreRefusedError(msg)
    return prepare(settings.store, may_migrate=False)


def identity_of(name: str, value: str) -> Identity:
    """Read whom an argument of this name means: a distinct id, or `objectId:` and a device's id."""
    try:
        if value.startswith(_OBJECT_ID_PREFIX):
            return object_identity(value.removeprefix(_OBJECT_ID_PREFIX))
        return person_identity(IdentityKind.IDENTITY, value)
    except Rejected as rejected:
        raise InvalidInputError(name, rejected.reason) from rejected


def where(settings: Settings) -> str:
    """Name the store that is meant, without its password."""
    return portable.name_of(open_store(settings.store))


def check_region(_ctx: click.Context, _parameter: click.Parameter, region: str) -> str:
    """Refuse a region that could not stand in a host name."""
    if len(region) > _REGION_CHARACTERS or not _REGION.fullmatch(region):
        msg = f"'{region}' is no region such as eu1: small letters, digits and single dashes."
        raise click.BadParameter(msg)
    return region


def check_port(settings: Settings) -> None:
    """Raise `InvalidSettingError` for a number that is no port."""
    if not 1 <= settings.port <= _LAST_PORT:
        msg = f"The port is {settings.port}; it must be from 1 to {_LAST_PORT}."
        raise InvalidSettingError(msg)


def _default(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"[{text}]" if text else ""
