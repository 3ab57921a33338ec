"""The one exception tree. Raised deep; caught in two places only: `worker.jobs` and the bridge's error handler."""


class FacturelayError(Exception):
    """The root: everything Facturelay itself raises.

    *sentence* is for the shop owner (what, which, what to do); *code* is short, stable and for scripts and support.
    """

    def __init__(self, message: str, *, code: str = "error") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Rejected(FacturelayError):
    """Permanent: a person must act. Trying again changes nothing."""


class Unavailable(FacturelayError):
    """Passing: the same call may work later. *retry_after_s* is what the other side asked for, if it did."""

    def __init__(self, message: str, *, code: str = "unavailable", retry_after_s: int | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s
