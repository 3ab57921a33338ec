"""A page never leaves a place empty because a template's name is misspelt."""

import pytest
from flask import render_template_string
from jinja2 import UndefinedError

from tests.support.bridge_app import BridgeApp


@pytest.mark.parametrize("template", ["{{ nuber }}", "{% if nuber %}paid{% endif %}", "{{ base.nuber ~ '' }}"])
def test_a_name_that_no_view_gave_is_an_error(app: BridgeApp, template: str) -> None:
    with app.client.application.test_request_context("/"), pytest.raises(UndefinedError, match="nuber"):
        render_template_string(template)
