"""A page never leaves a place empty because a template's name is misspelt."""

import re
from pathlib import Path

import pytest
from flask import render_template_string
from jinja2 import UndefinedError

import bridge
from bridge.preload import preload
from tests.support.bridge_app import BridgeApp


@pytest.mark.parametrize("template", ["{{ nuber }}", "{% if nuber %}paid{% endif %}", "{{ base.nuber ~ '' }}"])
def test_a_name_that_no_view_gave_is_an_error(app: BridgeApp, template: str) -> None:
    with app.client.application.test_request_context("/"), pytest.raises(UndefinedError, match="nuber"):
        render_template_string(template)


TEMPLATES = sorted(Path(bridge.__file__).parent.glob("templates/**/*.html"))
AS_IT_CAME = "{{ name }}: {{ value }}"  # a header of what the shop sent


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_the_colon_after_a_label_is_the_readers(template: Path) -> None:
    text = template.read_text(encoding="utf-8").replace(AS_IT_CAME, "")
    assert re.findall(r".{20}(?:\}\}|</\w+>):[ <]", text) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_takes_from_another_what_it_uses(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    taken = [
        name.split()[-1]
        for names in re.findall(r'{% from "\S+" import ([^%]+?)(?: with context)? %}', text)
        for name in names.split(",")
    ]
    assert [name for name in taken if len(re.findall(rf"\b{name}\b", text)) == 1] == []


def test_once_they_are_made_ready_no_page_waits_for_its_template_or_its_words(app: BridgeApp) -> None:
    preload(app.client.application)
    templates = app.client.application.jinja_env
    assert {name for _, name in templates.cache or ()} >= set(templates.list_templates(extensions=["html"]))
