"""Retries: what is tried again, how long after, and when the client gives up."""

import socket
from collections.abc import Iterator

import pytest

from callers import Client, Connect
from loopback_server import (
    BUSY,
    DOWN,
    IN_FLIGHT,
    Drop,
    Fault,
    LoopbackMien,
    Reply,
    Stall,
    problem,
)
from mien_client import (
    EventRecord,
    InvalidRequestError,
    NotAllowedError,
    Record,
    UnavailableError,
    UnexpectedAnswerError,
    UploadInterruptedError,
)

CHARGE = EventRecord("Charged", distinct_id="ana")


def test_a_server_that_is_down_twice_is_asked_a_third_time(
    mien: Client, server: LoopbackMien, pauses: list[float]
) -> None:
    server.faults.extend([DOWN, DOWN])
    assert mien.upload([CHARGE]).processed == 1
    assert pauses == [0.25, 0.5]  # half of 0.5 s, then of 1 s: chance is 0.5 here
    assert len(server.seen) == 3


def test_retry_after_is_waited_in_full_with_the_jitter_on_top(
    mien: Client, server: LoopbackMien, pauses: list[float]
) -> None:
    server.faults.append(BUSY)
    assert mien.upload([CHARGE]).processed == 1
    assert pauses == [3.25]


def test_retry_after_may_be_a_date(mien: Client, server: LoopbackMien, pauses: list[float]) -> None:
    server.faults.append(Reply(503, headers={"Retry-After": "Tue, 24 Nov 2026 12:00:07 GMT"}))
    mien.upload([CHARGE])
    assert pauses == [7.25]


@pytest.mark.parametrize("raw", ["soon", "-5", "", "1.5", "Tue, 24 Nov 2020 12:00:00 GMT"])
def test_a_retry_after_without_a_meaning_leaves_the_jitter(
    mien: Client, server: LoopbackMien, pauses: list[float], raw: str
) -> None:
    server.faults.append(Reply(503, headers={"Retry-After": raw}))
    mien.upload([CHARGE])
    assert pauses == [0.25]


def test_a_very_long_retry_after_is_handed_to_the_caller(
    mien: Client, server: LoopbackMien, pauses: list[float]
) -> None:
    server.faults.append(Reply(503, headers={"Retry-After": "3600"}))
    with pytest.raises(UnavailableError) as caught:
        mien.upload([CHARGE])
    assert caught.value.retry_after_seconds == 3600
    assert (caught.value.attempts, pauses) == (1, [])


@pytest.mark.parametrize(
    "fault",
    [
        *(Reply(status) for status in (408, 425, 429, 500, 502, 504, 599)),
        IN_FLIGHT,
        Drop(),
        Drop(after_work=True),
    ],
    ids=repr,
)
def test_a_passing_trouble_is_tried_again_and_no_event_counts_twice(
    mien: Client, server: LoopbackMien, fault: Fault
) -> None:
    server.faults.append(fault)
    assert mien.upload([CHARGE]).processed == 1
    assert server.events["ana"] == 1
    first, second = server.seen
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "key1-1"
    assert first.body == second.body


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 415, 422])
def test_a_refusal_is_not_tried_again(mien: Client, server: LoopbackMien, status: int) -> None:
    server.faults.append(problem(status, "some_code", "a sentence"))
    with pytest.raises(InvalidRequestError) as caught:
        mien.upload([CHARGE])
    assert str(caught.value) == f"{status} [some_code]: a sentence"
    assert caught.value.problem.type == "/docs/errors#some_code"
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<h1>nginx</h1>", "413: <h1>nginx</h1>"),
        (b"", "413: no reason given"),
        (b'{"status":"fail","error":"Malformed","code":400}', "413 [400]: Malformed"),
        (b'{"title":"Too large"}', "413: Too large"),
        (b'"text"', '413: "text"'),
        (b"\xff\xfe", "413: \ufffd\ufffd"),
    ],
)
def test_a_refusal_without_problem_details_still_says_what_it_can(
    mien: Client, server: LoopbackMien, body: bytes, sentence: str
) -> None:
    server.faults.append(Reply(413, body))
    with pytest.raises(InvalidRequestError) as caught:
        mien.upload([CHARGE])
    assert str(caught.value) == sentence


def test_a_wrong_passcode_is_not_allowed_and_stays_out_of_sight(
    connect: Connect, server: LoopbackMien
) -> None:
    client = connect(passcode="wrong-passcode")
    with pytest.raises(NotAllowedError, match="Invalid Credentials") as caught:
        client.upload([CHARGE])
    assert caught.value.problem.code == "invalid_credentials"
    assert "wrong-passcode" not in repr(caught.value) + repr(vars(client))
    assert len(server.seen) == 1


def test_a_server_that_stays_away_is_given_up_with_the_facts(
    connect: Connect, server: LoopbackMien, pauses: list[float]
) -> None:
    server.faults.extend([DOWN] * 3)
    with pytest.raises(UnavailableError) as caught:
        connect(max_retries=2).upload([CHARGE])
    assert str(caught.value) == (
        "Gave up after 3 attempt(s): the server answered 503 (<h1>down</h1>). "
        "Records confirmed before: 0."
    )
    assert (caught.value.confirmed, caught.value.key) == (0, "key1")
    assert len(pauses) == 2


def test_a_server_that_goes_away_midway_leaves_receipts_and_the_number_confirmed(
    connect: Connect, server: LoopbackMien
) -> None:
    client = connect(batch_size=2, max_retries=0)
    events = [CHARGE] * 5

    def watched() -> Iterator[Record]:
        yield from events[:2]
        server.faults.append(Drop(after_work=True))
        yield from events[2:]

    with pytest.raises(UploadInterruptedError) as caught:
        client.upload(watched())
    cause = caught.value.__cause__
    assert isinstance(cause, UnavailableError)
    assert cause.confirmed == caught.value.confirmed == 2
    # The lost batch was in fact applied. Its key makes the repeat harmless.
    assert client.upload(events, key=caught.value.key).processed == 5
    assert server.events["ana"] == 5


def test_no_retries_means_one_attempt(
    connect: Connect, server: LoopbackMien, pauses: list[float]
) -> None:
    server.faults.append(DOWN)
    with pytest.raises(UnavailableError):
        connect(max_retries=0).upload([CHARGE])
    assert (len(server.seen), pauses) == (1, [])


def test_the_span_of_the_jitter_doubles_up_to_thirty_seconds(
    connect: Connect, server: LoopbackMien, pauses: list[float]
) -> None:
    server.faults.extend([DOWN] * 9)
    connect(max_retries=9, chance=lambda: 1.0).upload([CHARGE])
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_silent_server_times_out_and_is_asked_again(
    connect: Connect, server: LoopbackMien
) -> None:
    server.faults.append(Stall())
    assert connect(timeout=0.3).upload([CHARGE]).processed == 1
    assert len(server.seen) == 2


def test_a_refused_connection_is_tried_again_until_the_server_is_up(
    connect: Connect, pauses: list[float]
) -> None:
    with LoopbackMien(listening=False) as starting:

        class StartOnSecondPause(list[float]):
            def append(self, seconds: float) -> None:
                super().append(seconds)
                if len(self) == 2:
                    starting.listen()

        waits = StartOnSecondPause()

        async def pause(seconds: float) -> None:
            waits.append(seconds)

        is_sync = type(connect(starting.url)).__name__ == "Mien"
        client = connect(starting.url, sleep=waits.append if is_sync else pause)
        assert client.upload([CHARGE]).processed == 1
        assert len(waits) == 2


def test_nobody_at_the_address_is_unavailable(connect: Connect) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        client = connect(f"http://127.0.0.1:{taken.getsockname()[1]}", max_retries=1)
        with pytest.raises(UnavailableError, match="ConnectError"):
            client.profile(distinct_id="ana")


def test_a_read_is_tried_again_too(mien: Client, server: LoopbackMien) -> None:
    mien.upload([CHARGE])
    server.faults.extend([DOWN, Drop()])
    assert mien.profile(distinct_id="nobody") is None
    assert len(server.seen) == 4


def test_a_redirect_is_not_followed_with_the_passcode(mien: Client, server: LoopbackMien) -> None:
    server.faults.append(Reply(308, headers={"Location": "http://elsewhere.example/"}))
    with pytest.raises(UnexpectedAnswerError, match=r"308 http://elsewhere\.example/; is base_url"):
        mien.upload([CHARGE])
    assert len(server.seen) == 1


def test_a_proxy_page_with_status_200_is_no_receipt(mien: Client, server: LoopbackMien) -> None:
    server.faults.append(Reply(200, b"<html>sign in to the hotel</html>"))
    with pytest.raises(UnexpectedAnswerError, match="sign in to the hotel"):
        mien.upload([CHARGE])


def test_a_garbled_body_is_tried_again(mien: Client, server: LoopbackMien) -> None:
    server.faults.append(Reply(200, b"not gzip", {"Content-Encoding": "gzip"}))
    assert mien.upload([CHARGE]).processed == 1
