"""The worker's sentences, which are stored in English with their values, in the reader's language."""


def retold(sentence: str) -> str:
    """*sentence* in the reader's language; one that no catalog knows stays as it was stored."""
    return sentence
