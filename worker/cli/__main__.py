"""So that our own processes can be started as `python -m worker.cli …`."""

from worker.cli import main

main()
