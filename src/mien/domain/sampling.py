"""Samples of people: the same for the same seed, on every engine, and spread as by chance.

Each profile has a rank, a mix of its id and the seed in plain arithmetic of 64 bits, so that SQL
works out the same; a sample are those of the lowest ranks. Whoever stays among those who are
meant keeps the rank, so a sample changes as little as they do.
"""

from hashlib import sha256

import msgspec

PRIME = 2**31 - 1
"""Remainders by it have fifth powers that are all different, and products that fit in 63 bits."""


class Mixer(msgspec.Struct, frozen=True):
    """What a seed makes of ids: `factor` times the id and `offset`, then the fifth power, by `PRIME`."""

    factor: int
    offset: int

    @classmethod
    def of(cls, seed: int) -> "Mixer":
        """Give the mixer of a seed."""
        digest = sha256(b"sample %d" % seed).digest()
        factor, offset = (int.from_bytes(part, "big") for part in (digest[:8], digest[8:16]))
        return cls(factor % (PRIME - 1) + 1, offset % PRIME)

    def rank(self, profile: int) -> int:
        """Give the rank of a profile."""
        return int(pow((profile % PRIME * self.factor + self.offset) % PRIME, 5, PRIME))
