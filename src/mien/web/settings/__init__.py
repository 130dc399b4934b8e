"""Settings of an account and of its two environments (D-01, D-06): a tab a module."""

from litestar.handlers import HTTPRouteHandler

from mien.web.settings.account import ACCOUNT_HANDLERS
from mien.web.settings.audit import AUDIT_HANDLERS
from mien.web.settings.identities import IDENTITY_HANDLERS
from mien.web.settings.keys import KEY_HANDLERS
from mien.web.settings.limits import LIMIT_HANDLERS
from mien.web.settings.mappings import MAPPING_HANDLERS
from mien.web.settings.members import MEMBER_HANDLERS
from mien.web.settings.sdks import SDK_HANDLERS

SETTINGS_HANDLERS: list[HTTPRouteHandler] = [
    *ACCOUNT_HANDLERS,
    *MEMBER_HANDLERS,
    *KEY_HANDLERS,
    *IDENTITY_HANDLERS,
    *MAPPING_HANDLERS,
    *SDK_HANDLERS,
    *LIMIT_HANDLERS,
    *AUDIT_HANDLERS,
]
