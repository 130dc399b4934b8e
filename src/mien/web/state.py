"""What every handler of the dashboard shares."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mien.services.parts import Parts
from mien.services.signing_in import SignIns
from mien.web.assets import Assets

T = TypeVar("T")


class Dashboard(Parts, kw_only=True):
    """The parts of a running server that the dashboard needs.

    Hashing a password takes long and much memory, so few threads of their own do it.
    """

    sign_ins: SignIns
    hashers: ThreadPoolExecutor
    assets: Assets

    async def hash(self, work: Callable[[], T]) -> T:
        """Run work that hashes a password."""
        return await asyncio.get_running_loop().run_in_executor(self.hashers, work)
