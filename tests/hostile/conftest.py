"""The same small systems as elsewhere, for those who mean them no good."""

from tests.bridge.conftest import app, app_on_each_database
from tests.integration.conftest import elsewhere, system

__all__ = ["app", "app_on_each_database", "elsewhere", "system"]
