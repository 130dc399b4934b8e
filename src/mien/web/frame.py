"""What stands around every page: the links of the navigation, and how templates are drawn."""

from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar.response import Redirect

from mien.domain.identities import WIRE_NAMES
from mien.domain.members import Role
from mien.web.texts import code, people_word, plain, shown, size_of, type_name


class Link(msgspec.Struct, frozen=True):
    """A link of the navigation; `path` is below the environment, `needs` who may see it."""

    path: str
    label: str
    icon: str
    needs: Role = Role.VIEWER


LINKS = (
    Link("", "Home", "home"),
    Link("live", "Live view", "activity"),
    Link("people", "People", "users"),
    Link("segments", "Segments", "filter"),
    Link("properties", "Properties", "tags"),
    Link("events", "Events", "bolt"),
    Link("trends", "Trends", "chart-bar"),
    Link("exports", "Exports", "download", Role.EDITOR),
    Link("rejects", "Rejects", "ban"),
    Link("merges", "Merges", "arrow-merge"),
    Link("connect", "Connect", "plug"),
    Link("settings", "Settings", "settings"),
)
"""The navigation, in the order in which it is shown."""

HELP = "help"
"""What stands apart from it."""


def make_templates() -> Environment:
    """Make what draws templates: all text is escaped, and a misspelt name is an error."""
    made = Environment(
        loader=PackageLoader("mien.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        code=code,
        plain=plain,
        shown=shown,
        type_name=type_name,
        number="{:,}".format,
        people=people_word,
        bytes=size_of,
    )
    made.globals["kind_names"] = WIRE_NAMES
    for name in ("ui", "charts"):
        made.globals[name] = made.get_template(f"{name}.html").module
    return made


_templates = make_templates()


def lead_to(path: str) -> Redirect:
    """Lead the browser to another page, which it asks for anew whatever it sent here."""
    return Redirect(path, status_code=303)


def is_part(template: str) -> bool:
    """Tell whether a template is a part of pages, and none by itself."""
    # A page is made of blocks, of which a frame is filled.
    return not _templates.get_template(template).blocks


def draw(template: str, block: str | None, **context: Any) -> bytes:
    """Draw a template, or one block of it for a page that is there already."""
    found = _templates.get_template(template)
    if block is None:
        return found.render(context).encode()
    return "".join(found.blocks[block](found.new_context(context))).encode()
