"""Secrets at rest: the first key of the list encrypts, all of them decrypt."""

import pytest

from worker.errors import Rejected
from worker.store.database.encryption import Encryption

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32


def test_what_is_locked_can_be_unlocked() -> None:
    assert Encryption((NEW,)).decrypt(Encryption((NEW,)).encrypt("sleutel € 5f")) == "sleutel € 5f"


def test_a_new_key_in_front_still_reads_what_the_old_one_locked() -> None:
    assert Encryption((NEW, OLD)).decrypt(Encryption((OLD,)).encrypt("secret")) == "secret"


def test_the_first_key_locks() -> None:
    locked = Encryption((NEW, OLD)).encrypt("secret")
    assert Encryption((NEW,)).decrypt(locked) == "secret"
    with pytest.raises(Rejected) as refused:
        Encryption((OLD,)).decrypt(locked)
    assert refused.value.code == "secret_key_wrong"


def test_the_same_secret_never_looks_the_same() -> None:
    assert Encryption((NEW,)).encrypt("secret") != Encryption((NEW,)).encrypt("secret")


@pytest.mark.parametrize("place", [0, 10, -1])
def test_a_changed_letter_is_refused(place: int) -> None:
    encryption = Encryption((NEW,))
    letters = list(encryption.encrypt("secret"))
    letters[place] = "A" if letters[place] != "A" else "B"
    with pytest.raises(Rejected, match="cannot be read"):
        encryption.decrypt("".join(letters))


def test_a_wrong_key_is_refused_with_what_to_do() -> None:
    with pytest.raises(Rejected, match="Whoever runs Facturelay can put it back"):
        Encryption((OTHER,)).decrypt(Encryption((NEW,)).encrypt("secret"))


def test_without_a_key_nothing_is_stored() -> None:
    with pytest.raises(Rejected) as refused:
        Encryption(())
    assert refused.value.code == "secret_key_missing"
