"""Why a record was not applied: the codes, their causes and how to mend them.

The codes are part of the API. Those of CleverTap keep their meaning; from 600 on
they are our own. `docs/errors.md` is made from `REJECT_CODES`.
"""

from enum import IntEnum

import msgspec


class RejectCode(IntEnum):
    """The number that a client reads in `unprocessed[].code`."""

    EVENT_NAME_MISSING = 509
    EVENT_NAME_TOO_LONG = 510
    CHARGED_INVALID = 511
    EVENT_INVALID = 512
    EVENT_RESTRICTED = 513
    GENDER = 514
    EMAIL = 515
    PHONE = 516
    EMPLOYED = 517
    EDUCATION = 518
    MARRIED = 519
    AGE = 520
    EVENT_VALUE_TOO_LONG = 521
    EVENT_TOO_MANY_PROPERTIES = 522
    IDENTITY = 523
    RECORD_TYPE = 524
    TIMESTAMP = 525
    OBJECT_ID = 526
    EVENT_DISCARDED = 528
    TOKEN_OBJECT_ID = 530
    TOKEN_DATA = 531
    TOKEN_ID_MISSING = 532
    TOKEN_TYPE_MISSING = 533
    TOKEN_PLATFORM = 534
    TOKEN_KEYS = 535
    NESTED_TOO_DEEP = 541
    NESTED_TOO_LONG = 543
    NESTED_TOO_MANY_KEYS = 544
    DATE_OF_BIRTH = 601
    NAME = 603
    CUSTOMER_TYPE = 604
    KEY_TOO_LONG = 605
    VALUE_TOO_LONG = 606
    LIST_INVALID = 607
    KEY_CHARACTERS = 608
    VALUE_TYPE = 609
    OPERATOR_UNKNOWN = 610
    OPERATOR_OPERAND = 611
    NOT_A_NUMBER = 612
    IDENTITY_DELETE = 613
    TOO_MANY_KEYS = 614
    PROFILE_DATA = 615
    INTEGER_RANGE = 616
    PREFERENCE = 617
    RECORD_TOO_LARGE = 618
    DATE_VALUE = 619
    DEVICE = 620
    ADDRESS_TYPE = 621
    ADDRESS_STATUS = 622
    IDENTITY_UNSIGNED = 623
    PHOTO = 624
    TIME_ZONE = 625
    TOO_MANY_IDS = 626
    MAPPING = 630


class CodeHelp(msgspec.Struct, frozen=True):
    """What a person should know of one code: its cause and its mend."""

    cause: str
    mend: str


_CODES = RejectCode
REJECT_CODES: dict[RejectCode, CodeHelp] = {
    _CODES.EVENT_NAME_MISSING: CodeHelp(
        "An event has no `evtName`, or it is blank or not a text.", "Give the event a name."
    ),
    _CODES.EVENT_NAME_TOO_LONG: CodeHelp(
        "An event name is longer than 1,024 characters.", "Shorten the name."
    ),
    _CODES.CHARGED_INVALID: CodeHelp(
        "`Charged` holds a list or an object outside `Items`, or `Items` is not a list of flat "
        "objects.",
        "Put the bought things into `Items`, each a flat object; keep the rest scalar.",
    ),
    _CODES.EVENT_INVALID: CodeHelp(
        "`evtData` is not an object, or holds null or a value of an unknown shape.",
        "Send texts, numbers, booleans, dates, lists or nested objects; leave nulls out.",
    ),
    _CODES.EVENT_RESTRICTED: CodeHelp(
        "The event name belongs to the system (`App Launched`, `Notification Sent`, …).",
        "Use a name of your own.",
    ),
    _CODES.GENDER: CodeHelp("Gender has an unknown value.", "Send M, F, O or U."),
    _CODES.EMAIL: CodeHelp(
        "Email is not an address.", "Send one address such as `ana@example.com`."
    ),
    _CODES.PHONE: CodeHelp(
        "Phone is not `+`, country code and number.", "Send the number as `+14155551234`."
    ),
    _CODES.EMPLOYED: CodeHelp("Employed has an unknown value.", "Send Y or N, or true or false."),
    _CODES.EDUCATION: CodeHelp(
        "Education has an unknown value.", "Send School, College or Graduate."
    ),
    _CODES.MARRIED: CodeHelp("Married has an unknown value.", "Send Y or N, or true or false."),
    _CODES.AGE: CodeHelp("Age is not a whole number of years from 0 to 150.", "Send a number."),
    _CODES.EVENT_VALUE_TOO_LONG: CodeHelp(
        "A text in an event is longer than 512 bytes of UTF-8.", "Shorten the text."
    ),
    _CODES.EVENT_TOO_MANY_PROPERTIES: CodeHelp(
        "An event has more than 256 properties, or `Charged` more than 256 `Items`.",
        "Send fewer, or several events.",
    ),
    _CODES.IDENTITY: CodeHelp(
        "The record names nobody: no `identity`, `FBID`, `GPID` or `objectId`, or one that is "
        "blank, over 1,024 characters, or a refused value such as `null` or `0`.",
        "Send a real id of the person.",
    ),
    _CODES.RECORD_TYPE: CodeHelp(
        "The record is no object, or its `type` is none of profile, event and token.",
        "Set `type`.",
    ),
    _CODES.TIMESTAMP: CodeHelp(
        "`ts` is not whole seconds since 1970, or lies more than a day ahead.",
        "Send epoch seconds (not milliseconds, not a text), or leave `ts` out for now.",
    ),
    _CODES.OBJECT_ID: CodeHelp(
        "`objectId` is not 1 to 64 of the characters A-Z a-z 0-9 ( ) ! : @ $ _ -, or is one that "
        "the server would have made and did not.",
        "Send the id that the SDK or this server gave.",
    ),
    _CODES.EVENT_DISCARDED: CodeHelp(
        "The event was discarded in its definition.", "Take it back into use, or stop sending it."
    ),
    _CODES.TOKEN_OBJECT_ID: CodeHelp(
        "A token record has no `objectId`, a malformed one, or one of no known device.",
        "Upload the device first (a profile or event with this `objectId`).",
    ),
    _CODES.TOKEN_DATA: CodeHelp("`tokenData` is missing or not an object.", "Send the object."),
    _CODES.TOKEN_ID_MISSING: CodeHelp("`tokenData.id` is missing or blank.", "Send the token."),
    _CODES.TOKEN_TYPE_MISSING: CodeHelp(
        "`tokenData.type` is missing or unknown.",
        "Send one of fcm, gcm, apns, chrome, wns, mpns.",
    ),
    _CODES.TOKEN_PLATFORM: CodeHelp(
        "The token type does not fit the platform of the device.",
        "Send the token with the `objectId` of the device that it belongs to.",
    ),
    _CODES.TOKEN_KEYS: CodeHelp(
        "`tokenData.keys` is not `{p256dh, auth}`, is missing for chrome, or is given for another "
        "type.",
        "Send both keys with a chrome token, none with others.",
    ),
    _CODES.NESTED_TOO_DEEP: CodeHelp("An event nests deeper than 3 levels.", "Flatten it."),
    _CODES.NESTED_TOO_LONG: CodeHelp(
        "A list in an event has more than 100 items.", "Send fewer items."
    ),
    _CODES.NESTED_TOO_MANY_KEYS: CodeHelp(
        "The nested objects of an event have more than 100 keys together.", "Send fewer keys."
    ),
    _CODES.DATE_OF_BIRTH: CodeHelp(
        "DOB or Birthday is not a date.", "Send `$D_` and epoch seconds, or `$D_YYYYMMDD`."
    ),
    _CODES.NAME: CodeHelp("Name is not a text, or blank.", "Send a text, or `$delete`."),
    _CODES.CUSTOMER_TYPE: CodeHelp("Customer Type is not a text.", "Send a text."),
    _CODES.KEY_TOO_LONG: CodeHelp(
        "A property key is blank or longer than 120 bytes of UTF-8.", "Shorten the key."
    ),
    _CODES.VALUE_TOO_LONG: CodeHelp(
        "A property value is longer than 512 bytes of UTF-8.", "Shorten the text."
    ),
    _CODES.LIST_INVALID: CodeHelp(
        "A list has more than 100 items, or an item that is no text of up to 512 bytes.",
        "Send fewer items; send numbers as texts.",
    ),
    _CODES.KEY_CHARACTERS: CodeHelp(
        "A property key or an event name has a character that is not allowed "
        "(% > < ! | & . : ; $ ' \" \\ # in keys; control characters everywhere).",
        "Rename it.",
    ),
    _CODES.VALUE_TYPE: CodeHelp(
        "A property value is null or an object that is no operator.",
        "Send a text, number, boolean, date or list; remove a property with `$delete`.",
    ),
    _CODES.OPERATOR_UNKNOWN: CodeHelp(
        "An object with an unknown operator, or one that this field does not take.",
        "Use one of $set, $add, $remove, $delete, $incr, $decr.",
    ),
    _CODES.OPERATOR_OPERAND: CodeHelp(
        "The operand does not fit the operator.",
        "$incr and $decr take a number, $delete takes 1 or true, $add and $remove take a text or "
        "a list of texts.",
    ),
    _CODES.NOT_A_NUMBER: CodeHelp(
        "$incr or $decr on a property that is missing or no number.",
        "Set the property to a number first; `/v1/batch` counts a missing one as 0.",
    ),
    _CODES.IDENTITY_DELETE: CodeHelp(
        "An operator on an id of the person.", "Delete the profile, or send the new id as a value."
    ),
    _CODES.TOO_MANY_KEYS: CodeHelp(
        "The profile has 256 custom keys already. Keys that it has were written, the new ones "
        "named in the answer were not.",
        "Remove keys with $delete, or send through `/v1/batch`, which has no such cap.",
    ),
    _CODES.PROFILE_DATA: CodeHelp(
        "`profileData` is missing or not an object.", "Send an object; an empty one is fine."
    ),
    _CODES.INTEGER_RANGE: CodeHelp(
        "An integer does not fit into 64 bits.", "Send it as a text or a float."
    ),
    _CODES.PREFERENCE: CodeHelp(
        "A `MSG-…` flag is no boolean, or a category change is not `{channel: [group, …]}`.",
        "Send true or false, or the object.",
    ),
    _CODES.RECORD_TOO_LARGE: CodeHelp(
        "An event is larger than 128 KiB.", "Send less data with one event."
    ),
    _CODES.DATE_VALUE: CodeHelp(
        "A text that begins with `$D_` is no date.", "Send `$D_` and whole epoch seconds."
    ),
    _CODES.TOO_MANY_IDS: CodeHelp(
        "The profile would have more ids of one kind than the environment allows.",
        "Find out why one person has so many ids; raise `ids_per_kind` if it is right.",
    ),
    _CODES.DEVICE: CodeHelp(
        "What the record tells of its device or session is no object of short texts, or names "
        "a fact that is not known.",
        "Send the facts that the answer names, each a text of at most 512 bytes.",
    ),
    _CODES.ADDRESS_TYPE: CodeHelp(
        "An item about an address is no object, or its `type` is not one that the call takes.",
        "Set `type`: email, phone or whatsapp to block or open an address; phone to take one away.",
    ),
    _CODES.ADDRESS_STATUS: CodeHelp(
        "An item about an address says neither to block it nor to open it again.",
        "Set `status`: Unsubscribe or Resubscribe.",
    ),
    _CODES.IDENTITY_UNSIGNED: CodeHelp(
        "The environment requires signed identities, and a record from a browser or an app names "
        "a person without a valid identity token for that very id.",
        "Let the app's own server sign a token for the person (`mien signing-key`), and send it "
        "along; or identify the person from that server through `/v1/batch`.",
    ),
    _CODES.MAPPING: CodeHelp(
        "A property of the event does not fit the property of the profile that the environment "
        "maps it onto. The event was taken, the values named in the answer were not.",
        "Send the values anew as a profile record, or change the mapping in the settings of the "
        "environment.",
    ),
    _CODES.PHOTO: CodeHelp(
        "Photo is not the web address of a picture.",
        "Send an address such as `https://example.com/ana.jpg` of at most 512 bytes.",
    ),
    _CODES.TIME_ZONE: CodeHelp(
        "tz is not a text, or blank.", "Send a time zone such as `GMT+0530` or `Europe/Paris`."
    ),
}


class Rejected(Exception):  # noqa: N818 - a control-flow signal inside the parser, not an error
    """Raised inside the parser to leave a record; `parse_record` turns it into a `Reject`."""

    def __init__(self, code: RejectCode, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class Reject(msgspec.Struct, frozen=True):
    """A record that was not applied.

    `position` counts from 1 within its batch. `record` is what the client may
    mend and send again, in the shape it came in. `reason` has no full stop.
    """

    position: int
    code: RejectCode
    reason: str
    record: object
