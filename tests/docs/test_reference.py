"""docs/reference/case.md is what the program says; the schema accepts the cases that are shipped."""

import glob
import json
import os
import subprocess
import tomllib
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def otto(*arguments):
    return subprocess.run([os.environ["OTTO"], *arguments], check=True, capture_output=True,
                          text=True).stdout


class Reference(unittest.TestCase):
    def test_page_is_up_to_date(self):
        with open(os.path.join(ROOT, "docs", "reference", "case.md")) as page:
            self.assertEqual(page.read(), otto("schema", "--markdown"),
                             "run scripts/make-reference and commit docs/reference/case.md")


def admits(schema, value):
    """Whether a value has a type the schema of one key admits."""
    if "oneOf" in schema:
        return any(admits(s, value) for s in schema["oneOf"])
    kind = schema["type"]
    if kind == "array":
        return isinstance(value, list) and all(admits(schema["items"], v) for v in value)
    if kind == "object":
        return set(schema["required"]) <= set(value) and all(
            key in schema["properties"] and admits(schema["properties"][key], v) for key, v in value.items())
    types = {"number": (int, float), "integer": int, "string": str, "boolean": bool}
    right = isinstance(value, types[kind]) and (kind == "boolean") == isinstance(value, bool)
    return right and value in schema.get("enum", [value])


TYPES = {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "boolean": bool}


def draft_4(schema, value):
    """Whether draft 4 accepts a value; a word that draft 4 does not know, or knows otherwise, is an error."""
    def of_type(name):
        return isinstance(value, TYPES[name]) and isinstance(value, bool) == (name == "boolean")

    def holds(word, what):
        if word == "type":
            return any(of_type(name) for name in ([what] if isinstance(what, str) else what))
        if word in ("oneOf", "anyOf", "allOf"):
            assert what, word
            count = sum(draft_4(one, value) for one in what)
            return count == 1 if word == "oneOf" else count >= 1 if word == "anyOf" else count == len(what)
        if word == "not":
            return not draft_4(what, value)
        if word == "enum":
            return value in what
        if word in ("minimum", "maximum"):
            if not of_type("number"):
                return True
            beyond = value - what if word == "minimum" else what - value
            return beyond > 0 or beyond == 0 and not schema.get("exclusive" + word.capitalize(), False)
        if word in ("exclusiveMinimum", "exclusiveMaximum"):
            assert isinstance(what, bool) and word[9:].lower() in schema, word
            return True
        if word == "items":
            return not isinstance(value, list) or all(draft_4(what, one) for one in value)
        if word == "minItems":
            return not isinstance(value, list) or len(value) >= what
        if word == "required":
            assert what, "an empty list"
            return not isinstance(value, dict) or set(what) <= set(value)
        if word == "properties":
            return not isinstance(value, dict) or all(draft_4(what[key], one) for key, one in value.items() if key in what)
        if word == "additionalProperties":
            more = set(value) - set(schema.get("properties", {})) if isinstance(value, dict) else set()
            return not more if what is False else all(draft_4(what, value[key]) for key in more)
        if word == "dependencies":
            return not isinstance(value, dict) or all(draft_4(one, value) for key, one in what.items() if key in value)
        assert word in ("$schema", "title", "description", "default"), word
        return True

    return all([holds(word, what) for word, what in schema.items()])  # every word is looked at


class Schema(unittest.TestCase):
    def test_draft_4(self):
        """Every case that is shipped is one, and what is wrong is none."""
        schema = json.loads(otto("schema", "--draft", "4"))
        self.assertEqual(schema["$schema"], "http://json-schema.org/draft-04/schema#")
        for file in glob.glob(os.path.join(ROOT, "cases", "*", "case.toml")):
            with open(file, "rb") as text:
                self.assertTrue(draft_4(schema, tomllib.load(text)), file)
        with open(os.path.join(ROOT, "cases", "double_well", "case.toml"), "rb") as text:
            good = tomllib.load(text)
        for table, key, value in [("time", "step", 0), ("time", "step", "fast"), ("time", "setp", 0.1), ("time", "scheme", "tr_bdf"),
                                  ("mesh", "cells", [0, 8]), ("solver", "rtol", 1.5), ("flux", "kind", 3)]:
            bad = {**good, table: {**good.get(table, {}), key: value}}
            self.assertFalse(draft_4(schema, bad), (table, key, value))
        self.assertFalse(draft_4(schema, {key: one for key, one in good.items() if key != "mesh"}))
        entropy, external = {"kind": "entropy", "temperature": 1.0}, {"kind": "external", "expression": "x"}
        self.assertTrue(draft_4(schema, {**good, "energy": [entropy, external]}))
        for spoilt in ({**entropy, "expression": "x"}, {"kind": "entropy"}, {**external, "temperature": 1.0}):
            self.assertFalse(draft_4(schema, {**good, "energy": [spoilt]}), spoilt)

    def check_table(self, schema, table, where):
        for key, value in table.items():
            self.assertIn(key, schema["properties"], where)
            self.assertTrue(admits(schema["properties"][key], value), f"{where}: {key} = {value}")
        self.assertLessEqual(set(schema.get("required", [])), set(table), where)

    @staticmethod
    def has_what_is_required(case, schema):
        return all(name in case for name in schema["required"]) and all(
            key in case[name] for name, part in schema.get("properties", {}).items() for key in part["required"])

    def test_shipped_cases_fit(self):
        schema = json.loads(otto("schema"))
        files = glob.glob(os.path.join(ROOT, "cases", "*", "case.toml"))
        self.assertTrue(files)
        for file in files:
            with open(file, "rb") as text:
                case = tomllib.load(text)
            for name in schema.get("required", []):
                self.assertIn(name, case, file)
            self.assertTrue(any(self.has_what_is_required(case, one) for one in schema["anyOf"]), file)
            for name, content in case.items():
                self.assertIn(name, schema["properties"], file)
                part = schema["properties"][name]
                if part["type"] == "array":
                    for entry in content:
                        self.check_table(part["items"], entry, f"{file}: {name}")
                elif name != "petsc" and part["type"] == "object":
                    self.check_table(part, content, f"{file}: {name}")


if __name__ == "__main__":
    unittest.main()
