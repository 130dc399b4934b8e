"""The command tree of `mien`."""

import click

from mien.cli.account import account
from mien.cli.analytics import analytics
from mien.cli.backup import backup, restore
from mien.cli.environment import environment
from mien.cli.export import export
from mien.cli.key import key
from mien.cli.member import member
from mien.cli.merge import merge
from mien.cli.migrate import migrate
from mien.cli.move import move
from mien.cli.options import Commands
from mien.cli.rejects import rejects
from mien.cli.segment import segment
from mien.cli.segment_members import members
from mien.cli.signing_key import signing_key


@click.group(cls=Commands)
@click.version_option(package_name="mien", message="%(prog)s %(version)s")
def cli() -> None:
    """Mien: know who your users are, what they did and how to reach them."""


segment.add_command(members)

for _command in (
    account,
    member,
    key,
    signing_key,
    environment,
    backup,
    restore,
    rejects,
    merge,
    segment,
    export,
    migrate,
    move,
    analytics,
):
    cli.add_command(_command)
