"""docs/methods: every page has its sections, is listed, and names files that are there."""

import glob
import os
import re
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SECTIONS = ["Problem", "Scheme", "What it guarantees", "Limits", "Keys", "Code and tests"]
LISTS = {"petsc_options.md", "schemes.md", "tests.md"}  # tables, not methods
FOLDERS = ("bench", "cases", "include", "meshes", "src", "tests")


def read(*names):
    with open(os.path.join(ROOT, "docs", *names), encoding="utf-8") as file:
        return file.read()


class Methods(unittest.TestCase):
    def setUp(self):
        self.names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(ROOT, "docs/methods/*.md")))
        self.assertGreater(len(self.names), 20)

    def test_pages_have_the_same_sections(self):
        for name in set(self.names) - LISTS:
            found = re.findall(r"^## (.+)$", read("methods", name), re.MULTILINE)
            self.assertEqual(found, SECTIONS, name)

    def test_every_page_is_listed(self):
        self.assertEqual(sorted(set(re.findall(r"\]\(methods/(\w+\.md)\)", read("methods.md")))), self.names)

    def test_files_named_are_there(self):
        """A path as it stands; a bare file name beside the path before it."""
        missing = []
        for name in self.names:
            folder = ""
            for path in re.findall(r"`((?:[\w.-]+/)*[\w-]+\.(?:cpp|h|py)|(?:[\w.-]+/)+[\w-]+)`", read("methods", name)):
                if "/" in path and path.split("/")[0] in FOLDERS:
                    folder = os.path.dirname(path)
                    there = os.path.join(ROOT, path)
                elif path.startswith("otto/"):
                    there = os.path.join(ROOT, "include", path)
                elif "/" not in path:
                    there = os.path.join(ROOT, folder or "src/time", path)
                else:
                    continue
                if not os.path.exists(there):
                    missing.append(f"{name}: {path}")
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
