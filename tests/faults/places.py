"""The marked places of the sources where OTTO_FAULT can strike, found by reading the sources."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ONLY_RESUMED = {"checkpoint_load"}  # a run without --resume never visits it
ONLY_FIRST_RANK = {"publish", "replace_file"}  # no other rank visits them


def all_places():
    found = set()
    for file in (ROOT / "src").rglob("*.cpp"):
        found |= set(re.findall(r'fault_point\("(\w+)"', file.read_text(encoding="utf-8")))
    return sorted(found)


def run_places():
    return [p for p in all_places() if p not in ONLY_RESUMED]
