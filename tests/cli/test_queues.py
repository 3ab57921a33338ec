"""`facturelay queue …`"""

from tests.cli.conftest import Facturelay


def test_a_queue_is_paused_told_and_resumed(facturelay: Facturelay) -> None:
    facturelay("migrate")
    assert facturelay("queue", "pause", "mail").out == "mail is paused.\n"
    assert facturelay("queue", "pause", "mail").out == "mail was paused already.\n"
    told = {one["queue"]: one["paused"] for one in facturelay("status", "--json").json["queues"]}
    assert told["mail"]["paused_by"] == "command line"
    assert told["orders"] is None
    assert "paused since" in facturelay("status").out
    assert facturelay("queue", "resume", "mail").out == "mail goes on.\n"
    assert facturelay("queue", "resume", "mail").out == "mail was not paused.\n"
    assert facturelay("queue", "pause", "slow").code == 2
    said = [facturelay("queue", what, "mail", "--json").json for what in ("resume", "pause")]
    assert said == [
        {"queue": "mail", "paused": False, "changed": False},
        {"queue": "mail", "paused": True, "changed": True},
    ]
