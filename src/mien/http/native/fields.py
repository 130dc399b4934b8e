"""`GET /v1/fields`: the names that have a meaning of their own, sent and derived (P-09, P-10)."""

from typing import Any

from litestar import Request, Response, get

from mien.domain.derived import DERIVED_FIELDS
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.values import ValueType
from mien.http.native.answers import Answer
from mien.http.native.calls import answer, encode
from mien.http.native.documents import described


class StandardField(Answer, frozen=True, kw_only=True):
    """A name whose values have a form; a value of another form is rejected with `code`."""

    name: str
    type: ValueType
    form: str
    help: str
    code: int


class DerivedField(Answer, frozen=True, kw_only=True):
    """Something that is worked out of a person at each read."""

    name: str
    type: ValueType
    help: str


class FieldsAnswer(Answer, frozen=True, kw_only=True):
    """The standard fields, which are sent as properties, and the derived ones, which are not.

    `form` and `help` have code in backticks.
    """

    standard: list[StandardField]
    derived: list[DerivedField]


_ANSWER = FieldsAnswer(
    standard=[
        StandardField(
            name=each.name, type=each.type, form=each.form, help=each.help, code=int(each.code)
        )
        for each in STANDARD_FIELDS.values()
    ],
    derived=[
        DerivedField(name=each.name, type=each.type, help=each.help)
        for each in DERIVED_FIELDS.values()
    ],
)
_ENCODED = encode(_ANSWER)


@get(
    "/fields",
    **described(
        "listFields",
        "List the standard and the derived fields",
        tag="Definitions",
        gives=FieldsAnswer,
        example={
            "standard": [
                {
                    "name": "Phone",
                    "type": "String",
                    "form": "`+14155551234`",
                    "help": "`+`, country code, number.",
                    "code": 516,
                }
            ],
            "derived": [{"name": "Age", "type": "Integer", "help": "Whole years."}],
        },
    ),
)
async def list_fields(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the fields that every environment has; all other names need no declaring."""
    del request
    return answer(_ENCODED)
