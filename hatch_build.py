"""Puts consoles and migrations into what is built, so that an installed wheel needs neither Node nor a checkout.

The consoles are built unless an sdist brings them. An editable install uses the files where they are.
"""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Consoles(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / "PKG-INFO").exists():
            subprocess.run(["scripts/consoles"], cwd=root, check=True)
        if not (root / "src/dispatch/static/index.html").is_file():
            message = "the consoles are missing from src/dispatch/static; build them with scripts/consoles"
            raise FileNotFoundError(message)
        if self.target_name == "wheel":
            build_data["force_include"]["migrations"] = "dispatch/migrations"
