"""The one exception tree: everything Facturelay itself raises. Raised deep; caught where somebody can answer.

`worker.jobs` writes what nobody answered on the row of the work, the command line prints it, the bridge's error handler
answers with it. Who needs to tell one error from another catches its class; a code is for scripts, rows and support.
"""

from worker.message import Given, Message


class FacturelayError(Exception):
    """*message* is for the shop owner (what, which, what to do), made of an English *key* with {placeholders} and its values.

    *code* is short and stable, and may be stored.
    """

    code = "error"

    def __init__(self, key: str | Message, /, *, code: str | None = None, **values: Given) -> None:
        self.message = key if isinstance(key, Message) else Message(key, **values)
        super().__init__(str(self.message))
        if code is not None:
            self.code = code

    @property
    def for_log(self) -> str:
        """What the operator reads of it."""
        return str(self.message)


class Rejected(FacturelayError):
    """Permanent: a person must act. Trying again changes nothing."""


class Unavailable(FacturelayError):
    """Temporary: the same call may work later. *retry_after_s* is the wait that the other side named, if it did."""

    code = "unavailable"

    def __init__(
        self, key: str | Message, /, *, code: str | None = None, retry_after_s: int | None = None, **values: Given
    ) -> None:
        super().__init__(key, code=code, **values)
        self.retry_after_s = retry_after_s


class DatabaseAway(Unavailable):
    """It did not answer, or nobody knows whether it did what it was asked for."""

    code = "database_away"

    @property
    def reason(self) -> str:
        """In the words of the database, which are the operator's alone: they name hosts and users."""
        return str(getattr(self.__cause__, "orig", self.__cause__) or "")

    @property
    def for_log(self) -> str:
        return f"{self.message} ({' '.join(self.reason.split())})" if self.reason else str(self.message)


class WaitsForOthers(Unavailable):
    """What it waits for ends by itself, or by somebody who was told: it is not given up, however long that takes."""


class OrderGone(Rejected):
    """The shop has no such order (any more), not even in its bin."""

    code = "order_gone"


class ConnectionRejected(Rejected):
    """The address or the key of a shop is no good: every other call to it would be refused as well."""


class KeyRefused(ConnectionRejected):
    """The shop does not let our REST key do this."""

    code = "rest_key_refused"


class FileAltered(Rejected):
    """A stored file is no longer what was stored."""

    code = "file_altered"


class ShopPaused(Unavailable):
    """Nothing is made for a shop that its owner or the operator paused."""

    code = "shop_suspended"


class RoadRested(Unavailable):
    """Nobody answered there several times in a row: it is not called for a while."""

    code = "road_rested"


class NumberingPaused(Unavailable):
    """The books were restored from a backup, and its numbers could be given again."""

    code = "numbering_paused"


class StaleFetch(Unavailable):
    """Something newer is known of the order than what was fetched."""

    code = "stale_fetch"


class StaleAnswer(Unavailable):
    """The shop answers with a state of the order that is older than what it told us itself: a cache stands in front of it."""

    code = "stale_answer"


class TimeIsUp(BaseException):
    """A job took longer than it may, or came no further for so long (queue.timeout_s). No Exception: no “whatever breaks, go on” may swallow it, for it is rung once."""


class TakesLong(BaseException):
    """A server takes longer than urgent work has patience for: the job is put back, and done where only long work waits behind it.

    Raised where nothing was done yet that a repeat would double. No Exception: it is not an answer, so nothing may be concluded from it.
    """


class InvalidValue(ValueError):
    """A value that cannot be: what a page shows beside the field. *message* as in `FacturelayError`."""

    def __init__(self, key: str | Message, /, **values: Given) -> None:
        self.message = key if isinstance(key, Message) else Message(key, **values)
        super().__init__(str(self.message))
