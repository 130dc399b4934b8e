"""How a form changes settings of an environment, without undoing what others changed meanwhile."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from litestar import Response

from mien.domain.environments import EnvironmentSettings
from mien.domain.errors import ChangedMeanwhileError, InvalidInputError
from mien.domain.members import Act
from mien.services.environments import change_settings, get_settings, mark_of
from mien.web.settings.tabs import settings_page
from mien.web.visit import Note, Visit

Form: TypeAlias = Mapping[str, str]


class SettingsForm:
    """The form of a tab: which settings it holds, how they are written there, and read again."""

    def __init__(
        self,
        tab: str,
        names: tuple[str, ...],
        *,
        write: Callable[[EnvironmentSettings], Form],
        read: Callable[[Form], dict[str, object]],
    ) -> None:
        self.tab, self.names, self.write, self.read = tab, names, write, read

    async def show(self, visit: Visit, **context: Any) -> Response[bytes]:
        """Show what is set."""
        return await self._page(visit, None, None, **context)

    async def save(self, visit: Visit, **context: Any) -> Response[Any]:
        """Save what was sent; what is wrong comes back as it was filled in."""
        form, environment = await visit.form(), visit.environment_id
        store, before = visit.dashboard.store, await self._known(visit)
        try:
            changes = self.read(form)
            save = partial(change_settings, source=visit.source, mark=form.get("mark", ""))
            after = await visit.do(
                lambda: save(store, environment, changes),
                lambda after: self._note_of(before, after),
            )
        except (InvalidInputError, ChangedMeanwhileError) as error:
            return await self._page(visit, form, error, **context)
        is_changed = self._note_of(before, after) is not None
        said = "Saved; it holds for what is sent from now on." if is_changed else "Nothing changed."
        return visit.back(visit.url(f"settings/{self.tab}"), said)

    def _note_of(self, before: EnvironmentSettings, after: EnvironmentSettings) -> Note | None:
        changed = [each for each in self.names if getattr(before, each) != getattr(after, each)]
        return (
            Note(Act.SETTINGS_CHANGED, details={"settings": ", ".join(changed)})
            if changed
            else None
        )

    async def _page(
        self,
        visit: Visit,
        form: Form | None,
        wrong: InvalidInputError | ChangedMeanwhileError | None,
        **context: Any,
    ) -> Response[bytes]:
        known = await self._known(visit)
        # A form that was wrong keeps its own mark: what others change meanwhile is still told.
        is_old = form is not None and isinstance(wrong, InvalidInputError)
        return settings_page(
            visit,
            self.tab,
            wrong=wrong,
            form=self.write(known) if form is None else _Sent(form),
            mark=form.get("mark", "") if form and is_old else mark_of(known, self.names),
            settings=known,
            **context,
        )

    async def _known(self, visit: Visit) -> EnvironmentSettings:
        store, environment = visit.dashboard.store, visit.environment_id
        return await visit.run(partial(get_settings, store, environment))


class _Sent(dict[str, str]):
    """A form as it was sent: browsers leave out boxes that are not ticked."""

    def __missing__(self, name: str) -> str:
        return ""


def read_number(form: Form, name: str, path: str) -> int:
    """Read a whole number of a form, or raise `InvalidInputError`."""
    text = form.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - no bound of ours
        problem = "needs to be a whole number"
        raise InvalidInputError(path, problem)
    return int(text)


def read_lines(form: Form, name: str) -> tuple[str, ...]:
    """Read the lines of a field, without the empty ones and repeats, in their order."""
    lines = (line.strip() for line in form.get(name, "").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))
