"""Sessions: which one a record belongs to, and how long it was."""

from hypothesis import given
from hypothesis import strategies as st

from mien.domain.sessions import Session, session_of


def test_the_first_record_begins_the_first_session() -> None:
    session = session_of({"session_id": 100, "utm_source": "mail"}, None, at=105)
    assert session == Session(100, 1, 105, {"utm_source": "mail"})
    assert session.told() == {"utm_source": "mail", "session_id": 100, "session_number": 1}


def test_a_session_goes_on_and_remembers_what_it_was_told() -> None:
    former = Session(100, 2, 105, {"utm_source": "mail"})
    session = session_of({"session_id": 100, "session_referrer": "x"}, former, at=160)
    assert session is former
    assert session.seconds == 60
    assert session.properties == {"utm_source": "mail", "session_referrer": "x"}


def test_a_session_that_was_asked_for_twice_is_one() -> None:
    former = Session(100, 2, 105)
    for begun in (99, 101, 129):
        assert session_of({"session_id": begun}, former, at=130) is former
    assert former.told()["session_id"] == 100


def test_a_later_session_begins_with_nothing_of_the_one_before() -> None:
    former = Session(100, 2, 105, {"utm_source": "mail"})
    session = session_of({"session_id": 900}, former, at=900)
    assert session == Session(900, 3, 900, {})
    assert former.seen_at == 105


def test_a_record_of_an_older_session_or_of_none_changes_nothing() -> None:
    former = Session(100, 2, 105)
    assert session_of({"session_id": 50}, former, at=900) is None
    assert session_of({"utm_source": "mail"}, former, at=900) is None
    assert session_of({"session_id": "100"}, former, at=900) is None
    assert former == Session(100, 2, 105)


def test_a_session_that_no_clock_can_have_begun_is_none() -> None:
    for begun in (-1, 900 + 86_401, 1_764_525_000_000, 2**63 - 1):
        assert session_of({"session_id": begun}, None, at=900) is None
        assert session_of({"session_id": begun}, Session(100, 2, 105), at=900) is None
    ahead = session_of({"session_id": 900 + 86_400}, None, at=900)
    assert ahead == Session(87_300, 1, 900)


def test_a_session_kept_with_such_a_beginning_ends_with_the_next() -> None:
    former = Session(1_764_525_000_000, 2, 105)
    assert session_of({"session_id": 900}, former, at=900) == Session(900, 3, 900)
    assert former.seconds == 0


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 60)), max_size=20))
def test_sessions_only_go_forward(told: list[tuple[int, int]]) -> None:
    current: Session | None = None
    for begun, later in told:
        before = None if current is None else (current.id, current.number, current.seen_at)
        current = session_of({"session_id": begun}, current, at=begun + later) or current
        assert current is not None
        assert current.seconds >= 0
        if before is not None:
            assert (current.id, current.number) >= before[:2]
            assert current.number - before[1] == (current.id > before[0])
