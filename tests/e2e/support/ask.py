"""Asks the database of a demo city and prints the rows as JSON: for what no page and no request shows, or sets.

Usage: ask.py DATA_DIRECTORY STATEMENT [ARGUMENT ...]
"""

import asyncio
import json
import sys
from pathlib import Path

import asyncpg


async def ask(data: Path, statement: str, arguments: list[str]) -> list[dict[str, object]]:
    sockets = json.loads((data / "postgres" / "postgres.json").read_text(encoding="utf-8"))["sockets"]
    connection = await asyncpg.connect(user="postgres", database="dispatch", host=sockets, port=5432)
    try:
        return [dict(row) for row in await connection.fetch(statement, *arguments)]
    finally:
        await connection.close()


if __name__ == "__main__":
    rows = asyncio.run(ask(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
    print(json.dumps(rows, default=str, ensure_ascii=False))
