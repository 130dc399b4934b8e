"""What is known of a person beside the profile, its history and its events (P-16)."""

from collections.abc import Mapping, Sequence

import msgspec

from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import SUBSCRIPTIONS_OF
from mien.services.history import name_actors
from mien.services.mentions import find_rejects, known_of
from mien.services.reading import find_shown
from mien.store import merges, people
from mien.store.engine import Store
from mien.store.people import MergeSuggestion, Subscription


class Beside(msgspec.Struct, frozen=True):
    """What was said of the addresses of a person, with whom they may be one, and who said so.

    `rejects` are the ids of rejected records that name or reach the person, newest first.
    """

    said: Sequence[Subscription] = ()
    suggestions: Sequence[MergeSuggestion] = ()
    rejects: Sequence[int] = ()
    actors: Mapping[str, str] = {}


def find_beside(store: Store, environment: EnvironmentId, profile: ProfileId) -> Beside:
    """Give what is known of a person beside; nothing if they are gone. Reads all rejects."""
    with store.read() as tx:
        found = find_shown(tx, environment, profile)
        if found is None:
            return Beside()
        whole = merges.load_merged(tx, environment, [found])[0] if found.is_merged else found
        known = known_of(tx, environment, whole)
        said = [
            each
            for kind, value in sorted(known.reached)
            for each in people.subscriptions_of(tx, environment, value)
            if each.kind in SUBSCRIPTIONS_OF[kind]
        ]
        parts = [chain.id for chain in whole.chains]
        suggestions = people.suggestions_of(tx, environment, parts)
        sources = {each.source for each in said}
        return Beside(
            said,
            suggestions,
            sorted(find_rejects(tx, environment, known.mentions), reverse=True),
            name_actors(tx, environment, sources),
        )
