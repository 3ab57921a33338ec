"""What a process may use: memory and processor time, on Linux and macOS."""

import os
import resource
import threading
import time
from pathlib import Path

# How the process ends that `limit_memory` has to end itself.
OUT_OF_MEMORY = 77
_WATCH_EVERY_S = 0.05
_TRIES, _TRY_AGAIN_S = 20, 0.1
STATM = Path("/proc/self/statm")  # in pages: all that is addressed, what is in memory …


def limit_memory(allowance: int) -> None:
    """Let this process grow by *allowance* bytes and no further: the next allocation raises MemoryError.

    macOS counts no address space against a limit: there a thread looks at what the process took, and ends it.
    """
    if STATM.exists():
        now = int(STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + allowance, now + allowance))
    else:
        watch_memory(allowance)


def watch_memory(allowance: int) -> None:
    """End this process with `OUT_OF_MEMORY` soon after it has grown by *allowance* bytes."""
    most = memory_used() + allowance

    def watch() -> None:
        while memory_used() < most:
            time.sleep(_WATCH_EVERY_S)
        os._exit(OUT_OF_MEMORY)

    threading.Thread(target=watch, name="memory", daemon=True).start()


def memory_used() -> int:
    """In bytes: what it takes now on Linux, where a peak is inherited from whoever started the process; elsewhere the peak."""
    if STATM.exists():
        return int(STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def limit_time(seconds: int) -> None:
    """Let this process use *seconds* of processor time from now on; then SIGXCPU ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def be_less_urgent(by: int) -> None:
    """Leave the processor to others where it is short.

    Linux shares it out among sessions first, and looks at how urgent a process is only within its own: so who leads a session
    says it of that too.
    """
    os.nice(by)
    if os.getsid(0) == os.getpid():
        set_session_nice(session_nice("self") + by)


def be_as_urgent_as_parent() -> None:
    """For a process in a session of its own."""
    set_session_nice(session_nice(os.getppid()))


def session_nice(pid: int | str) -> int:
    """Of the session that a process is of; 0 where the system knows of none."""
    try:
        return int(Path(f"/proc/{pid}/autogroup").read_text(encoding="ascii").split()[-1])
    except (OSError, IndexError):
        return 0


def set_session_nice(nice: int) -> None:
    for _ in range(_TRIES if nice else 0):
        try:
            Path("/proc/self/autogroup").write_text(str(min(nice, 19)), encoding="ascii")
            return
        except BlockingIOError:  # of all processes without privileges one in a tenth of a second may
            time.sleep(_TRY_AGAIN_S)
        except OSError:
            return
