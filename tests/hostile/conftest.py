"""The same small systems as elsewhere, for those who mean them no good."""

from tests.bridge.conftest import app, app_on_each_database, lasting_app
from tests.integration.conftest import elsewhere, system

__all__ = ["app", "app_on_each_database", "elsewhere", "lasting_app", "system"]
