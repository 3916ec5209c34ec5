"""The OpenAPI document: bodies that endpoints parse themselves are described here from the same models."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from dispatch.api.view_basics import Problem

_BODIES: dict[str, type[BaseModel]] = {}
IDEMPOTENT: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any printable text of your own, 1–200 characters; a retry with the same key has no second effect.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


def body(model: type[BaseModel], *parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe the body of an endpoint that reads it itself."""
    _BODIES[model.__name__] = model
    described: dict[str, Any] = {
        "requestBody": {
            "required": any(field.is_required() for field in model.model_fields.values()),
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}},
        }
    }
    if parameters:
        described["parameters"] = list(parameters)
    return described


def document(model: type[BaseModel], *parameters: dict[str, Any], required: bool) -> dict[str, Any]:
    """Describe a body that is a document of its own, as JSON or as YAML."""
    described = body(model, *parameters)
    described["requestBody"]["required"] = required
    described["requestBody"]["content"]["application/yaml"] = {"schema": {"type": "string"}}
    return described


def _forget_unused(operation: dict[str, Any]) -> None:
    """Take out the answer to invalid parameters that FastAPI adds: endpoints here answer with problems."""
    answer = operation.get("responses", {}).get("422", {})
    if "HTTPValidationError" in str(answer.get("content", {})):
        answer["content"] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Build the document once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    models: tuple[type[BaseModel], ...] = (*_BODIES.values(), Problem)
    for model in models:
        described = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[model.__name__] = described
    for operations in document["paths"].values():
        for operation in operations.values():
            _forget_unused(operation)
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key of an integrator, device or console"},
        "session": {"type": "apiKey", "in": "cookie", "name": "dispatch_session"},
    }
    document["security"] = [{"key": []}, {"session": []}]
    app.openapi_schema = document
    return document
