"""Facts about people beside their profiles: suggested merges, blocked addresses, erasures."""

import msgspec
import sqlalchemy as sa

from mien.domain.identities import IdentityKind
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import SubscriptionKey, SubscriptionKind
from mien.store import numbers
from mien.store.engine import Row, Transaction
from mien.store.schema import erasures, merge_suggestions, subscriptions
from mien.store.statements import OneOf


class MergeSuggestion(msgspec.Struct, frozen=True):
    """Two profiles that one record named together, and the id that the other one holds."""

    profile: ProfileId
    other: ProfileId
    kind: IdentityKind
    value: str
    suggested_at: int
    source: str


class Subscription(msgspec.Struct, frozen=True):
    """What was said of one address: whether it is blocked, when (epoch ms) and by whom."""

    kind: SubscriptionKind
    value: str
    is_blocked: bool
    changed_at: int
    source: str


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_SUGGESTIONS = (
    sa.select(*[c for c in merge_suggestions.columns if c.name != "environment_id"])
    .where(
        merge_suggestions.c.environment_id == _ENVIRONMENT,
        sa.tuple_(merge_suggestions.c.profile_id, merge_suggestions.c.other_id)
        > sa.tuple_(sa.bindparam("after"), sa.bindparam("after_other")),
    )
    .order_by(merge_suggestions.c.profile_id, merge_suggestions.c.other_id)
    .limit(sa.bindparam("count"))
)
_SUGGESTIONS_OF = (
    sa.select(*[c for c in merge_suggestions.columns if c.name != "environment_id"])
    .where(
        merge_suggestions.c.environment_id == _ENVIRONMENT, OneOf(merge_suggestions.c.profile_id)
    )
    .order_by(merge_suggestions.c.profile_id, merge_suggestions.c.other_id)
)
_FORGET_SUGGESTIONS = [
    sa.delete(merge_suggestions).where(
        merge_suggestions.c.environment_id == _ENVIRONMENT, either == sa.bindparam("profile")
    )
    for either in (merge_suggestions.c.profile_id, merge_suggestions.c.other_id)
]
_FORGET_SUGGESTION = sa.delete(merge_suggestions).where(
    merge_suggestions.c.environment_id == _ENVIRONMENT,
    merge_suggestions.c.profile_id == sa.bindparam("profile"),
    merge_suggestions.c.other_id == sa.bindparam("other"),
)
_CONFUSED = sa.select(merge_suggestions.c.profile_id).where(
    merge_suggestions.c.environment_id == _ENVIRONMENT,
    merge_suggestions.c.other_id == sa.bindparam("profile"),
)
_SAID = [subscriptions.c[name] for name in Subscription.__struct_fields__]
_BLOCKED = sa.select(subscriptions.c.kind, subscriptions.c.value, subscriptions.c.is_blocked).where(
    subscriptions.c.environment_id == _ENVIRONMENT,
    sa.or_(*[subscriptions.c.kind == kind for kind in SubscriptionKind]),
    OneOf(subscriptions.c.value),
)
_SUBSCRIPTIONS_OF = (
    sa.select(*_SAID)
    .where(
        subscriptions.c.environment_id == _ENVIRONMENT,
        sa.or_(*[subscriptions.c.kind == kind for kind in SubscriptionKind]),
        subscriptions.c.value == sa.bindparam("value"),
    )
    .order_by(subscriptions.c.kind)
)
_SUBSCRIPTIONS = (
    sa.select(*_SAID)
    .where(
        subscriptions.c.environment_id == _ENVIRONMENT,
        sa.tuple_(subscriptions.c.kind, subscriptions.c.value)
        > sa.tuple_(
            sa.bindparam("after_kind", type_=sa.SmallInteger),
            sa.bindparam("after_value", type_=sa.Text),
        ),
    )
    .order_by(subscriptions.c.kind, subscriptions.c.value)
    .limit(sa.bindparam("count"))
)
_ANY_SUBSCRIPTION = (
    sa.select(subscriptions.c.kind).where(subscriptions.c.environment_id == _ENVIRONMENT).limit(1)
)
_FORGET_SUBSCRIPTION = sa.delete(subscriptions).where(
    subscriptions.c.environment_id == _ENVIRONMENT,
    subscriptions.c.kind == sa.bindparam("kind"),
    subscriptions.c.value == sa.bindparam("value"),
)
_ERASURES = sa.select(*erasures.columns)


def suggest_merges(
    tx: Transaction, environment: EnvironmentId, rows: list[MergeSuggestion]
) -> None:
    """Note that two profiles may be one person; a pair is noted once."""
    tx.insert_new(merge_suggestions, [(environment, *msgspec.structs.astuple(row)) for row in rows])


def merge_suggestion_page(
    tx: Transaction, environment: EnvironmentId, *, after: tuple[int, int], count: int
) -> list[MergeSuggestion]:
    """Give the next suggestions by pair of profiles."""
    rows = tx.rows(
        _SUGGESTIONS, environment=environment, after=after[0], after_other=after[1], count=count
    )
    return [_suggestion(row) for row in rows]


def suggestions_of(
    tx: Transaction, environment: EnvironmentId, profiles: list[ProfileId]
) -> list[MergeSuggestion]:
    """Give the suggestions that name any of these profiles, by pair of profiles."""
    # In two steps, each by an index: SQLite would take one question about both by none.
    meant = {*profiles}
    for profile in profiles:
        meant.update(confused_with(tx, environment, profile))
    rows = tx.rows(_SUGGESTIONS_OF, environment=environment, values=sorted(meant))
    found = map(_suggestion, rows)
    return [each for each in found if each.profile in profiles or each.other in profiles]


def confused_with(
    tx: Transaction, environment: EnvironmentId, profile: ProfileId
) -> list[ProfileId]:
    """Give the profiles whose records named an id that this profile holds."""
    return [row[0] for row in tx.rows(_CONFUSED, environment=environment, profile=profile)]


def forget_suggestions(tx: Transaction, environment: EnvironmentId, profile: ProfileId) -> int:
    """Remove the suggestions that name a profile."""
    return sum(
        tx.run(each, environment=environment, profile=profile) for each in _FORGET_SUGGESTIONS
    )


def forget_suggestion(
    tx: Transaction, environment: EnvironmentId, profile: ProfileId, other: ProfileId
) -> int:
    """Remove the suggestion of one pair; gives how many there were."""
    return tx.run(_FORGET_SUGGESTION, environment=environment, profile=profile, other=other)


def set_subscriptions(
    tx: Transaction, environment: EnvironmentId, states: list[Subscription]
) -> None:
    """Block addresses for every profile that shares them, or open them again.

    That takes a place in the log of its own: an entry of a person may go with them.
    """
    if not states:
        return
    # First the transaction's id, then the place: whoever sees a place taken sees its taker.
    numbers.transaction_id(tx)
    (place,) = numbers.reserve_log(tx, environment, 1)
    # In the order of the key: two writers of the same addresses wait, and do not deadlock.
    rows: list[Row] = [
        (
            environment,
            each.kind,
            each.value,
            int(each.is_blocked),
            each.changed_at,
            each.source,
            place,
        )
        for each in sorted(states, key=lambda state: (state.kind, state.value))
    ]
    tx.upsert(subscriptions, rows)


def blocks_any(tx: Transaction, environment: EnvironmentId) -> bool:
    """Tell whether anything was said of any address of an environment."""
    return tx.row(_ANY_SUBSCRIPTION, environment=environment) is not None


def blocked_states(
    tx: Transaction, environment: EnvironmentId, values: list[str]
) -> dict[SubscriptionKey, bool]:
    """Give what was said of these addresses; those of which nothing was said are absent."""
    rows = tx.rows(_BLOCKED, environment=environment, values=values) if values else []
    return {(SubscriptionKind(kind), value): bool(is_blocked) for kind, value, is_blocked in rows}


def subscriptions_of(tx: Transaction, environment: EnvironmentId, value: str) -> list[Subscription]:
    """Give all that was said of an address in its normal form."""
    rows = tx.rows(_SUBSCRIPTIONS_OF, environment=environment, value=value)
    return [_subscription(row) for row in rows]


def subscription_page(
    tx: Transaction, environment: EnvironmentId, *, after: tuple[int, str], count: int
) -> list[Subscription]:
    """Give what was said of addresses, by kind and address, after such a pair."""
    rows = tx.rows(
        _SUBSCRIPTIONS,
        environment=environment,
        after_kind=after[0],
        after_value=after[1],
        count=count,
    )
    return [_subscription(row) for row in rows]


def forget_address(
    tx: Transaction, environment: EnvironmentId, kind: SubscriptionKind, value: str
) -> int:
    """Remove what was said of an address."""
    return tx.run(_FORGET_SUBSCRIPTION, environment=environment, kind=kind, value=value)


def note_erasures(
    tx: Transaction,
    environment: EnvironmentId,
    profile: ProfileId,
    digests: list[bytes],
    *,
    now_ms: int,
) -> None:
    """Keep keyed hashes of the ids of an erased profile."""
    tx.upsert(erasures, [(environment, digest, profile, now_ms) for digest in sorted(digests)])


def all_erasures(tx: Transaction) -> list[Row]:
    """Give every erasure of the store, as rows of the table."""
    return tx.rows(_ERASURES)


def _suggestion(row: Row) -> MergeSuggestion:
    profile, other, kind, value, suggested_at, source = row
    return MergeSuggestion(profile, other, IdentityKind(kind), value, suggested_at, source)


def _subscription(row: Row) -> Subscription:
    kind, value, is_blocked, changed_at, source = row
    return Subscription(SubscriptionKind(kind), value, bool(is_blocked), changed_at, source)
