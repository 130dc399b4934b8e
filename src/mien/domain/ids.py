"""The kinds of ids that name things inside; outside, a profile has identities."""

from typing import NewType

EnvironmentId = NewType("EnvironmentId", int)
"""An isolated space of data with its own keys: `live` or `test` of an account."""

ProfileId = NewType("ProfileId", int)
"""One person as we know them; handed out once and never again, even after erasure."""

Sequence = NewType("Sequence", int)
"""A place in the log of an environment: events and changes share one counter."""

EventNameId = NewType("EventNameId", int)
"""The definition of an event: its name under any spelling."""

SegmentId = NewType("SegmentId", str)
"""A saved segment, inside and outside: a number in digits, or a word for one that is always there."""
