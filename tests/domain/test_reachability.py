"""The truth table of sending: who may be written to on which channel, and why not (U-13)."""

from itertools import product

import pytest

from mien.domain.devices import Device, PushToken
from mien.domain.documents import Document
from mien.domain.preferences import Channel, SubscriptionKey, SubscriptionKind
from mien.domain.reachability import Reach, Reason, reachability
from mien.domain.values import Value

EMAIL, PHONE = "Ana@Example.com", "+14155551234"
MAIL_KEY = (SubscriptionKind.EMAIL, "ana@example.com")
PHONE_KEY = (SubscriptionKind.PHONE, PHONE)
WHATSAPP_KEY = (SubscriptionKind.WHATSAPP, PHONE)

OK = Reach(can=True)
ALL: dict[str, Value] = {"Email": EMAIL, "Phone": PHONE, "MSG-whatsapp": True}
APP = Device("d1", token=PushToken("t1", "fcm"))
BROWSER = Device("d2", token=PushToken("t2", "chrome", {"p256dh": "a", "auth": "b"}))


def no(reason: Reason) -> Reach:
    """Give a refusal."""
    return Reach(can=False, reason=reason)


def reached(
    channel: Channel,
    properties: dict[str, Value],
    states: dict[SubscriptionKey, bool] | None = None,
    *,
    groups: dict[str, dict[str, bool]] | None = None,
    group: str | None = None,
) -> Reach:
    """Ask for one channel of a person with an app and a browser."""
    person = Document(0, properties=properties, devices=[APP, BROWSER], groups=groups or {})
    return reachability(person, states or {}, group=group)[channel]


def test_somebody_of_whom_only_addresses_and_devices_are_known_is_reached_but_on_whatsapp() -> None:
    person = Document(0, properties={"Email": EMAIL, "Phone": PHONE}, devices=[APP, BROWSER])
    assert reachability(person, {}) == {
        Channel.EMAIL: OK,
        Channel.SMS: OK,
        Channel.WHATSAPP: no(Reason.NOT_OPTED_IN),
        Channel.PUSH: OK,
        Channel.WEB_PUSH: OK,
    }


def test_nobody_is_reached_without_an_address_or_a_token() -> None:
    assert reachability(Document(0, devices=[Device("d1")]), {}) == {
        Channel.EMAIL: no(Reason.NO_ADDRESS),
        Channel.SMS: no(Reason.NO_ADDRESS),
        Channel.WHATSAPP: no(Reason.NO_ADDRESS),
        Channel.PUSH: no(Reason.NO_TOKEN),
        Channel.WEB_PUSH: no(Reason.NO_TOKEN),
    }


@pytest.mark.parametrize("kind", ["fcm", "gcm", "apns", "wns", "mpns"])
def test_a_token_of_an_app_takes_push_and_one_of_a_browser_web_push(kind: str) -> None:
    app = Document(0, devices=[Device("d1", token=PushToken("t", kind))])
    browser = Document(0, devices=[BROWSER])
    assert reachability(app, {})[Channel.PUSH] == OK
    assert reachability(app, {})[Channel.WEB_PUSH] == no(Reason.NO_TOKEN)
    assert reachability(browser, {})[Channel.PUSH] == no(Reason.NO_TOKEN)
    assert reachability(browser, {})[Channel.WEB_PUSH] == OK


@pytest.mark.parametrize("channel", Channel)
def test_a_channel_is_left_by_its_own_flag_alone(channel: Channel) -> None:
    for each in Channel:
        expected = no(Reason.OPTED_OUT) if each is channel else OK
        assert reached(each, {**ALL, f"MSG-{channel}": False}) == expected


# R12
@pytest.mark.parametrize("channel", Channel)
def test_who_is_disabled_is_reached_on_no_channel_whatever_else_is_said(channel: Channel) -> None:
    willing: dict[str, Value] = {**ALL, f"MSG-{channel}": True}
    groups = {channel.value: {"News": True}}
    for group in (None, "News"):
        said = {**willing, "MSG-disabled": True}
        assert reached(channel, said, groups=groups, group=group) == no(Reason.DISABLED)
        said = {**willing, "MSG-disabled": False}
        assert reached(channel, said, groups=groups, group=group) == OK
    assert reached(channel, {"MSG-disabled": True}) == no(Reason.DISABLED)


def test_a_blocked_address_stops_what_goes_there() -> None:
    blocked = no(Reason.ADDRESS_BLOCKED)
    for channel in (Channel.PUSH, Channel.WEB_PUSH):
        assert reached(channel, ALL, {MAIL_KEY: True, PHONE_KEY: True, WHATSAPP_KEY: True}) == OK
    assert reached(Channel.EMAIL, ALL, {MAIL_KEY: True}) == blocked
    assert reached(Channel.EMAIL, ALL, {PHONE_KEY: True, WHATSAPP_KEY: True}) == OK
    assert reached(Channel.SMS, ALL, {PHONE_KEY: True}) == blocked
    assert reached(Channel.SMS, ALL, {MAIL_KEY: True, WHATSAPP_KEY: True}) == OK
    assert reached(Channel.WHATSAPP, ALL, {PHONE_KEY: True}) == blocked
    assert reached(Channel.WHATSAPP, ALL, {WHATSAPP_KEY: True}) == blocked
    assert reached(Channel.WHATSAPP, ALL, {PHONE_KEY: True, WHATSAPP_KEY: False}) == blocked


def test_an_address_that_was_opened_again_is_no_opt_in() -> None:
    opened = {MAIL_KEY: False, PHONE_KEY: False, WHATSAPP_KEY: False}
    assert reached(Channel.EMAIL, ALL, opened) == OK
    silent: dict[str, Value] = {"Phone": PHONE}
    assert reached(Channel.WHATSAPP, silent, opened) == no(Reason.NOT_OPTED_IN)


def test_another_address_that_is_blocked_does_not_matter() -> None:
    assert reached(Channel.EMAIL, ALL, {(SubscriptionKind.EMAIL, "bo@example.com"): True}) == OK


@pytest.mark.parametrize("channel", Channel)
def test_a_group_that_was_left_is_left_on_its_channel_alone(channel: Channel) -> None:
    groups = {channel.value: {"News": False, "Tips": True}}
    for each in Channel:
        expected = no(Reason.GROUP_LEFT) if each is channel else OK
        assert reached(each, ALL, groups=groups, group="News") == expected
        assert reached(each, ALL, groups=groups, group="Tips") == OK
        assert reached(each, ALL, groups=groups, group="Offers") == OK
        assert reached(each, ALL, groups=groups) == OK


@pytest.mark.parametrize("channel", Channel)
def test_whatever_is_said_more_against_a_channel_never_opens_it(channel: Channel) -> None:
    for mail, phone, whatsapp, left in product([False, True], repeat=4):
        states = {MAIL_KEY: mail, PHONE_KEY: phone, WHATSAPP_KEY: whatsapp}
        groups = {channel.value: {"News": not left}}
        for properties in ({**ALL, f"MSG-{channel}": True}, {**ALL, f"MSG-{channel}": False}):
            now = reached(channel, properties, states, groups=groups, group="News")
            for key in states:
                more = reached(
                    channel, properties, {**states, key: True}, groups=groups, group="News"
                )
                assert now.can or not more.can
            assert now.can is (now.reason is None)
