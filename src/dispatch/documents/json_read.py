"""Reads JSON that somebody sent; what is wrong with it is told with line, column and JSON pointer."""

import orjson

from dispatch.documents.place import json_pointer_at, refused_at


def read_json(raw: bytes) -> object:
    """Read one document.

    Raises:
        InvalidRequestError: it is no JSON, not UTF-8, or nested deeper than the parser follows (1,024 levels).
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        place, pointer = (error.lineno - 1, error.colno - 1), json_pointer_at(error.doc, error.pos)
        raise refused_at("invalid_json", error.msg, place, pointer) from None
