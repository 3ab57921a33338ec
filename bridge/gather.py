"""Keep the catalogs of the pages in step with the code: part of `make words`. What the worker stores is retold by them too."""

from pathlib import Path

from worker.words.gather import gather, stored_sentences

HOME = Path(__file__).parent

if __name__ == "__main__":
    gather(HOME, HOME, more=stored_sentences())
