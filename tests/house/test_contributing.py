"""CONTRIBUTING.md tells the truth: its rooms and arrows are those of cmake/rooms.cmake, and every function of
its walks stands in the room that is named beside it."""

import os
import re
import unittest

from test_rooms import MODULES, ROOT, arrows, sources


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def tables(text):
    """The tables of a Markdown text: (header, rows), cells stripped."""
    found, header, rows = [], None, []
    for line in text.splitlines() + [""]:
        if line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if header is None:
                header = cells
            elif not set(line) <= set("|- "):
                rows.append(cells)
        elif header is not None:
            found.append((header, rows))
            header, rows = None, []
    return found


def stands_in(name, text):
    """Whether C++ text declares `function`, `Class` or `Class::member`."""
    *owner, last = name.split("::")
    if owner:
        body = re.search(rf"\b(?:class|struct)(?: \[\[\w+\]\])? {owner[0]}\b(?!::)[^;{{]*{{.*?\n}};", text, re.DOTALL)
        return body is not None and re.search(rf"\b{last}\(", body.group()) is not None
    return re.search(rf"\b(?:class|struct) {last}\b|^[\w:<>,&\*\[\]\" ]*\b{last}\(", text, re.MULTILINE) is not None


class Contributing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tables = tables(read("CONTRIBUTING.md"))

    def test_the_rooms_are_those_of_the_build(self):
        drawn = {**arrows(read("cmake/rooms.cmake")), **MODULES}
        rooms = [rows for header, rows in self.tables if header[:2] == ["room", "stands on"]]
        self.assertEqual(len(rooms), 1)
        told = {room.strip("`"): set(below.strip("`").split()) for room, below, _ in rooms[0]}
        self.assertEqual(told, drawn)

    def test_the_walks_name_what_is_there(self):
        walks = [rows for header, rows in self.tables if header[:2] == ["room", "function"]]
        self.assertEqual(len(walks), 3)
        texts = {}
        for path in sources(ROOT):
            room = re.match(r"(?:src|include/otto)/(\w+)/", path)
            if room:
                texts[room.group(1)] = texts.get(room.group(1), "") + read(path)
        missing = [f"{name} in {room}" for rows in walks for room, name, _ in rows
                   if not stands_in(name.strip("`"), texts[room.strip("`")])]
        self.assertEqual(missing, [])

    def test_a_wrong_name_is_found(self):
        text = "class A : public B {\n  void set(int x);\n};\nint make_it(int x) {\n  other_thing(x);\n}\n"
        for name in ("A", "A::set", "make_it"):
            self.assertTrue(stands_in(name, text), name)
        for name in ("B2", "A::get", "C::set", "make"):
            self.assertFalse(stands_in(name, text), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
