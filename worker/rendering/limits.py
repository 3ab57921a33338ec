"""What a process may use: memory and processor time, on Linux and macOS."""

import os
import resource
import threading
import time
from pathlib import Path

# How the process ends that `limit_memory` has to end itself.
OUT_OF_MEMORY = 77
_WATCH_EVERY_S = 0.05
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
