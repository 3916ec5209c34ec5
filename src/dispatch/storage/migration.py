"""Runs the migrations with Alembic. Imported only where something is migrated: it costs most of a second."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def _config(url: str) -> Config:
    beside_package = Path(__file__).parents[1] / "migrations"
    in_checkout = Path(__file__).parents[3] / "migrations"
    config = Config()
    config.set_main_option("script_location", str(beside_package if beside_package.is_dir() else in_checkout))
    config.attributes["url"] = url
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the schema up. Two processes may start at once: one migrates, the other waits and finds it done."""
    command.upgrade(_config(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Bring the schema down to a revision."""
    command.downgrade(_config(database_url), revision)


def known_revisions() -> frozenset[str]:
    """List the revisions that this version can bring up to its own."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config("")).walk_revisions())
