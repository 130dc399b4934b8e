"""The truth table that docs and screens show is whole, and says what is done (U-13)."""

import pytest

from mien.domain.preferences import Channel
from mien.domain.reachability import BLOCKED_BY, Reason
from mien.domain.truth import columns_of, lines_of


@pytest.mark.parametrize("channel", Channel)
def test_the_table_has_a_line_for_every_case(channel: Channel) -> None:
    lines = lines_of(channel)
    assert len(lines) == 1 + 2 ** len(BLOCKED_BY.get(channel, ())) * 3 * 2
    assert len({line.said for line in lines}) == len(lines)
    assert {len(line.said) for line in lines} == {len(columns_of(channel))}


@pytest.mark.parametrize("channel", Channel)
def test_a_message_goes_where_nothing_stands_against_it(channel: Channel) -> None:
    for line in lines_of(channel):
        is_free = "no" not in line.said and not {"left", "false"} & set(line.said)
        is_free &= "true" not in line.said[1:-2]
        is_free &= channel is not Channel.WHATSAPP or line.said[-2] == "true"
        assert line.reach.can is is_free, line


def test_every_reason_but_that_of_the_disabled_stands_in_the_tables() -> None:
    told = {line.reach.reason for channel in Channel for line in lines_of(channel)}
    assert told == {None, *Reason} - {Reason.DISABLED}
