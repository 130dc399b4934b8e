"""Who may be written to on a channel, as SQL: the rules of `domain.reachability`, told of tables."""

from sqlglot import exp

from mien.analytics.catalog import Kind
from mien.analytics.cells import cell_of, json_at
from mien.analytics.logic import all_of, negated
from mien.analytics.people import BLOCKS, PEOPLE, is_among
from mien.analytics.scope import Scope, column, one_of
from mien.analytics.values import holds
from mien.domain.conditions import Equals
from mien.domain.preferences import DISABLED, FIELD_OF_ADDRESS, FLAG_OF_CHANNEL, Channel
from mien.domain.reachability import ADDRESS_OF_CHANNEL, BLOCKED_BY, NEEDS_OPT_IN
from mien.domain.segments import ChannelState, Reachable

_TOKENS = {Channel.PUSH: "has_push", Channel.WEB_PUSH: "has_webpush"}


def is_in_state(node: Reachable, scope: Scope) -> exp.Expr:
    """Give whether a channel is in a state for a person."""
    if node.state is ChannelState.REACHABLE:
        return _is_reachable(node.channel, node.group, scope)
    yes, no = _said(node.channel, node.group, scope)
    match node.state:
        case ChannelState.OPTED_IN:
            return yes
        case ChannelState.OPTED_OUT:
            return no
        case ChannelState.UNDECIDED:
            return all_of([negated(yes), negated(no)])


def is_disabled(scope: Scope) -> exp.Expr:
    """Give whether a person is disabled."""
    cell = cell_of(scope.catalog.properties, DISABLED, PEOPLE, scope)
    return holds(Equals(value=True), cell, scope)


def _is_reachable(channel: Channel, group: str | None, scope: Scope) -> exp.Expr:
    """Give whether there is a way, it is not blocked, and the person did not refuse."""
    flag = cell_of(scope.catalog.properties, FLAG_OF_CHANNEL[channel], PEOPLE, scope)
    _, is_refused = _said(channel, None, scope)
    is_left = exp.false() if group is None else _said(channel, group, scope)[1]
    return all_of(
        [
            _has_way(channel, scope),
            flag.exists if channel in NEEDS_OPT_IN else exp.true(),
            negated(is_disabled(scope)),
            negated(is_refused),
            negated(is_left),
            negated(_is_blocked(channel, scope)),
        ]
    )


def _has_way(channel: Channel, scope: Scope) -> exp.Expr:
    if (token := _TOKENS.get(channel)) is not None:
        return column(token, PEOPLE)
    field = FIELD_OF_ADDRESS[ADDRESS_OF_CHANNEL[channel]]
    return cell_of(scope.catalog.properties, field, PEOPLE, scope).exists


def _is_blocked(channel: Channel, scope: Scope) -> exp.Expr:
    kinds = [int(kind) for kind in BLOCKED_BY.get(channel, ())]
    if not kinds or not scope.catalog.has_blocks:
        return exp.false()
    blocked = exp.select(column("profile_id", BLOCKS)).from_(scope.table("blocks", BLOCKS))
    return is_among(blocked.where(one_of(column("kind", BLOCKS), kinds, scope), copy=False))


def _said(channel: Channel, group: str | None, scope: Scope) -> tuple[exp.Expr, exp.Expr]:
    """Give whether a person said yes, and whether no: to a channel, or to a group of it."""
    if group is not None:
        said = json_at(column("groups", PEOPLE), (channel, group), scope)
        return _is(said, "true"), _is(said, "false")
    flag = cell_of(scope.catalog.properties, FLAG_OF_CHANNEL[channel], PEOPLE, scope)
    said_flag = flag.kinds.get(Kind.BOOLEAN)
    if said_flag is None:
        return exp.false(), exp.false()
    return said_flag, exp.EQ(this=said_flag, expression=exp.false())


def _is(said: exp.Expr, json: str) -> exp.Expr:
    return exp.EQ(this=said, expression=exp.Literal.string(json))
