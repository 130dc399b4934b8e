"""Numbers that are not to be had now: the page says so in a sentence, and is there all the same (S-04)."""

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, TypeVar, cast

import pytest
from litestar import Litestar, Response
from litestar.datastructures import State
from litestar.testing import RequestFactory

from mien.domain.errors import AnalyticsBehindError, MienError, QueryTimeoutError
from mien.web import errors, frame
from mien.web.assets import Assets
from mien.web.lazy import draw_lazily
from mien.web.visit import Visit

T = TypeVar("T")

LATE: list[MienError] = [AnalyticsBehindError(12_000), QueryTimeoutError(20)]


class Looked:
    """Whoever looks at a page, as far as a part of it needs one."""

    here = "/live/home/new?days=7&x=<b>"

    async def ask(self, work: Callable[[], T]) -> T:
        return work()

    def page(self, template: str, **context: object) -> Response[bytes]:
        return Response(frame.draw(template, None, **context))


class Parts(NamedTuple):
    """What the page of an error is drawn with."""

    assets: Assets


def drawn(found: int) -> Response[bytes]:
    return Response(str(found).encode())


@pytest.mark.parametrize("error", LATE)
async def test_a_part_that_is_late_says_so_and_can_be_asked_again(error: MienError) -> None:
    def work() -> NoReturn:
        raise error

    answer = await draw_lazily(cast("Visit", Looked()), work, drawn)
    text = answer.content.decode()
    assert str(error) in text
    assert 'href="/live/home/new?days=7&amp;x=&lt;b&gt;"' in text
    assert answer.status_code in (None, 200)


async def test_a_part_that_is_there_is_drawn() -> None:
    answer = await draw_lazily(cast("Visit", Looked()), lambda: 7, drawn)
    assert answer.content == b"7"


@pytest.mark.parametrize("error", LATE)
def test_a_page_that_is_late_is_no_fault_of_the_server(error: MienError) -> None:
    app = Litestar([], state=State({"dashboard": Parts(Assets())}))
    request: Any = RequestFactory(app=app).get("/live/trends/trend.csv")
    answer = errors.answer_known(request, error)
    assert answer.status_code == 503
    assert str(error) in answer.content.decode()
