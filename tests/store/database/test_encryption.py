"""Secrets at rest: the first key of the list encrypts, all of them decrypt."""

import pytest

from worker.errors import Rejected
from worker.store.database.encryption import Vault

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32


def test_what_is_locked_can_be_unlocked() -> None:
    assert Vault((NEW,)).unlock(Vault((NEW,)).lock("sleutel € 5f")) == "sleutel € 5f"


def test_a_new_key_in_front_still_reads_what_the_old_one_locked() -> None:
    assert Vault((NEW, OLD)).unlock(Vault((OLD,)).lock("secret")) == "secret"


def test_the_first_key_locks() -> None:
    locked = Vault((NEW, OLD)).lock("secret")
    assert Vault((NEW,)).unlock(locked) == "secret"
    with pytest.raises(Rejected) as refused:
        Vault((OLD,)).unlock(locked)
    assert refused.value.code == "secret_key_wrong"


def test_the_same_secret_never_looks_the_same() -> None:
    assert Vault((NEW,)).lock("secret") != Vault((NEW,)).lock("secret")


@pytest.mark.parametrize("place", [0, 10, -1])
def test_a_changed_letter_is_refused(place: int) -> None:
    vault = Vault((NEW,))
    letters = list(vault.lock("secret"))
    letters[place] = "A" if letters[place] != "A" else "B"
    with pytest.raises(Rejected, match="cannot be read"):
        vault.unlock("".join(letters))


def test_a_wrong_key_is_refused_with_what_to_do() -> None:
    with pytest.raises(Rejected, match="put the key with which they were stored back into the list"):
        Vault((OTHER,)).unlock(Vault((NEW,)).lock("secret"))


def test_without_a_key_nothing_is_stored() -> None:
    with pytest.raises(Rejected) as refused:
        Vault(())
    assert refused.value.code == "secret_key_missing"
