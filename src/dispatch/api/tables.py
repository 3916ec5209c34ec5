"""Back-test rows as tables to take away: CSV for a spreadsheet, Parquet for an analysis. The same rows in both."""

import csv
import io
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Final

from dispatch.domain.backtest import COLUMNS, Row
from dispatch.domain.errors import NotInstalledError

CSV_TYPE: Final = "text/csv; charset=utf-8"
PARQUET_TYPE: Final = "application/vnd.apache.parquet"
_ROWS_AT_ONCE: Final = 500
BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it a Chinese spreadsheet reads UTF-8 as GBK."""
_WHOLE: Final = frozenset({"ruleset_version"})
_FLAGS: Final = frozenset({"differs", "lead_changes"})


def csv_chunks(rows: Sequence[Row]) -> Iterator[str]:
    """Write CSV with a header, some hundred rows at a time."""
    yield BYTE_ORDER_MARK + ",".join(COLUMNS) + "\r\n"
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerows([_text(row.cell(column)) for column in COLUMNS] for row in rows[first : first + _ROWS_AT_ONCE])
        yield text.getvalue()


def _text(cell: str | int | bool | None) -> str | int | None:  # noqa: FBT001 - a flag is what a cell may hold
    return ("true" if cell else "false") if isinstance(cell, bool) else cell


def parquet_modules() -> tuple[ModuleType, ModuleType]:
    """Give what writes Parquet.

    Raises:
        NotInstalledError: the extra `parquet` is not installed.
    """
    try:
        return import_module("arro3.core"), import_module("arro3.io")
    except ImportError:
        raise NotInstalledError(
            "Parquet needs the extra 'parquet': install dispatch-loop[parquet], or take the CSV",
            facts={"extra": "parquet"},
        ) from None


def parquet_bytes(rows: Sequence[Row]) -> bytes:
    """Write a Parquet file with the columns of the CSV.

    Raises:
        NotInstalledError: the extra `parquet` is not installed.
    """
    core, files = parquet_modules()
    kinds = dict.fromkeys(COLUMNS, core.DataType.utf8())
    kinds |= dict.fromkeys(_WHOLE, core.DataType.int64()) | dict.fromkeys(_FLAGS, core.DataType.bool())
    table = core.Table.from_pydict(
        {column: core.Array([row.cell(column) for row in rows], type=kinds[column]) for column in COLUMNS}
    )
    written = io.BytesIO()
    files.write_parquet(table, written, compression="zstd(3)")
    return written.getvalue()
