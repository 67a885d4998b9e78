"""A file that nobody can read in one sitting is not reviewed, only waved through."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 400  # lines; 60 to 150 is what a file should have
FILES = sorted(
    path
    for folder in ("src", "tests", "bench", "migrations", "scripts")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_a_sitting(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LONGEST, f"{path.relative_to(ROOT)} has {lines} lines: split it by what its parts are for"


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda path: path.name)
def test_locks_pin_by_hash_and_name_no_host(lock: Path) -> None:
    """Where packages come from is the installer's affair; what they must be is ours."""
    text = lock.read_text()
    assert "://" not in text
    pinned = [line for line in text.splitlines() if not line.startswith("    --hash=sha256:")]
    assert pinned
    assert all("==" in line and line.endswith("\\") for line in pinned)
