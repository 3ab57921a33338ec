"""Keep the catalogs of the pages in step with the code: part of `make words`."""

from pathlib import Path

from worker.words.gather import gather

HOME = Path(__file__).parent

if __name__ == "__main__":
    gather(HOME, HOME)
