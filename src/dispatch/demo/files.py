"""Reads the demo city's data files out of the package. Nothing here looks outside the package or at the clock."""

import json
from importlib.resources import files
from typing import Any

from dispatch.documents.yaml_read import WIDE
from dispatch.documents.yaml_read import read_yaml as read

Row = dict[str, Any]


def read_json(name: str) -> Any:  # noqa: ANN401 - what a data file holds is known to the module that reads it
    """Give what a JSON file of the demo holds."""
    return json.loads(_text(name))


def read_yaml(name: str) -> Any:  # noqa: ANN401 - as above
    """Give what a YAML file of the demo holds."""
    return read(_text(name), WIDE)


def _text(name: str) -> str:
    return files("dispatch.demo").joinpath("data", name).read_text(encoding="utf-8")
