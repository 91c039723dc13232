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


class TooManyResetsError(AccountError):
    """More resets in an hour than one person does; the caller locks the administrator."""

    def __init__(self) -> None:
        super().__init__("一小时内重置密码的次数过多")


class ExportLimitError(AccountError):
    """The administrator's exports of this day are used up."""


class SheetRefusedError(AccountError):
    """The file cannot be read as a sheet of accounts at all."""


class SignInRefusedError(AccountError):
    """Name and password do not open an account now."""
