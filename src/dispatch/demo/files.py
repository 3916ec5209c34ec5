"""Reads the demo city's data files out of the package. Nothing here looks outside the package or at the clock."""

import json
from importlib.resources import files
from typing import Any

import yaml

Row = dict[str, Any]

# The C loader is seven times as fast; a build of PyYAML without it reads the same.
_LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_json(name: str) -> Any:  # noqa: ANN401 - what a data file holds is known to the module that reads it
    """Give what a JSON file of the demo holds."""
    return json.loads(_text(name))


def read_yaml(name: str) -> Any:  # noqa: ANN401 - as above
    """Give what a YAML file of the demo holds; plain data only, no tags that run code."""
    return yaml.load(_text(name), Loader=_LOADER)  # noqa: S506 - both loaders are the safe ones


def _text(name: str) -> str:
    return files("dispatch.demo").joinpath("data", name).read_text(encoding="utf-8")
