"""The routes of the compatible API, in the order of `docs/compat.md`."""

from litestar.handlers import HTTPRouteHandler

from mien.http.clevertap.counts import count_events, count_profiles, top, trends
from mien.http.clevertap.delete import delete_profiles
from mien.http.clevertap.demerge import demerge_profiles
from mien.http.clevertap.events import events
from mien.http.clevertap.message_report import message_report
from mien.http.clevertap.now import now
from mien.http.clevertap.profile import profile
from mien.http.clevertap.profiles import profiles
from mien.http.clevertap.subscribe import disassociate_addresses, subscribe_addresses
from mien.http.clevertap.upload import upload

CLEVERTAP_HANDLERS: list[HTTPRouteHandler] = [
    upload,
    profiles,
    profile,
    events,
    delete_profiles,
    demerge_profiles,
    subscribe_addresses,
    disassociate_addresses,
    count_profiles,
    count_events,
    top,
    trends,
    now,
    message_report,
]
