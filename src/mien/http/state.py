"""What every handler of the API shares."""

import asyncio

import msgspec

from mien.http.limits import Limits, Pace
from mien.http.metrics import Metrics
from mien.http.sdk.repeats import Repeats
from mien.http.waiting import Waiting
from mien.services.accounts import Doorkeeper
from mien.services.definitions import DiscardedEvents
from mien.services.email_links import EmailLinks
from mien.services.parts import Parts
from mien.services.places import Places
from mien.services.user_tokens import IdentityTokens, ProfileTokens


class Services(Parts, kw_only=True):
    """The parts of a running server that the API needs."""

    doorkeeper: Doorkeeper
    limits: Limits
    pace: Pace
    profile_tokens: ProfileTokens
    identity_tokens: IdentityTokens
    discarded: DiscardedEvents
    email_links: EmailLinks
    waiting: Waiting
    metrics: Metrics = msgspec.field(default_factory=Metrics)
    places: Places = msgspec.field(default_factory=Places)
    repeats: Repeats = msgspec.field(default_factory=Repeats)
    store_check: "asyncio.Future[bool] | None" = None
    is_stopping: bool = False
