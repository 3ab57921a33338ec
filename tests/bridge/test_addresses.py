"""How the addresses of pages are made."""

from pathlib import Path
from unittest.mock import patch

from flask import url_for
from werkzeug.routing import Rule

from bridge import create_app
from worker.settings import Settings


def test_how_an_address_is_written_is_compiled_when_one_is(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "http://localhost", f"sqlite:///{tmp_path}/f.db", "unix:///no", ("k" * 32,))
    how = Rule._compile_builder  # noqa: SLF001  # werkzeug has no other place where it is done
    with patch.object(Rule, "_compile_builder", autospec=True, side_effect=how) as compiled:
        app = create_app(settings)
        flask_s_own = compiled.call_count
        with app.test_request_context():
            assert [url_for("health.health", rule="a b", of=number) for number in (1, 2)] == [
                "/health?rule=a+b&of=1",
                "/health?rule=a+b&of=2",
            ]
    assert (flask_s_own, compiled.call_count) == (2, 3)  # two of the one route that Flask adds itself
