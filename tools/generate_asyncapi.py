"""docs/asyncapi.json: the live protocol, from the models of its messages, the close codes and the event names.

The examples stand in tools/examples.json and are checked against the schemas here.
"""

import json
from pathlib import Path
from typing import Any, Literal

from generated import RECORD, ROOT, settle
from jsonschema import Draft202012Validator
from live_models import FROM_CLIENT, FROM_SERVER
from pydantic import BaseModel

from dispatch import __version__
from dispatch.live.closing import ALL
from dispatch.live.socket import HEARTBEAT_S, HELLO_WITHIN_S, SUBPROTOCOL

SCHEMAS = "#/components/schemas/"
RECORDED = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))["live"]
EXAMPLES = {name: [name] for name in (*FROM_CLIENT, *FROM_SERVER)} | {"event": ["event", "unit_event"]}
DESCRIPTION = (
    f"Websocket, subprotocol `{SUBPROTOCOL}`. The client says hello within {HELLO_WITHIN_S:g} s; the server welcomes "
    f"it and sends a snapshot or what was missed, then events as they commit and a heartbeat every {HEARTBEAT_S:g} s. "
    "Commands go by HTTP. The conventions are in docs/api.md."
)


def schemas() -> dict[str, Any]:
    """Describe every message and what it carries."""
    found: dict[str, Any] = {}
    sides: tuple[tuple[dict[str, type[BaseModel]], Literal["validation", "serialization"]], ...] = (
        (FROM_CLIENT, "validation"),
        (FROM_SERVER, "serialization"),
    )
    for models, mode in sides:
        for model in models.values():
            described = model.model_json_schema(ref_template=SCHEMAS + "{model}", mode=mode)
            found.update(described.pop("$defs", {}))
            found[model.__name__] = described
    return found


def message(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Describe a message with its examples, which must be what the schema says."""
    model = (FROM_CLIENT | FROM_SERVER)[name]
    payload = {"$ref": SCHEMAS + model.__name__}
    examples = [RECORDED[recorded] for recorded in EXAMPLES[name]]
    for example in examples:
        for error in Draft202012Validator({**payload, "components": {"schemas": found}}).iter_errors(example):
            raise SystemExit(f"the example of {name} is out of date ({error.json_path}): {RECORD}")
    title, _, more = (model.__doc__ or name).partition("\n")
    return {
        "name": name,
        "title": title.strip(),
        "description": " ".join(more.split()) or title.strip(),
        "contentType": "application/json",
        "payload": payload,
        "examples": [{"name": name, "payload": example} for example in examples],
    }


def document() -> dict[str, Any]:
    """Put the AsyncAPI 3 document together."""
    found = schemas()
    names = (*FROM_CLIENT, *FROM_SERVER)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Dispatch, live",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
            "x-close-codes": [
                {"code": closing.code, "name": closing.name, "reconnect": closing.reconnect} for closing in ALL
            ],
        },
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/api/v1/live",
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            }
        },
        "operations": {
            "receiveFromClient": _operation("receive", FROM_CLIENT),
            "sendToClient": _operation("send", FROM_SERVER),
        },
        "components": {"messages": {name: message(name, found) for name in names}, "schemas": found},
    }


def _operation(action: str, models: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/live"},
        "messages": [{"$ref": f"#/channels/live/messages/{name}"} for name in models],
    }


settle(ROOT / "docs/asyncapi.json", json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
