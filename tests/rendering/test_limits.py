"""How urgent a process is, where Linux asks."""

import json
import os
import subprocess
import sys

# In a session of its own, as every part of `up` is started.
LESS_URGENT = """
import json, os
from worker.rendering.limits import be_less_urgent, session_nice
from worker.rendering.print_process import PrintProcess

def urgency(pid):
    return [os.getpriority(os.PRIO_PROCESS, pid), session_nice(pid)]

before = os.getpriority(os.PRIO_PROCESS, 0)

be_less_urgent(5)
printer = PrintProcess()
try:
    print(json.dumps([before, urgency(os.getpid()), urgency(printer._ready().pid)]))
finally:
    printer.close()
"""


# Where the system shares processors out by session, and lets one say how.
OF_SESSION = 5 if os.access("/proc/self/autogroup", os.W_OK) else 0


def test_who_is_less_urgent_says_so_of_the_session_that_it_leads_and_so_does_its_printer() -> None:
    said = subprocess.run(
        [sys.executable, "-c", LESS_URGENT], stdout=subprocess.PIPE, check=True, start_new_session=True
    ).stdout
    before, worker, printer = json.loads(said)
    assert worker == printer == [min(before + 5, 19), OF_SESSION]
