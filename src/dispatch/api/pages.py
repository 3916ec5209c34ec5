"""The consoles' pages, built from console/ and carried in the package; in a demo, the start page's content."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from dispatch.api.answers import json_response
from dispatch.api.dependencies import service_of
from dispatch.api.errors import problem
from dispatch.domain.errors import NotFoundError

STATIC: Final = Path(__file__).parents[1] / "static"
router: Final = APIRouter(include_in_schema=False)


def _page(name: str) -> Response:
    path = STATIC / name
    if not path.is_file():
        return problem(
            503, "consoles_not_built", "The consoles are not built", "run `make run`, or `npm run build` in console/"
        )
    return FileResponse(path, headers={"Cache-Control": "no-cache"})


@router.get("/")
async def start() -> Response:
    """Give the start page."""
    return _page("index.html")


@router.get("/call")
async def call() -> Response:
    """Give the one-key page."""
    return _page("call.html")


@router.get("/unit")
async def unit() -> Response:
    """Give the responder console."""
    return _page("unit.html")


@router.get("/desk")
async def desk() -> Response:
    """Give the operator console."""
    return _page("desk.html")


@router.get("/sw.js")
async def service_worker() -> Response:
    """Give the service worker of the responder console; asked for anew each time, its language is in its address."""
    return _page("sw.js")


@router.get("/api/v1/start")
async def start_content(request: Request) -> Response:
    """Give the demo's keys and logins to its start page; outside a demo there is no such thing."""
    content = service_of(request).start_page
    if content is None:
        raise NotFoundError("this is not a demo")
    return json_response(content)


def assets(folder: str) -> StaticFiles:
    """Serve a folder of built files; their names carry their hash."""
    return StaticFiles(directory=STATIC / folder, check_dir=False)
