"""docs/troubleshooting.md quotes messages that the program has, and docs/expressions.md the words that expressions know."""

import glob
import os
import re
import unittest

from page_blocks import ROOT, read

GAP = "…"  # of a page, for names and numbers


def messages():
    """The texts of the sources, pieces of one message joined, what is filled in as GAP."""
    found = []
    for pattern in ("src/**/*.cpp", "src/**/*.h", "include/**/*.h", "python/otto/*.py"):
        for path in glob.glob(os.path.join(ROOT, pattern), recursive=True):
            with open(path, encoding="utf-8") as file:
                text = re.sub(r'"\s*\n\s*f?"', "", file.read())
            found += re.findall(r'"((?:[^"\\\n]|\\.)*)"', text)
    return "\n".join(re.sub(r"\{[^{}]*\}", GAP, one.replace('\\"', '"')) for one in found)


def quoted(page):
    """The first cells of the tables whose first column is `message`."""
    for table in re.findall(r"^\| message \|.*\n\|[-| ]+\n((?:\|.*\n)+)", page, re.MULTILINE):
        for row in table.splitlines():
            yield re.match(r"\| `(.*?)` \|", row)[1]


class Messages(unittest.TestCase):
    def test_each_is_in_the_sources(self):
        sources = messages()
        rows = list(quoted(read("docs/troubleshooting.md")))
        self.assertGreater(len(rows), 50)
        for message in rows:
            with self.subTest(message):
                words = re.sub(r"\{[^{}]*\}", GAP, message)
                # A gap stands for one that is filled in, or for what a condition chooses.
                pattern = re.escape(words).replace(re.escape(GAP), r"[^\n]{1,60}?")
                self.assertTrue(re.search(pattern, sources), "no source holds this message")

    def test_the_words_of_expressions(self):
        source = read("src/casefile/expression.cpp")
        functions = set(re.findall(r'\{"(\w+)", (?:std::\w+|sign)\}', source)) | set(re.findall(r'DefineFun\("(\w+)"', source))
        rows = re.search(r"^\| written \| meaning \|\n(.*?)\n\n", read("docs/expressions.md"), re.MULTILINE | re.DOTALL)[1]
        named = {word for row in rows.splitlines() for code in re.findall(r"`([^`]*)`", row.split(" | ")[0])
                 for word in re.findall(r"[a-z][a-z0-9]+", code)}
        self.assertEqual(named - {"pi"}, functions)


if __name__ == "__main__":
    unittest.main()
