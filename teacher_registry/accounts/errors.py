"""What can be wrong with a wish about an account. `message` is Chinese, for the administrator."""


class AccountError(Exception):
    """The family; nothing was changed."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AccountNotFoundError(AccountError):
    """No such account in the own unit; one of another unit looks exactly the same."""


class AccountConflictError(AccountError):
    """The account is not in a state that allows this, or the login name is taken."""


class FieldError(AccountError):
    """A field of the form cannot be taken; `field` is its name."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
