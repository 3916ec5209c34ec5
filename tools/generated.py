"""What every generator of committed files shares: write the file, or with --check fail if it is not current."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RECORD = "run `python tools/record_examples.py`, then `make docs`"
sys.path.insert(0, str(ROOT / "src"))


def settle(path: Path, content: str) -> None:
    """Write the file; with --check only compare, exit 1 on drift."""
    if "--check" not in sys.argv:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return
    if not path.is_file() or path.read_text(encoding="utf-8") != content:
        sys.exit(f"{path.relative_to(ROOT)} is not what the code says: run `make docs`")
