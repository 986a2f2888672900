#!/usr/bin/env python3
"""validate.py SCHEMA FILE...: holds JSON files against a schema.

Prints a line for each fault (file, JSON pointer, reason).  Traces are also held
to what a schema cannot say: inputs come earlier, data nest to their shape, an
axis has a label for each position.

Exit codes: 0 all valid, 1 a file is not, 2 the command line or the schema is wrong.
Needs python3-jsonschema 4.
"""

import difflib
import functools
import json
import math
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

FAULTS_SHOWN = 20  # for each file


class NotJson(Exception):
    """The text is not JSON as attn-viz takes it."""


# ---- reading, more strictly than json.load ----


def unique_keys(pairs):
    result = {}
    for key, value in pairs:
        if key in result:
            raise NotJson(f'repeated key "{key}"')
        result[key] = value
    return result


def finite(text):
    try:
        number = float(text)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise NotJson(f"number not finite in float64: {cut(text)}")
    return number


def finite_integer(text):
    finite(text)
    return int(text)


def refused(literal):
    raise NotJson(f"{literal} is not JSON")


def read_json(path):
    try:
        return json.loads(
            Path(path).read_bytes().decode("utf-8"),
            object_pairs_hook=unique_keys,
            parse_float=finite,
            parse_int=finite_integer,
            parse_constant=refused,
        )
    except json.JSONDecodeError as error:
        raise NotJson(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise NotJson(error.strerror) from None
    except RecursionError:
        raise NotJson("nested too deeply") from None


# ---- faults as (JSON pointer, reason) ----


def cut(text, limit=60):
    return text if len(text) <= limit else text[: limit - 1] + "…"


def short(value):
    return cut(json.dumps(value, ensure_ascii=False))


def pointer(path):
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def unknown_keys(error):
    known = [key for key in error.schema.get("properties", {}) if key not in ("$schema", "comment")]
    for key in error.instance:
        if key not in error.schema.get("properties", {}):
            nearest = [name for name in known if name.lower() == key.lower()]
            nearest += difflib.get_close_matches(key, known, n=1)
            hint = f'; did you mean "{nearest[0]}"?' if nearest else ""
            yield [*error.absolute_path, key], f"unknown key{hint}"


def missing_keys(error):
    # jsonschema reports one fault for each key; its message begins with the key.
    yield error.absolute_path, f"missing key {error.message.split(' is a required')[0]}"


def faults_of(error):
    """(path, reason) of one error of jsonschema."""
    got, wanted = error.instance, error.validator_value
    if error.validator == "additionalProperties" and wanted is False:
        return unknown_keys(error)
    if error.validator == "required":
        return missing_keys(error)
    reasons = {
        None: lambda: "not allowed here",
        "type": lambda: f"expected {wanted if isinstance(wanted, str) else ' or '.join(wanted)}, "
        f"got {short(got)}",
        "enum": lambda: f"expected one of {', '.join(map(json.dumps, wanted))}, got {short(got)}",
        "const": lambda: f"expected {json.dumps(wanted)}, got {short(got)}",
        "minItems": lambda: f"expected at least {wanted} entries, got {len(got)}",
        "maxItems": lambda: f"expected at most {wanted} entries, got {len(got)}",
        "minimum": lambda: f"expected a number ≥ {wanted}, got {short(got)}",
        "maximum": lambda: f"expected a number ≤ {wanted}, got {short(got)}",
        "exclusiveMinimum": lambda: f"expected a number > {wanted}, got {short(got)}",
        "pattern": lambda: f"expected text like {wanted}, got {short(got)}",
        "anyOf": lambda: f"not one of the forms that the schema allows: {short(got)}",
    }
    reason = reasons.get(error.validator, lambda: cut(error.message, 200))
    return [(error.absolute_path, reason())]


def leaf_types(data):
    """The types of what nested lists hold; an empty list counts as what is held."""
    if type(data) is not list or not data:
        return {type(data)}
    types = set(map(type, data))
    if list in types:
        types.remove(list)
        types.update(*(leaf_types(entry) for entry in data if type(entry) is list))
    return types


def stand_in(data):
    """For numbers and nulls, nested to any depth: the least value that the schema of traces takes
    exactly where it takes these. Anything else: itself."""
    types = leaf_types(data)
    if not types <= {int, float, type(None)}:  # bool is a type of its own
        return data
    return [None] if type(None) in types else [0]


def with_stand_ins(trace):
    """A trace whose steps have a stand-in instead of their data."""
    steps = trace.get("steps") if isinstance(trace, dict) else None
    if not isinstance(steps, list):
        return trace
    return {**trace, "steps": [{**step, "data": stand_in(step["data"])}
                               if isinstance(step, dict) and "data" in step else step
                               for step in steps]}


def schema_faults(validator, document):
    # jsonschema takes about 10 µs a number, and traces are nearly all numbers. So they are held
    # against the schema with stand-ins first, and as they are only to say where a fault is.
    if is_trace_schema(validator.schema) and validator.is_valid(with_stand_ins(document)):
        return
    for error in validator.iter_errors(document):
        for path, reason in faults_of(error):
            yield pointer(path), reason


# ---- what the schema of traces cannot say ----


def nesting_fault(data, shape, path=()):
    """The first place where data does not nest to its shape, or None."""
    if not shape:
        return (path, "expected a number, got a list") if isinstance(data, list) else None
    if not isinstance(data, list):
        return path, f"expected a list of {shape[0]}, got {short(data)}"
    if len(data) != shape[0]:
        return path, f"expected {shape[0]} entries, got {len(data)}"
    if len(shape) == 1 and not any(isinstance(entry, list) for entry in data):
        return None
    deeper = (nesting_fault(entry, shape[1:], (*path, i)) for i, entry in enumerate(data))
    return next(filter(None, deeper), None)


def axis_faults(axes):
    for name, axis in axes.items():
        patches = len(axis["labels"]) - axis.get("extra", 0)
        rows, columns = axis.get("grid", (1, patches))
        if rows * columns != patches:
            yield ("axes", name), f"grid {rows} × {columns}, but {patches} labels"


def step_faults(step, axes, earlier):
    if step["id"] in earlier:
        yield ("id",), f"\"{step['id']}\" is the id of an earlier step"
    for i, source in enumerate(step["inputs"]):
        if source not in earlier:
            yield ("inputs", i), f'"{source}" is not the id of an earlier step'

    shape = step["shape"]
    fault = nesting_fault(step["data"], shape)
    if fault:
        yield ("data", *fault[0]), f"shape {shape}: {fault[1]}"
    if len(step["axes"]) != len(shape):
        yield ("axes",), f"{len(step['axes'])} axes, but shape {shape}"
        return
    for i, (name, size) in enumerate(zip(step["axes"], shape)):
        if name is None:
            continue
        if name not in axes:
            yield ("axes", i), f'the trace has no axis "{name}"'
        elif len(axes[name]["labels"]) != size:
            yield ("axes", i), f'"{name}" has {len(axes[name]["labels"])} labels, the data {size}'

    # Findings count queries along the first axis, keys along the second.
    for finding, axis in (("empty_rows", 0), ("vanishing_rows", 0), ("zero_queries", 0),
                          ("zero_keys", 1)):
        for i, index in enumerate(step.get(finding, ())):
            if axis >= len(shape) or index >= shape[axis]:
                yield (finding, i), f"index {index}, but shape {shape}"


def trace_faults(trace):
    for path, reason in axis_faults(trace["axes"]):
        yield pointer(path), reason
    earlier = set()
    for i, step in enumerate(trace["steps"]):
        for path, reason in step_faults(step, trace["axes"], earlier):
            yield pointer(("steps", i, *path)), reason
        earlier.add(step["id"])


# ---- the program ----


SCHEMAS = Path(__file__).resolve().parents[2] / "docs/schema"


@functools.cache
def read_schema(path):
    """A validator of the schema in a file. Holding a schema against the schema of schemas takes
    half a second, so it is done once for each file."""
    schema = read_json(path)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def schema_of(document):
    """The schema that a document or a trace says it keeps."""
    if "format" in document:
        return read_schema(SCHEMAS / "trace.schema.json")
    sequences = read_schema(SCHEMAS / "sequences.schema.json")
    if document.get("mechanism") in sequences.schema["properties"]["mechanism"]["enum"]:
        return sequences
    return read_schema(SCHEMAS / "document.schema.json")


def is_trace_schema(schema):
    return schema.get("properties", {}).get("format", {}).get("const") == "attn-viz trace"


def faults(validator, document):
    """All faults of a document as (JSON pointer, reason), in the order of the schema."""
    # Two branches of a schema may find the same fault; it is told once.
    found = list(dict.fromkeys(schema_faults(validator, document)))
    if not found and is_trace_schema(validator.schema):
        found = list(trace_faults(document))
    return found


def faults_in_file(validator, path):
    try:
        return faults(validator, read_json(path))
    except NotJson as error:
        return [("", str(error))]


def main(arguments):
    if len(arguments) < 2 or arguments[0].startswith("-"):
        print("usage: validate.py SCHEMA FILE...", file=sys.stderr)
        return 2
    try:
        validator = read_schema(arguments[0])
    except NotJson as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 2
    status = 0
    for path in arguments[1:]:
        found = faults_in_file(validator, path)
        for place, reason in found[:FAULTS_SHOWN]:
            print(f"{path}: {place or '(top level)'}: {reason}")
        if len(found) > FAULTS_SHOWN:
            print(f"{path}: … and {len(found) - FAULTS_SHOWN} more")
        if found:
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
