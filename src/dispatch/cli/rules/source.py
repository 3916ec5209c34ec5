"""What the sub-commands of `dispatch rules` share: a version or a file as plain data, findings in words, who acts."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dispatch.documents.json_read import read_json
from dispatch.documents.yaml_read import read_yaml
from dispatch.domain.directory import Directory
from dispatch.domain.errors import NotFoundError
from dispatch.operations.ruleset_work import get_document
from dispatch.storage.database import Database
from dispatch.storage.directory import load_directory
from dispatch.storage.rulesets import versions

_MOST_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Source:
    """A ruleset's document: of a stored version, or of a file."""

    name: str
    data: object
    version: int | None = None


def is_version(text: str) -> bool:
    """Say whether a source is meant as the number of a version; everything else is a file."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


async def read_source(database: Database, text: str | None) -> Source:
    """Read a version or a file; without a name what is in force.

    Raises:
        NotFoundError: there is no such version, or none in force.
        InvalidRequestError: the file is no YAML or JSON, with line and column.
        OSError: the file cannot be read.
    """
    if text is not None and not is_version(text):
        return Source(text, read_file(Path(text)))
    version = await _in_force(database) if text is None else int(text)
    return Source(f"version {version}", (await get_document(database, version))[1], version)


async def _in_force(database: Database) -> int:
    async with database.connection() as connection:
        version = (await versions(connection)).ruleset
    if version == 0:
        raise NotFoundError("no ruleset is in force")
    return version


def read_file(path: Path) -> object:
    """Read a ruleset's file: JSON if it is named so, else YAML.

    Raises:
        InvalidRequestError: it is neither, with line and column.
        OSError: it cannot be read.
    """
    raw = path.read_bytes()
    return read_json(raw) if path.suffix == ".json" else read_yaml(raw)


async def directory_of(database: Database) -> Directory:
    """Read the directory that rules are checked against."""
    async with database.snapshot() as connection:
        return await load_directory(connection)


def add_json_flag(parser: argparse.ArgumentParser) -> None:
    """Let a machine ask for JSON."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def print_json(value: object) -> None:
    """Print one JSON document."""
    print(json.dumps(value, ensure_ascii=False))


def print_findings(findings: dict[str, Any]) -> None:
    """Print what lint found, one line each, and how many there are."""
    for finding in findings["findings"]:
        about = f" [{finding['rule']}]" if finding["rule"] else ""
        print(f"{finding['level']:<8}{finding['pointer'] or '/'}{about}: {finding['detail']['en']} ({finding['code']})")
    counts = findings["counts"]
    print(f"{counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes")


def has_errors(findings: dict[str, Any]) -> bool:
    """Say whether something found keeps the ruleset from being published."""
    return bool(findings["counts"]["error"])
