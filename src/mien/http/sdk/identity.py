"""Who may be named in what a page sends, where the environment requires signed identities."""

from mien.domain.vouching import Vouched
from mien.http.sdk.gate import Visitor
from mien.http.state import Services


def check_identity(services: Services, visitor: Visitor, token: object) -> Vouched | None:
    """Say whom the records of a page may name, for `Batch.vouched`; None where anybody.

    A token that is absent, broken or run out does not refuse the call: each record that
    names a person is rejected with what is wrong with it.
    """
    settings = services.environments.get(visitor.environment)
    if not settings.requires_signed_identities:
        return None
    return services.identity_tokens.check_identity(
        visitor.environment,
        visitor.public_id,
        token if isinstance(token, str) else None,
        joins_by_email="email" in settings.unify_on,
    )
