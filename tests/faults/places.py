"""The marked places of the sources where OTTO_FAULT can strike, found by reading the sources."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Places a run without --resume never visits, and those met only before or after the ranks work together.
ONLY_RESUMED = {"checkpoint_load"}


def all_places():
    found = set()
    for file in (ROOT / "src").rglob("*.cpp"):
        found |= set(re.findall(r'fault_point\("(\w+)"', file.read_text(encoding="utf-8")))
    return sorted(found)


def run_places():
    return [p for p in all_places() if p not in ONLY_RESUMED]
