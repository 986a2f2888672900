#!/usr/bin/env python3
"""Holds every trace that the program writes against the schema of traces.

The documents are the samples, those of the documentation, and some of what neither uses.

Run with `python3 produced_test.py PROGRAM`, from any folder.  Needs python3-jsonschema 4.
"""

import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import validate  # noqa: E402

DOCUMENTATION = [ROOT / "docs" / name for name in ("formats.md", "mechanisms.md", "sequences.md")]
DOCUMENTATION.append(ROOT / "README.md")
SAMPLES = sorted((ROOT / "samples").glob("*.json"))
X = [[1, 0.5], [0.25, -1], [2, 1]]
TWO = [[1, 0], [0, 1]]

# Keys that need no example of their own: of every object, or a variation of one that has an example.
WITHOUT_EXAMPLE = {
    "$schema", "comment", "image", "F", "W_O", "W_key", "b", "b_2", "b_K", "b_O", "b_V",
    "bidirectional", "frequencies", "lambda_init", "method", "random_keys", "slope", "substeps",
}

# Documents that use what the samples do not.
FURTHER = {
    "cosine-zero": {"embeddings": [[0, 0], [1, 2]], "attention": {"score": "cosine"}},
    "additive": {
        "embeddings": X,
        "attention": {"score": {"type": "additive", "W_query": TWO, "v": [1, 2], "bias": [0, 1]}},
    },
    "bilinear": {"embeddings": X, "attention": {"score": {"type": "bilinear", "W": TWO}}},
    "adjusted": {
        "embeddings": X,
        "attention": {
            "scale": 2,
            "softcap": 5,
            "bias": [[0, 1, 2], [1, 0, 1], [2, 1, 0]],
            "mask": {"causal": True, "padding": [False, True, True]},
            "normalize": {"type": "softmax", "temperature": 0.5},
        },
    },
    "window": {"embeddings": X, "attention": {"mask": {"window": [1, 0]}}},
    "allow": {
        "embeddings": X,
        "attention": {"mask": {"allow": [[1, 0, 0], [0, 0, 0], [1, 1, 1]]}},
    },
    "biases": {
        "embeddings": X,
        "attention": {
            "heads": 2,
            "weights": {"b_Q": [1, 2], "b_K": [0, 1], "b_V": [[1], [2]], "b_O": [3, 4]},
        },
    },
    "random": {"embeddings": X, "attention": {"heads": 2, "weights": {"random": 7}}},
    "one": {"embeddings": [[3]], "tokens": ['"quoted" \\ \n \u0001 文 👩‍🔬']},
}


def examples(path):
    """The JSON blocks of a page, each with the number of its first line."""
    blocks, start = [], None
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.startswith("```"):
            if start is not None:
                lines.append(line)
        elif start is None:
            assert re.fullmatch("```[a-z]*", line), f"{path.name}:{number}: {line}"
            start, language, lines = number + 1, line[3:], []
        else:
            # A fence that opens while another is open: the end of the first is missing.
            assert line == "```", f"{path.name}:{number}: {line} inside a block"
            if language == "json":
                blocks.append((start, "\n".join(lines)))
            start = None
    assert start is None, f"{path.name}:{start}: the block has no end"
    return blocks


def keys_of(schema):
    """The names of all properties of a schema, at any depth."""
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(keys_of, schema.values()))


class Produced(unittest.TestCase):
    def hold(self, paths, *options):
        schema = validate.read_schema(ROOT / "docs/schema/trace.schema.json")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [PROGRAM, "run", *paths, "-o", folder, "--no-heatmaps", "--quiet", *options],
                check=True,
            )
            written = sorted(Path(folder).glob("*/trace.json"))
            self.assertEqual(len(written), len(paths))
            for trace in written:
                with self.subTest(trace.parent.name, options=options):
                    self.assertEqual(validate.faults(schema, validate.read_json(trace)), [])

    def test_samples(self):
        self.hold(SAMPLES)

    def test_samples_under_options(self):
        # Methods that cannot hide the future refuse to; other mechanisms have no such option.
        bidirectional = ('"linformer"', '"nystrom"', '"mechanism"')
        causal = [path for path in SAMPLES
                  if not any(name in path.read_text("utf-8")
                             for name in (*bidirectional, '"mechanism"'))]
        self.hold(causal, "--dtype", "float32", "--causal")
        self.hold([path for path in SAMPLES if '"mechanism"' in path.read_text("utf-8")],
                  "--dtype", "float32")

    def test_examples_of_the_documentation(self):
        found = 0
        with tempfile.TemporaryDirectory() as folder:
            for page in DOCUMENTATION:
                for line, text in examples(page):
                    example = json.loads(text)
                    is_trace = "format" in example
                    faults = validate.faults(validate.schema_of(example), example)
                    self.assertEqual(faults, [], f"{page.name}:{line}")
                    if not is_trace:
                        (Path(folder) / f"{page.stem}-{line}.json").write_text(text, "utf-8")
                        found += 1
            self.assertGreater(found, 30)
            self.hold(sorted(Path(folder).glob("*.json")))

    def test_roles_of_the_documentation(self):
        """The table of roles: all of them in order, with steps that get them in every sample."""
        page = (ROOT / "docs/formats.md").read_text("utf-8")
        table = page.split("| role |")[1].split("\n\n")[0]
        rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
        schema = validate.read_json(ROOT / "docs/schema/trace.schema.json")
        self.assertEqual([row[0].strip("`") for row in rows],
                         schema["$defs"]["step"]["properties"]["role"]["enum"])
        roles = {}
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([PROGRAM, "run", *SAMPLES, "-o", folder, "--no-heatmaps", "--quiet"],
                           check=True)
            for trace in sorted(Path(folder).glob("*/trace.json")):
                for step in validate.read_json(trace)["steps"]:
                    # By its id, and by the end of it: "rotated_query" of any head.
                    for name in {step["id"], step["id"].split("/")[-1]}:
                        roles.setdefault(name, set()).add(step["role"])
        for role, _, names in rows:
            for name in re.findall("`(.*?)`", names):
                with self.subTest(name):
                    self.assertEqual(roles.get(name), {role.strip("`")})

    def test_every_key_of_a_document_has_an_example(self):
        schemas = [validate.read_json(ROOT / f"docs/schema/{name}.schema.json")
                   for name in ("document", "sequences")]
        shown = "".join(text for page in DOCUMENTATION for _, text in examples(page))
        missing = {key for key in keys_of(schemas) if f'"{key}":' not in shown}
        self.assertEqual(missing - WITHOUT_EXAMPLE, set())

    def test_further_documents(self):
        documents = validate.read_schema(ROOT / "docs/schema/document.schema.json")
        with tempfile.TemporaryDirectory() as folder:
            for name, document in FURTHER.items():
                self.assertEqual(validate.faults(documents, document), [], name)
                (Path(folder) / f"{name}.json").write_text(json.dumps(document), "utf-8")
            self.hold(sorted(Path(folder).glob("*.json")))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
