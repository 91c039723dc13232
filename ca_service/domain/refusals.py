"""Why something that was written down is refused, in the two halves that pages show: what is wrong, how to mend it."""


class RefusedValueError(ValueError):
    """A value breaks a rule. `reason` and `mend` are Chinese and never contain a personal value itself."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend
