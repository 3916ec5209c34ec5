"""The shape of the code, kept by a test: short functions, short modules, a domain of the standard library only."""

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dispatch

SOURCE = Path(dispatch.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("src/dispatch", "console/src", "console/tests", "tests", "tools", "examples")
WRITTEN_BY_PEOPLE = {".py", ".ts", ".svelte", ".mjs"}
GENERATED = {REPOSITORY / "console/src/wire/generated.ts"}
LONGEST_FUNCTION = 50
LONGEST_MODULE = 400


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module)


def test_no_function_is_longer_than_fifty_lines() -> None:
    long = [
        f"{module.relative_to(SOURCE)}:{function.lineno} {function.name}: {length} lines"
        for module in MODULES
        for function in functions(module)
        if (length := (function.end_lineno or function.lineno) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert long == []


def modules_in(folder: Path) -> Iterator[Path]:
    for directory, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if name != "node_modules"]
        yield from (Path(directory, name) for name in names if Path(name).suffix in WRITTEN_BY_PEOPLE)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_is_longer_than_four_hundred_lines(folder: str) -> None:
    modules = sorted(set(modules_in(REPOSITORY / folder)) - GENERATED)
    lengths = {str(module.relative_to(REPOSITORY)): len(module.read_text().splitlines()) for module in modules}
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


@pytest.mark.parametrize("module", sorted((SOURCE / "domain").rglob("*.py")), ids=lambda module: module.stem)
def test_the_domain_imports_the_standard_library_only(module: Path) -> None:
    allowed = {name for name in imported(module) if name.startswith(("dispatch.domain", "."))}
    assert {name for name in imported(module) if name.partition(".")[0] not in sys.stdlib_module_names} <= allowed
