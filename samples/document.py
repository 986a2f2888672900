"""What the scripts that make samples share: matrices, and documents as JSON for people."""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent


def read(name):
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def diagonal(n, value=1):
    return [[value if i == j else 0 for j in range(n)] for i in range(n)]


def text(value, indent=0):
    """JSON with lists of numbers, and of words, on one line each."""
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        items = [f"{inner}{json.dumps(key)}: {text(item, indent + 2)}" for key, item in value.items()]
        line = "{" + ", ".join(item.strip() for item in items) + "}"
        if len(line) < 80 and "\n" not in line:
            return line
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    if isinstance(value, list) and value and isinstance(value[0], (list, dict)):
        return "[\n" + ",\n".join(inner + text(item, indent + 2) for item in value) + "\n" + " " * indent + "]"
    return json.dumps(value, ensure_ascii=False)


def write(name, **document):
    (HERE / name).write_text(text(document) + "\n", encoding="utf-8")
