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


class Schema(unittest.TestCase):
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
