"""console/src/wire/generated.ts: the types of requests, answers and frames, from the models of OpenAPI and AsyncAPI.

`console/src/wire/agreement.ts` holds the consoles' own types against them: drift does not compile.
"""

import json
from typing import Any, Literal

from generated import ROOT, settle
from live_models import FROM_CLIENT, FROM_SERVER
from pydantic import BaseModel

from dispatch.api import (
    back_entries,
    communication_schemas,
    communication_views,
    device_views,
    directory_views,
    drill_schemas,
    schemas,
    view_basics,
    views,
)

Mode = Literal["serialization", "validation"]
ANSWERS: tuple[type[BaseModel], ...] = (
    view_basics.Problem,
    views.IncidentView,
    views.FullIncidentView,
    views.IntakeAnswer,
    views.IncidentList,
    views.Timeline,
    device_views.DeviceStatus,
    directory_views.Me,
    directory_views.Catalogue,
    directory_views.UnitList,
    directory_views.PlaceList,
    communication_views.CommunicationReport,
    communication_views.ScheduleView,
    *FROM_SERVER.values(),
)
REQUESTS: tuple[type[BaseModel], ...] = (
    schemas.IncidentReport,
    schemas.Relocate,
    schemas.Press,
    schemas.ModeSetting,
    drill_schemas.DrillBody,
    communication_schemas.CommunicationTestBody,
    communication_schemas.ScheduleBody,
    back_entries.BackEntry,
    *FROM_CLIENT.values(),
)
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def typed(schema: dict[str, Any]) -> str:
    """Write a JSON schema as a TypeScript type."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    kind = schema.get("type")
    if "$ref" in schema:
        written = str(schema["$ref"]).rsplit("/", 1)[1]
    elif values:
        written = " | ".join(json.dumps(value) for value in values)
    elif "anyOf" in schema:
        written = " | ".join(typed(part) for part in schema["anyOf"])
    elif kind == "array":
        written = f"({typed(schema.get('items', {}))})[]"
    elif kind == "object":
        more = schema.get("additionalProperties")
        written = f"Record<string, {typed(more) if isinstance(more, dict) else 'unknown'}>"
    else:
        written = PLAIN.get(str(kind), "unknown")
    return written


def interface(name: str, schema: dict[str, Any]) -> str:
    """Write an object schema as an interface; only what may be left out is optional."""
    required = set(schema.get("required", ())) | {"type"}
    lines = [f"export interface {name} {{"]
    for field, described in schema.get("properties", {}).items():
        lines.append(f"  {field}{'' if field in required else '?'}: {typed(described)};")
    return "\n".join([*lines, "}"])


def described(models: tuple[type[BaseModel], ...], mode: Mode) -> dict[str, Any]:
    """Give the JSON schemas of models and of all that they hold."""
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template="#/{model}", mode=mode)
        found.update(schema.pop("$defs", {}))
        found[model.__name__] = schema
    return found


def module() -> str:
    """Write the whole file."""
    found = described(ANSWERS, "serialization") | described(REQUESTS, "validation")
    head = "/** Made by tools/generate_types.py from the service's models. Do not edit: run `make docs`. */"
    return "\n\n".join([head, *(interface(name, found[name]) for name in sorted(found))]) + "\n"


settle(ROOT / "console/src/wire/generated.ts", module())
