"""docs/openapi.json: the document that the application gives, with examples recorded from a running service.

The examples stand in tools/examples.json (made by tools/record_examples.py) and are checked against the schemas here:
an answer that changes its shape needs a fresh recording.
"""

import json
from pathlib import Path
from typing import Any

from generated import RECORD, ROOT, settle
from jsonschema import Draft202012Validator

from dispatch.app import create_app
from dispatch.settings import Settings

RECORDED = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))["http"]


def check(document: dict[str, Any], schema: dict[str, Any], example: object, where: str) -> None:
    """Stop if an example is not what its schema says."""
    whole = {**schema, "components": document["components"]}
    for error in Draft202012Validator(whole).iter_errors(example):
        raise SystemExit(f"the example of {where} is out of date ({error.json_path}): {RECORD}")


def requests(document: dict[str, Any]) -> None:
    """Give every body an example."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" not in operation:
                continue
            where = f"{method.upper()} {path}"
            content = operation["requestBody"]["content"]["application/json"]
            content["example"] = RECORDED[where]["request"]
            check(document, content["schema"], content["example"], where)


def answers(document: dict[str, Any]) -> None:
    """Give every shape of answer one example, shared by all operations that answer so."""
    shared: dict[str, dict[str, Any]] = {}
    contents = [
        (f"{method.upper()} {path}", status, content)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status, answer in operation["responses"].items()
        for content in answer.get("content", {}).values()
        if "$ref" in content["schema"]
    ]
    for where, status, content in contents:
        if (example := RECORDED.get(where, {}).get(status)) is not None:
            check(document, content["schema"], example, f"{where} {status}")
            shared.setdefault(_name(content), {"value": example})
    for _, _, content in contents:
        if _name(content) in shared:
            content["examples"] = {"recorded": {"$ref": f"#/components/examples/{_name(content)}"}}
    document["components"]["examples"] = shared


def _name(content: dict[str, Any]) -> str:
    return str(content["schema"]["$ref"]).rsplit("/", 1)[1]


def document() -> dict[str, Any]:
    """Build the whole document."""
    built: dict[str, Any] = create_app(Settings.model_construct()).openapi()
    requests(built)
    answers(built)
    return built


settle(ROOT / "docs/openapi.json", json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
