"""A process that copies a store for counting, as a server does, and kills itself before a write.

`python -m tests.support.dying DATA SIZE WRITES` writes so often, in steps of SIZE, and dies then.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from mien.config import Settings
from mien.jobs.project import Projector
from mien.services.copies import open_projection
from mien.services.projection import Projection
from mien.store.setup import prepare


def main(data: Path, size: int, writes: int) -> None:
    """Copy until that write, or until everything is copied."""
    store = prepare(f"sqlite:///{data / 'mien.db'}", may_migrate=False)
    projection = Projection(store, open_projection(store, Settings(data=data)).analytics, size=size)
    made = count()

    def die_or_write() -> bool:
        if next(made) == writes:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    projection.may_write = die_or_write
    projector = Projector(projection, data)
    while projector.step() == 0:
        pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
