"""The same city as the integration tests."""

from tests.integration.conftest import _city_database, city, city_database, postgres_url  # noqa: F401
