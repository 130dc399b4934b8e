"""`mien segment members`: who is in a segment, or some of them by chance."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from mien.cli.asking import Alone, Remote, asking
from mien.cli.options import (
    account_argument,
    data_option,
    json_option,
    open_existing,
    settings_with,
)
from mien.cli.printing import print_json, print_table
from mien.cli.trees import read_tree, segment_option, tree_option
from mien.config import Settings
from mien.domain.errors import InvalidInputError
from mien.domain.ids import ProfileId
from mien.domain.segment_json import to_json
from mien.domain.segments import Node
from mien.services import accounts
from mien.services.copies import questions_of
from mien.services.counting import Brief, Counting, brief_of, show_members
from mien.services.reading import Reader
from mien.store.accounts import Environment

_PAGE = 1_000


class _Page(msgspec.Struct, frozen=True):
    members: Sequence[Brief]
    next_cursor: str | None = None


@click.command()
@account_argument
@segment_option
@tree_option
@click.option(
    "--limit", type=click.IntRange(min=1), help="List no more than so many [default: all]."
)
@click.option("--sample", type=click.IntRange(1, _PAGE), help="Draw so many by chance instead.")
@click.option("--seed", type=click.IntRange(0, 2**62), help="Draw the same ones for the same seed.")
@data_option
@json_option
def members(
    *,
    account_id: str,
    segment_id: str | None,
    file: Path | None,
    limit: int | None,
    sample: int | None,
    seed: int | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """List who is in a segment of the environment ACCOUNT_ID, in the order in which they were known.

    A running server is asked; without one the command brings the copy for counting up itself.
    Give one of --segment and --tree. `mien export` writes large ones to a file.
    """
    if sample is not None and limit is not None:
        raise InvalidInputError(path="limit", problem="give this, or --sample, and not both")
    if sample is None and seed is not None:
        raise InvalidInputError(path="seed", problem="it needs --sample")
    settings = settings_with(data)
    with closing(open_existing(settings)) as store:
        environment = accounts.get_environment(store, account_id)
        tree = read_tree(store, environment.environment_id, segment_id, file)
    with asking(settings) as asked:
        desk = _desk(asked, environment, settings)
        found = desk.listed(tree) if sample is None else desk.drawn(tree, sample, seed or 0)
        shown = list(islice(found, limit))
    if as_json:
        print_json({"members": shown})
        return
    heads = ("Object id", "Distinct id", "Type", "Name", "E-mail")
    print_table(heads, [[part or "" for part in msgspec.structs.astuple(each)] for each in shown])


class _RemoteDesk:
    def __init__(self, remote: Remote, environment: Environment) -> None:
        self._remote, self._account = remote, environment.public_id

    def listed(self, tree: Node) -> Iterator[Brief]:
        """Give all, page after page."""
        more: dict[str, Any] = {}
        while True:
            page = self._ask("members", tree, limit=_PAGE, **more)
            yield from page.members
            if page.next_cursor is None:
                return
            more = {"cursor": page.next_cursor}

    def drawn(self, tree: Node, size: int, seed: int) -> Iterator[Brief]:
        """Give some by chance."""
        yield from self._ask("sample", tree, size=size, seed=seed).members

    def _ask(self, what: str, tree: Node, **more: object) -> _Page:
        body = {"tree": to_json(tree), **more}
        return self._remote.ask(self._account, "POST", f"segments/{what}", _Page, body)


class _OwnDesk:
    def __init__(self, alone: Alone, environment: Environment, settings: Settings) -> None:
        questions = questions_of(alone.projection, settings)
        self._alone, self._counting = alone, Counting(questions)
        self._reader = Reader(environment.environment_id)
        self._zone = ZoneInfo(environment.time_zone)
        alone.catch_up(environment.environment_id)

    def listed(self, tree: Node) -> Iterator[Brief]:
        """Give all, page after page."""
        after: ProfileId | None = ProfileId(0)
        while after is not None:
            page = self._counting.members(
                self._reader.environment, tree, self._zone, after=after, count=_PAGE
            )
            yield from self._shown(page.profiles)
            after = page.after

    def drawn(self, tree: Node, size: int, seed: int) -> Iterator[Brief]:
        """Give some by chance."""
        some = self._counting.sample(
            self._reader.environment, tree, self._zone, size=size, seed=seed
        )
        yield from self._shown(some.profiles)

    def _shown(self, wanted: Sequence[ProfileId]) -> Iterator[Brief]:
        views = show_members(self._alone.projection, self._reader, wanted, self._zone)
        return map(brief_of, views)


def _desk(
    asked: Remote | Alone, environment: Environment, settings: Settings
) -> _RemoteDesk | _OwnDesk:
    if isinstance(asked, Remote):
        return _RemoteDesk(asked, environment)
    return _OwnDesk(asked, environment, settings)
