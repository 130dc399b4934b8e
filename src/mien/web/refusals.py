"""What the dashboard refuses on its own account."""

from mien.domain.errors import MienError, NotAllowedError
from mien.domain.members import Role


class SignInNeededError(NotAllowedError):
    """Nobody is signed in, or the session has ended."""


class PasswordNeededError(MienError):
    """The password was made by Mien, so its owner has to choose another first."""


class RoleTooLowError(NotAllowedError):
    """The member's role does not let them do this."""

    def __init__(self, needed: Role) -> None:
        self.needed = needed
        super().__init__(f"This needs the role {needed}; an admin of your account can give it.")


class ForeignRequestError(NotAllowedError):
    """The request did not come from a page of the dashboard, or from one that is too old."""

    def __init__(self) -> None:
        super().__init__("This page was open for too long, or belongs to another site; try again.")
