"""Whom a command means: a saved segment, or a tree of the segment language in a file."""

import sys
from pathlib import Path

import click
import msgspec

from mien.domain.errors import InvalidInputError
from mien.domain.ids import EnvironmentId, SegmentId
from mien.domain.segment_json import parse_segment
from mien.domain.segments import Node
from mien.services import segments
from mien.store.engine import Store

segment_option = click.option("--segment", "segment_id", help="The id of a saved segment.")
tree_option = click.option(
    "--tree",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True),
    help="A file with a tree of the segment language as JSON; - is standard input.",
)


def read_tree(
    store: Store, environment: EnvironmentId, segment_id: str | None, file: Path | None
) -> Node:
    """Give the tree of one of the two options, or raise `InvalidInputError`."""
    if (segment_id is None) is (file is None):
        raise InvalidInputError(path="segment", problem="give this, or --tree, and not both")
    if segment_id is not None:
        return segments.get_segment(store, environment, SegmentId(segment_id)).tree
    assert file is not None  # noqa: S101 - one of the two was given
    text = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return parse_segment(msgspec.json.decode(text), "tree")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(
            path="tree", problem=f"the file cannot be read as JSON: {error}"
        ) from error
