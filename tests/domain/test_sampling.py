"""Samples are the same for a seed, differ between seeds, and favour nobody."""

from collections import Counter

from mien.domain.sampling import PRIME, Mixer


def sample(seed: int, ids: range, size: int) -> list[int]:
    mixer = Mixer.of(seed)
    return sorted(ids, key=lambda each: (mixer.rank(each), each))[:size]


def test_a_seed_gives_the_same_people_and_another_seed_others() -> None:
    people = range(1, 10_001)
    assert sample(7, people, 100) == sample(7, people, 100)
    assert len(set(sample(7, people, 100)) & set(sample(8, people, 100))) < 10


def test_a_sample_stays_when_others_come() -> None:
    before, after = sample(3, range(1, 1_001), 50), sample(3, range(1, 1_011), 50)
    assert len(set(before) & set(after)) >= 45


def test_ranks_of_different_people_differ() -> None:
    mixer = Mixer.of(0)
    assert len({mixer.rank(each) for each in range(1, 100_001)}) == 100_000
    assert all(0 <= mixer.rank(each) < PRIME for each in (0, 1, PRIME, 2**62))


def test_no_part_of_the_ids_is_favoured() -> None:
    """Of 400 samples of 10 in 1,000, each tenth has 400 places, give or take."""
    tenths = Counter(each // 100 for seed in range(400) for each in sample(seed, range(1_000), 10))
    assert all(300 < tenths[tenth] < 500 for tenth in range(10)), tenths
    in_one = Counter(len({each // 100 for each in sample(s, range(1_000), 10)}) for s in range(400))
    # By chance 10 of 1,000 lie in 6.5 tenths.
    assert 6.2 < sum(n * count for n, count in in_one.items()) / 400 < 6.9, in_one
