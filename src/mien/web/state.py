"""What every handler of the dashboard shares."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias, TypeVar

from mien.domain.ids import EnvironmentId
from mien.services.arriving import Arriving
from mien.services.history import Person, PersonView
from mien.services.parts import Parts
from mien.services.signing_in import SignIns
from mien.web.assets import Assets

T = TypeVar("T")

PersonWriter: TypeAlias = Callable[[Parts, EnvironmentId, PersonView, Person], AsyncIterator[bytes]]
"""Writes everything known of a person as one document, piece by piece (P-16)."""


class Dashboard(Parts, kw_only=True):
    """The parts of a running server that the dashboard needs.

    Hashing a password takes long and much memory, so few threads of their own do it.
    `write_person` is how the API writes a person, so that both give the same file.
    """

    sign_ins: SignIns
    hashers: ThreadPoolExecutor
    assets: Assets
    write_person: PersonWriter
    arriving: Arriving

    async def hash(self, work: Callable[[], T]) -> T:
        """Run work that hashes a password."""
        return await asyncio.get_running_loop().run_in_executor(self.hashers, work)
