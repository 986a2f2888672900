#!/usr/bin/env python3
"""Tests of the JSON Schemas in docs/schema and of validate.py.

Run with `python3 schema_test.py`, from any folder.  Needs python3-jsonschema 4.
"""

import contextlib
import copy
import io
import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import validate  # noqa: E402

DOCUMENT = ROOT / "docs/schema/document.schema.json"
SEQUENCES = ROOT / "docs/schema/sequences.schema.json"
TRACE = ROOT / "docs/schema/trace.schema.json"

X = [[1, 0], [0.5, -2e-3]]  # [2, 2]
EACH = [X, X]  # one matrix for each of two heads


def document(**keys):
    return {"embeddings": X, **keys}


def attention(**keys):
    return document(attention=keys)


def mask(**keys):
    return attention(mask=keys)


def weights(**keys):
    return attention(weights=keys)


def layer(**keys):
    return document(layers=[{}, keys])


class Holds(unittest.TestCase):
    """What tests of documents have in common."""

    schema = None

    def accepts(self, *documents):
        for given in documents:
            with self.subTest(json.dumps(given)):
                self.assertEqual(validate.faults(self.schema, given), [])

    def rejects(self, given, place, reason):
        """Exactly one fault, at this JSON pointer, with this text in its reason."""
        with self.subTest(json.dumps(given)):
            found = validate.faults(self.schema, given)
            self.assertEqual([where for where, _ in found], [place], found)
            self.assertIn(reason, found[0][1])


class Documents(Holds):
    schema = validate.read_schema(DOCUMENT)

    def test_every_sample(self):
        samples = sorted((ROOT / "samples").glob("*.json"))
        self.assertGreaterEqual(len(samples), 6)
        for sample in samples:
            with self.subTest(sample.name):
                given = validate.read_json(sample)
                self.assertEqual(validate.faults(validate.schema_of(given), given), [])

    def test_every_property_is_described(self):
        for path in (DOCUMENT, SEQUENCES, TRACE):
            schema = validate.read_json(path)
            for place, part in properties(schema):
                target = part
                while "$ref" in target and "description" not in target:
                    target = schema["$defs"][target["$ref"].removeprefix("#/$defs/")]
                self.assertIn("description", target, f"{path.name}: {place}")

    def test_rows(self):
        self.accepts(
            document(),
            document(title="", tokens=["a", "月"]),
            document(patches={"rows": 1, "columns": 2}),
            document(patches={"rows": 2, "columns": 1, "image": "cat.png"}),
            document(mechanism="attention"),
        )
        self.rejects({}, "", "missing key 'embeddings'")
        self.rejects([], "", "expected object, got []")
        self.rejects({"embeddings": []}, "/embeddings", "at least 1 entries, got 0")
        self.rejects({"embeddings": [[1], []]}, "/embeddings/1", "at least 1")
        self.rejects({"embeddings": [1]}, "/embeddings/0", "expected array, got 1")
        self.rejects({"embeddings": [[1, "2"]]}, "/embeddings/0/1", 'expected number, got "2"')
        self.rejects({"embeddings": [[1, None]]}, "/embeddings/0/1", "expected number, got null")
        self.rejects({"embeddings": [[1, True]]}, "/embeddings/0/1", "expected number, got true")
        self.rejects({"embeddings": [[[1]]]}, "/embeddings/0/0", "expected number")
        self.rejects(document(tokens=["a", 1]), "/tokens/1", "expected string, got 1")
        self.rejects(document(tokens=["a"], patches={"rows": 1, "columns": 1}), "/tokens",
                     "not allowed here")
        self.rejects(document(patches={"rows": 1}), "/patches", "missing key 'columns'")
        self.rejects(document(patches={"rows": 0, "columns": 1}), "/patches/rows", "≥ 1, got 0")
        self.rejects(document(patches={"rows": 1, "columns": 1.5}), "/patches/columns", "integer")
        self.rejects(document(title=1), "/title", "expected string")
        self.rejects(document(mechanism="recurrence"), "/mechanism", "attention")

    def test_unknown_keys(self):
        self.rejects(document(embedding=X), "/embedding", 'did you mean "embeddings"?')
        self.rejects(attention(head=2), "/attention/head", 'did you mean "heads"?')
        self.rejects(document(patches={"rows": 1, "columns": 2, "row": 1}), "/patches/row", "rows")
        self.rejects(document(context={"embeddings": X, "token": []}), "/context/token", "tokens")
        self.rejects(weights(W_q=X), "/attention/weights/W_q", "W_Q")
        self.rejects(weights(random=1, W_Q=X), "/attention/weights/W_Q", "unknown key")
        self.rejects(attention(**{"a~b/c": 1}), "/attention/a~0b~1c", "unknown key")

    def test_remarks_are_allowed_in_every_object(self):
        given = document(
            patches={"rows": 2, "columns": 1},
            context={"patches": {"rows": 2, "columns": 1}, "embeddings": X},
            steps={},
            attention={
                "score": {"type": "additive"},
                "mask": {},
                "normalize": {"type": "softmax"},
                "position": {"type": "none"},
                "weights": {},
            },
        )
        for _, inner in objects(given):
            inner["comment"] = "text"
        self.accepts(given)
        for _, inner in objects(given):
            inner["comment"], inner["$schema"] = ["any", {"value": 1}], "document.schema.json"
        self.accepts(given)
        for score in ("cosine", "bilinear"):
            self.accepts(attention(score={"type": score, "comment": "", "$schema": ""}))
        self.accepts(attention(weights={"random": 1, "comment": "", "$schema": ""}))
        self.accepts(layer(comment="", layer_norm={"position": "pre", "comment": ""},
                           feed_forward={"random": 1, "comment": ""}))
        self.accepts(document(output={"comment": "", "$schema": ""}))

    def test_context(self):
        self.accepts(
            document(context={"embeddings": [[1, 2, 3]]}),
            document(context={"tokens": ["a"], "embeddings": [[1]], "values": [[1, 2]]}),
            document(context={"patches": {"rows": 1, "columns": 1}, "embeddings": [[1]]}),
        )
        self.rejects(document(context={"values": X}), "/context", "missing key 'embeddings'")
        self.rejects(document(context={"embeddings": X, "values": [1]}), "/context/values/0", "array")
        self.rejects(
            document(context={"embeddings": X, "tokens": ["a", "b"],
                              "patches": {"rows": 1, "columns": 2}}),
            "/context/tokens", "not allowed here")

    def test_sizes(self):
        self.accepts(attention(), attention(heads=2, head_size=1, value_size=3))
        self.rejects(attention(heads=0), "/attention/heads", "expected a number ≥ 1, got 0")
        self.rejects(attention(heads=1.5), "/attention/heads", "expected integer")
        self.rejects(attention(heads="2"), "/attention/heads", "expected integer")
        self.rejects(attention(heads=True), "/attention/heads", "expected integer")
        self.rejects(attention(head_size=0), "/attention/head_size", "≥ 1")
        self.rejects(attention(value_size=-1), "/attention/value_size", "≥ 1")
        self.accepts(attention(heads=4, key_value_heads=2))
        self.rejects(attention(key_value_heads=0), "/attention/key_value_heads", "≥ 1")
        self.rejects(attention(key_value_heads=1.5), "/attention/key_value_heads", "integer")

    def test_talking_heads(self):
        self.accepts(
            attention(talking_heads={"scores": X}), attention(talking_heads={"weights": X}),
            attention(talking_heads={"scores": X, "weights": X, "comment": ""}))
        place = "/attention/talking_heads"
        self.rejects(attention(talking_heads=X), place, "expected object")
        self.rejects(attention(talking_heads={"scores": [1]}), place + "/scores/0", "expected array")
        self.rejects(attention(talking_heads={"scores": X, "weight": X}), place + "/weight",
                     "weights")
        self.assertNotEqual(validate.faults(self.schema, attention(talking_heads={})), [])

    def test_differential(self):
        vectors = {f"lambda_{name}": [1, 2] for name in ("q1", "k1", "q2", "k2")}
        self.accepts(
            attention(differential={"lambda": 0.5}),
            attention(differential={"lambda": -1, "norm": True, "depth": 2, "comment": ""}),
            attention(differential=vectors),
            attention(differential={**vectors, "lambda_init": 0.8, "norm": False}),
            attention(differential={**vectors, "depth": 3}))
        place = "/attention/differential"
        self.rejects(attention(differential=0.5), place, "expected object")
        self.rejects(attention(differential={"lambda": "0.5"}), place + "/lambda", "number")
        self.rejects(attention(differential={**vectors, "depth": 0}), place + "/depth", "≥ 1")
        self.rejects(attention(differential={"lambda": 1, "norm": 1}), place + "/norm", "boolean")
        self.rejects(attention(differential={"lambda": 1, "lambda_q1": [1]}), place + "/lambda_q1",
                     "not allowed here")
        self.rejects(attention(differential={**vectors, "lambda_init": 1, "depth": 1}),
                     place + "/depth", "not allowed here")
        del vectors["lambda_k2"]
        self.rejects(attention(differential=vectors), place, "missing key 'lambda_k2'")

    def test_scores(self):
        names = ("dot-product", "scaled-dot-product", "additive", "cosine", "bilinear", "gat", "dot",
                 "scaled-dot")
        for name in names:
            self.accepts(attention(score=name), attention(score={"type": name}))
        self.accepts(
            attention(score={"type": "additive", "W_query": X, "W_key": X, "v": [1, 2],
                             "bias": [0, 1]}),
            attention(score={"type": "additive", "W_query": EACH, "W_key": EACH, "v": X, "bias": X}),
            attention(score={"type": "bilinear", "W": X}),
            attention(score={"type": "bilinear", "W": EACH}),
            attention(score={"type": "gat", "a": [1, 2], "slope": 0}),
            attention(score={"type": "gat", "a": X}),
        )
        self.rejects(attention(score={"type": "gat", "slope": -1}), "/attention/score/slope", "≥ 0")
        self.rejects(attention(score={"type": "gat", "v": [1]}), "/attention/score/v", "unknown key")
        self.rejects(attention(score="dotproduct"), "/attention/score", "expected one of")
        self.rejects(attention(score={"type": "dotproduct"}), "/attention/score/type", "one of")
        self.rejects(attention(score={}), "/attention/score", "missing key 'type'")
        self.rejects(attention(score=1), "/attention/score", "expected one of")
        self.rejects(attention(score={"type": "cosine", "W": X}), "/attention/score/W", "unknown key")
        self.rejects(attention(score={"type": "bilinear", "v": [1]}), "/attention/score/v", "unknown")
        self.rejects(attention(score={"type": "bilinear", "W": [1]}), "/attention/score/W/0",
                     "expected array")
        self.rejects(attention(score={"type": "additive", "v": [[[1]]]}), "/attention/score/v/0/0",
                     "expected number")
        self.rejects(attention(score={"type": "additive", "bias": ["a"]}), "/attention/score/bias/0",
                     "expected number")

    def test_scale_softcap_bias(self):
        self.accepts(
            attention(scale=0.5), attention(scale=-1), attention(scale=0),
            attention(softcap=30), attention(bias=X), attention(bias=EACH))
        self.rejects(attention(scale="1"), "/attention/scale", "expected number")
        self.rejects(attention(softcap=0), "/attention/softcap", "> 0")
        self.rejects(attention(bias=[1]), "/attention/bias/0", "expected array")
        self.rejects(attention(bias=[[[[1]]]]), "/attention/bias/0/0/0", "expected number")
        self.rejects(attention(bias=[X, [1]]), "/attention/bias/1/0", "expected array")

    def test_masks(self):
        self.accepts(
            mask(), mask(causal=True), mask(causal=False), mask(window=[2, 0]),
            mask(padding=[True, False]), mask(allow=[[0, 1], [1, 1]]),
            mask(causal=True, window=[1, 1], padding=[True, True], allow=[[1, 1], [1, 1]]))
        self.rejects(mask(causal=1), "/attention/mask/causal", "expected boolean")
        self.rejects(mask(window=[1]), "/attention/mask/window", "at least 2")
        self.rejects(mask(window=[1, 1, 1]), "/attention/mask/window", "at most 2")
        self.rejects(mask(window=[-1, 0]), "/attention/mask/window/0", "≥ 0")
        self.rejects(mask(window=[0.5, 0]), "/attention/mask/window/0", "expected integer")
        self.rejects(mask(padding=[1]), "/attention/mask/padding/0", "expected boolean")
        self.rejects(mask(padding=[]), "/attention/mask/padding", "at least 1")
        self.rejects(mask(allow=[[0, 2]]), "/attention/mask/allow/0/1", "expected one of 0, 1, got 2")
        self.rejects(mask(allow=[[True, 1]]), "/attention/mask/allow/0/0", "got true")
        self.rejects(mask(allow=[0]), "/attention/mask/allow/0", "expected array")
        self.rejects(attention(mask="causal"), "/attention/mask", "expected object")

    def test_normalize(self):
        self.accepts(
            attention(normalize="softmax"), attention(normalize={"type": "softmax"}),
            attention(normalize={"type": "softmax", "temperature": 0.5}))
        place = "/attention/normalize"
        self.rejects(attention(normalize="sparse-max"), place, "expected one of")
        self.rejects(attention(normalize=None), place, "expected one of")
        self.rejects(attention(normalize={"temperature": 1}), place, "missing key 'type'")
        for temperature in (0, -1):
            self.rejects(attention(normalize={"type": "softmax", "temperature": temperature}),
                         place + "/temperature", "expected a number > 0")
        self.rejects(attention(normalize={"type": "softmax", "alpha": 2}), place + "/alpha", "unknown")

    def test_approximation(self):
        def method(**keys):
            return attention(approximation=keys)

        self.accepts(
            attention(approximation="linear"), attention(approximation="performer"),
            method(type="linear"), method(type="linear", form="recurrent"),
            method(type="performer"), method(type="performer", features=X, stabilize=True),
            method(type="performer", features=EACH),
            method(type="performer", random={"count": 8, "seed": 0, "orthogonal": False}),
            method(type="linformer", E=X), method(type="linformer", E=EACH, F=X, comment=""),
            method(type="nystrom", landmarks=2, pseudo_inverse="exact"),
            method(type="nystrom", landmarks=2, pseudo_inverse={"iterations": 6}))
        place = "/attention/approximation"
        self.rejects(attention(approximation="nystrom"), place, "expected one of")
        self.rejects(method(type="reformer"), place + "/type", "expected one of")
        self.rejects(method(form="parallel"), place, "missing key 'type'")
        self.rejects(method(type="linear", form="causal"), place + "/form", "expected one of")
        self.rejects(method(type="linear", landmarks=2), place + "/landmarks", "unknown key")
        self.rejects(method(type="performer", features=X, random={}), place + "/random",
                     "not allowed here")
        self.rejects(method(type="performer", random={"count": 0}), place + "/random/count", "≥ 1")
        self.rejects(method(type="linformer"), place, "missing key 'E'")
        self.rejects(method(type="nystrom"), place, "missing key 'landmarks'")
        self.rejects(method(type="nystrom", landmarks=2, pseudo_inverse="near"),
                     place + "/pseudo_inverse", "expected one of")
        self.rejects(method(type="nystrom", landmarks=2, pseudo_inverse={"iterations": 0}),
                     place + "/pseudo_inverse/iterations", "≥ 1")
    def test_every_normaliser(self):
        for name in ("softmax", "relu", "relu-mean", "relu-normalized", "sigmoid",
                     "softmax-off-by-one", "sparsemax", "entmax", "hardmax", "sample"):
            self.accepts(attention(normalize=name), attention(normalize={"type": name}))
        self.accepts(
            attention(normalize={"type": "sigmoid", "bias": -1.5}),
            attention(normalize={"type": "sigmoid", "bias": "-log-keys"}),
            attention(normalize={"type": "entmax", "alpha": 1.25}),
            attention(normalize={"type": "sample", "temperature": 2, "seed": 7}))
        place = "/attention/normalize"
        self.rejects(attention(normalize={"type": "entmax", "alpha": 1}), place + "/alpha", "> 1")
        self.rejects(attention(normalize={"type": "sigmoid", "bias": "log"}), place + "/bias",
                     "-log-keys")
        self.rejects(attention(normalize={"type": "sample", "seed": -1}), place + "/seed", "≥ 0")
        self.rejects(attention(normalize={"type": "relu", "bias": 1}), place + "/bias", "unknown")
        self.rejects(attention(normalize={"type": "hardmax", "seed": 1}), place + "/seed", "unknown")

    def test_edges_and_patterns(self):
        self.accepts(
            mask(edges=[[0, 1]]), mask(edges=[[0, 1], [1, 0]], self_loops=True, causal=True),
            *(mask(pattern=name) for name in
              ("dilated", "strided", "longformer", "big-bird", "sinks")),
            mask(pattern={"type": "dilated", "window": 0, "step": 3}),
            mask(pattern={"type": "strided", "window": 2, "stride": 4}),
            mask(pattern={"type": "longformer", "window": 1, "global": []}),
            mask(pattern={"type": "big-bird", "global": [0, 1], "random": 2, "seed": 1}),
            mask(pattern={"type": "big-bird", "random_keys": [[], [0]], "comment": ""}),
            mask(pattern={"type": "sinks", "sinks": 4, "window": 0}))
        place = "/attention/mask/"
        self.rejects(mask(edges=[]), place + "edges", "at least 1")
        self.rejects(mask(edges=[[0]]), place + "edges/0", "at least 2")
        self.rejects(mask(edges=[[0, -1]]), place + "edges/0/1", "≥ 0")
        self.rejects(mask(self_loops=True), "/attention/mask", "edges")
        self.rejects(mask(pattern="stride"), place + "pattern", "expected one of")
        self.rejects(mask(pattern={"window": 1}), place + "pattern", "missing key 'type'")
        self.rejects(mask(pattern={"type": "dilated", "stride": 1}), place + "pattern/stride",
                     "unknown")
        self.rejects(mask(pattern={"type": "strided", "stride": 0}), place + "pattern/stride", "≥ 1")
        self.rejects(mask(pattern={"type": "longformer", "global": [0.5]}),
                     place + "pattern/global/0", "integer")
        self.rejects(mask(pattern={"type": "big-bird", "seed": 1, "random_keys": [[0]]}),
                     place + "pattern/seed", "not allowed here")

    def test_score_tricks(self):
        self.accepts(
            attention(qk_norm="l2"), attention(qk_norm={"type": "l2", "gain": [2, 3]}),
            attention(qk_norm={"type": "rms", "epsilon": 0, "query_gain": [1, 2], "key_gain": X}),
            attention(sink=-1), attention(sink=[0.5, 1]),
            attention(evaluation="online"), attention(evaluation="plain"))
        self.rejects(attention(qk_norm="layer"), "/attention/qk_norm", "expected one of")
        self.rejects(attention(qk_norm={"type": "l2", "epsilon": 1}), "/attention/qk_norm/epsilon",
                     "unknown")
        self.rejects(attention(qk_norm={"type": "rms", "gain": 1}), "/attention/qk_norm/gain",
                     "unknown")
        self.rejects(attention(sink="1"), "/attention/sink", "expected")
        self.rejects(attention(sink=[]), "/attention/sink", "at least 1")
        self.rejects(attention(evaluation="fast"), "/attention/evaluation", "expected one of")

    def test_position(self):
        for name in ("none", "sinusoidal", "sinusoidal-2d", "rope", "alibi"):
            self.accepts(attention(position=name), attention(position={"type": name}))
        self.accepts(
            attention(position={"type": "sinusoidal", "base": 1}),
            attention(position={"type": "learned", "table": X}),
            attention(position={"type": "floater", "initial": [0], "W_1": [[1], [0]], "step": 0.1}),
            attention(position={"type": "floater", "initial": [0], "W_1": X, "b_1": [0, 1], "W_2": X,
                                "b_2": [0], "step": 1, "substeps": 9, "method": "rk4-3/8",
                                "activation": "none"}),
            attention(position={"type": "rope", "layout": "half", "base": 5e5}),
            attention(position={"type": "rope", "frequencies": [1, 0.1]}),
            attention(position={"type": "alibi", "slopes": [0.5, 0]}),
            attention(position={"type": "t5", "table": X, "bidirectional": False}),
            attention(position={"type": "t5", "table": [1, 2, 3, 4], "max_distance": 9}),
            attention(position={"type": "relative", "keys": X, "values": EACH, "max_distance": 1}))
        place = "/attention/position"
        self.rejects(attention(position="ropes"), place, "expected one of")
        self.rejects(attention(position="learned"), place, "expected one of")
        self.rejects(attention(position={"type": "ropes"}), place + "/type", "one of")
        self.rejects(attention(position={"base": 2}), place, "missing key 'type'")
        self.rejects(attention(position={"type": "none", "base": 2}), place + "/base", "unknown key")
        self.rejects(attention(position={"type": "rope", "base": 0.5}), place + "/base", "≥ 1")
        self.rejects(attention(position={"type": "rope", "layout": "pairs"}), place + "/layout",
                     "half")
        self.rejects(attention(position={"type": "alibi", "slope": [1]}), place + "/slope", "slopes")
        for name, key in (("learned", "table"), ("t5", "table"), ("relative", "keys")):
            self.rejects(attention(position={"type": name}), place, f"missing key '{key}'")
        flow = {"type": "floater", "initial": [0], "W_1": [[1], [0]], "step": 1}
        pair = {"type": "sinusoidal-2d", "normalize": True, "add_to": "queries-and-keys"}
        self.accepts(
            attention(position=pair), attention(position={**flow, "add_to": "embeddings"}),
            attention(position={"type": "learned", "table": X, "add_to": "queries-and-keys"}),
            attention(position=pair, key_position="sinusoidal"),
            attention(key_position={"type": "sinusoidal-2d", "normalize": True}))
        self.rejects(attention(position={**pair, "add_to": "keys"}), place + "/add_to", "one of")
        self.rejects(attention(position={"type": "rope", "add_to": "embeddings"}), place + "/add_to",
                     "unknown key")
        self.rejects(attention(position={**pair, "type": "sinusoidal"}), place + "/normalize", "")
        self.rejects(attention(key_position=pair), "/attention/key_position/add_to", "")
        self.rejects(attention(key_position="rope"), "/attention/key_position", "one of")
        self.rejects(attention(key_position={"type": "alibi"}), "/attention/key_position/type", "one of")
        self.rejects(attention(position={**flow, "step": 0}), place + "/step", "> 0")
        self.rejects(attention(position={**flow, "substeps": 0}), place + "/substeps", "≥ 1")
        self.rejects(attention(position={**flow, "method": "rk5"}), place + "/method", "euler")

    def test_weights(self):
        self.accepts(
            attention(weights="identity"), weights(random=0), weights(random=2**53), weights(),
            weights(W_Q=X), weights(W_Q=X, W_K=X, W_V=X, W_O=X),
            weights(W_Q=EACH, W_K=EACH, W_V=EACH, W_O=EACH),
            weights(W_Q=X, b_Q=[1, 2], b_K=[1, 2], b_V=[1, 2], b_O=[1, 2]),
            weights(W_Q=EACH, b_Q=X, b_K=X, b_V=X, b_O=[0]))
        place = "/attention/weights"
        self.rejects(attention(weights="random"), place, "expected one of")
        self.rejects(attention(weights=[X]), place, "expected one of \"identity\"")
        self.rejects(weights(random=-1), place + "/random", "≥ 0")
        self.rejects(weights(random=1.5), place + "/random", "expected integer")
        self.rejects(weights(random=2**53 + 1), place + "/random", "≤")
        self.rejects(weights(W_Q=[1]), place + "/W_Q/0", "expected array")
        self.rejects(weights(W_Q=[[1, "2"]]), place + "/W_Q/0/1", "expected number")
        self.rejects(weights(W_O=[]), place + "/W_O", "at least 1")
        self.rejects(weights(b_Q=[[[1]]]), place + "/b_Q/0/0", "expected number")
        self.rejects(weights(b_O=[[1]]), place + "/b_O/0", "expected number")

    def test_layers(self):
        self.accepts(
            layer(), layer(attention={"heads": 2}), layer(attention="none", cross_attention={}),
            layer(residual=True), layer(residual=0.5), layer(layer_norm="pre"),
            layer(layer_norm={"position": "post", "type": "rms", "epsilon": 1e-6,
                              "gain": [1, 2], "bias": X}),
            layer(feed_forward={"W_1": X}),
            layer(feed_forward={"W_1": X, "b_1": [1], "W_gate": X, "b_gate": [1], "W_2": X,
                                "b_2": [1], "activation": "gelu-tanh", "comment": ""}),
            layer(feed_forward={"random": 1, "hidden": 8, "gated": True, "activation": "silu"}))
        place = "/layers/1"
        self.rejects(document(layers=[]), "/layers", "at least 1")
        self.rejects(document(layers={}), "/layers", "expected array")
        self.rejects(document(layers=[{}], attention={}), "/attention", "not allowed here")
        self.rejects(layer(atention={}), place + "/atention", 'did you mean "attention"?')
        self.rejects(layer(attention="all"), place + "/attention", "none")
        self.rejects(layer(attention={"heads": 0}), place + "/attention/heads", "≥ 1")
        self.rejects(layer(cross_attention="none"), place + "/cross_attention", "expected object")
        self.rejects(layer(residual="yes"), place + "/residual", "boolean or number")
        self.rejects(layer(layer_norm="after"), place + "/layer_norm", "expected one of")
        self.rejects(layer(layer_norm={}), place + "/layer_norm", "missing key 'position'")
        self.rejects(layer(layer_norm={"position": "pre", "type": "batch"}),
                     place + "/layer_norm/type", "one of")
        self.rejects(layer(layer_norm={"position": "pre", "epsilon": 0}),
                     place + "/layer_norm/epsilon", "> 0")
        self.rejects(layer(feed_forward={}), place + "/feed_forward", "missing key 'W_1'")
        self.rejects(layer(feed_forward={"W_1": X, "w_2": X}), place + "/feed_forward/w_2", "W_2")
        self.rejects(layer(feed_forward={"W_1": X, "b_2": [1]}), place + "/feed_forward", "W_2")
        self.rejects(layer(feed_forward={"random": 1, "W_1": X}), place + "/feed_forward/W_1",
                     "unknown key")
        self.rejects(layer(feed_forward={"random": 1, "activation": "swish"}),
                     place + "/feed_forward/activation", "one of")

    def test_encoder(self):
        self.accepts(document(context={"embeddings": X, "layers": [{"residual": True}]}))
        self.rejects(document(context={"embeddings": X, "layers": [{"cross_attention": {}}]}),
                     "/context/layers/0/cross_attention", "not allowed here")
        self.rejects(document(context={"embeddings": X, "values": X, "layers": [{}]}),
                     "/context/values", "not allowed here")
        self.rejects(document(context={"embeddings": X, "layers": [{"residual": ""}]}),
                     "/context/layers/0/residual", "boolean")

    def test_output(self):
        self.accepts(document(output={}),
                     document(output={"W": X, "b": [1, 2], "labels": ["a", "b"], "pool": "mean"}))
        self.rejects(document(output={"w": X}), "/output/w", 'did you mean "W"?')
        self.rejects(document(output={"labels": []}), "/output/labels", "at least 1")
        self.rejects(document(output={"pool": "max"}), "/output/pool", "expected one of")

    def test_tokens_before_the_patches(self):
        self.accepts(document(patches={"rows": 1, "columns": 2, "class_token": [1, 2],
                                       "registers": X}))
        self.rejects(document(patches={"rows": 1, "columns": 2, "class_token": [[1]]}),
                     "/patches/class_token/0", "expected number")
        self.rejects(document(patches={"rows": 1, "columns": 2, "registers": [1]}),
                     "/patches/registers/0", "expected array")

    def test_answer_sheet(self):
        self.accepts(document(steps={"layer0/head0/masked_scores": [[1, None]], "layer0/concat": X}))
        self.accepts(document(steps={"layer0/concat": [["?", "?"], ["?", "?"]]}))  # not answered
        self.rejects(document(steps={"layer0/concat": [["x"]]}), "/steps/layer0~1concat/0/0", "text like")
        self.rejects(document(steps={"layer0/concat": [[True]]}), "/steps/layer0~1concat/0/0", "number")


HEAD = {"layer": 0, "head": 0}  # a place
SMALL_TRACE = {
    "format": "attn-viz trace",
    "version": 2,
    "generator": "attn-viz 0.1.0",
    "title": "two tokens",
    "dtype": "float64",
    "settings": {"mechanism": "attention", "attention": {"heads": 1}},
    "axes": {"token": {"labels": ["a", "b"], "grid": [1, 2], "image": "cat.png"}},
    "steps": [
        {"id": "input/embeddings", "symbol": "X", "op": "input", "inputs": [],
         "role": "input", "place": {},
         "axes": ["token", None], "shape": [2, 1], "data": [[1], [0]]},
        {"id": "layer0/head0/b_Q", "symbol": "b_Q", "op": "parameter", "inputs": [],
         "role": "parameter", "place": HEAD,
         "axes": [None], "shape": [1], "data": [0.5]},
        {"id": "layer0/mask", "symbol": "M", "op": "mask", "equation": "M = j ≤ i",
         "role": "mask", "place": {"layer": 0},
         "inputs": ["input/embeddings", "input/embeddings"], "attributes": {"causal": True},
         "axes": ["token", "token"], "shape": [2, 2], "data": [[1, 0], [1, 1]]},
        {"id": "layer0/head0/scores", "symbol": "S", "op": "cosine", "equation": "S = cos(X, X)",
         "role": "scores", "place": HEAD,
         "inputs": ["input/embeddings", "input/embeddings"], "zero_queries": [1], "zero_keys": [1],
         "axes": ["token", "token"], "shape": [2, 2], "data": [[1, 0], [0, 0]]},
        {"id": "layer0/head0/masked_scores", "symbol": "S_masked", "op": "mask-scores",
         "role": "scores", "place": HEAD,
         "equation": "S_masked = S where M, else −∞", "inputs": ["layer0/head0/scores", "layer0/mask"],
         "axes": ["token", "token"], "shape": [2, 2], "data": [[1, None], [0, 0]]},
        {"id": "layer0/head0/weights", "symbol": "A", "op": "softmax",
         "role": "weights", "place": HEAD,
         "equation": "A = softmax(S_masked)", "inputs": ["layer0/head0/masked_scores"],
         "empty_rows": [0],
         "axes": ["token", "token"], "shape": [2, 2], "data": [[1.0, 0], [0.5, 0.5]]},
    ],
}
WEIGHTS = 5  # the last step


class Sequences(Holds):
    """Documents of the mechanisms on sequences."""

    schema = validate.read_schema(SEQUENCES)

    def test_mechanism(self):
        self.rejects({"embeddings": X}, "", "missing key 'mechanism'")
        self.rejects({"mechanism": "recurence", "embeddings": X}, "/mechanism", '"recurrence"')

    def test_recurrence(self):
        def cell(**keys):
            return {"mechanism": "recurrence", "embeddings": X, "recurrence": keys}

        self.accepts(
            {"mechanism": "recurrence", "embeddings": X, "recurrence": "gru"},
            cell(type="rnn", hidden=3, weights={"random": 1}),
            cell(type="gru", bidirectional=True, weights={"W_z": X, "b": [1, 2]}),
        )
        self.rejects(cell(), "/recurrence", "missing key 'type'")
        self.rejects(cell(type="lstm"), "/recurrence/type", '"gru"')
        self.rejects(cell(type="rnn", hidden=0), "/recurrence/hidden", "≥ 1")
        self.rejects(cell(type="rnn", weights={"w": X}), "/recurrence/weights/w", '"W"')

    def test_encoder_decoder(self):
        def aligned(**keys):
            return {"mechanism": "encoder-decoder", "embeddings": X, "target": {"tokens": ["a"]},
                    "attention": keys}

        self.accepts(
            aligned(type="none", summary="mean"),
            aligned(type="given", given=X),
            aligned(type="luong-dot", local={"type": "predictive", "window": 2}),
            {**aligned(type="bahdanau"), "decoder": {"type": "rnn", "initial": [1]}},
            {**aligned(type="bahdanau"), "decoder": {"type": "rnn", "initial": "encoder"}},
        )
        self.rejects(aligned(type="luong"), "/attention/type", '"luong-dot"')
        self.rejects({**aligned(type="none"), "decoder": {"type": "rnn", "initial": "last"}},
                     "/decoder/initial", '"encoder"')

    def test_the_others(self):
        memory = {"mechanism": "memory", "embeddings": X, "context": {"embeddings": X}}
        self.accepts(memory, {**memory, "read": {"type": "sample", "seed": 3}})
        self.rejects({**memory, "read": "hard"}, "/read", '"maximum"')
        self.rejects({**memory, "temperature": 0}, "/temperature", "> 0")
        convolution = {"mechanism": "convolution-1d", "embeddings": X, "layers": [{"kernel": [1]}]}
        self.accepts(convolution)
        self.rejects({**convolution, "layers": [{"kernel": [1], "dilation": 0}]},
                     "/layers/0/dilation", "≥ 1")
        self.rejects({**convolution, "convolution": {}}, "/convolution", "unknown key")


class Traces(unittest.TestCase):
    schema = validate.read_schema(TRACE)

    def rejects(self, place, reason, change):
        """The small trace with a change has exactly one fault, here."""
        trace = copy.deepcopy(SMALL_TRACE)
        change(trace)
        found = validate.faults(self.schema, trace)
        self.assertEqual([where for where, _ in found], [place], found)
        self.assertIn(reason, found[0][1])

    def rejects_step(self, where, reason, step=WEIGHTS, **keys):
        where = f"/steps/{step}{where}"
        self.rejects(where, reason, lambda trace: trace["steps"][step].update(keys))

    def test_small_trace(self):
        self.assertEqual(validate.faults(self.schema, SMALL_TRACE), [])

    def test_stand_ins_are_refused_where_their_data_are(self):
        # What stand_in() rests on: nothing of the data matters but the types of its leaves.
        for name, types in (("numbers", ["array", "number"]),
                            ("numbers_or_null", ["array", "number", "null"])):
            part = {**self.schema.schema["$defs"][name]}
            del part["description"]
            self.assertEqual(part, {"type": types, "minItems": 1, "items": {"$ref": f"#/$defs/{name}"}})

        leaves = (0, 1.5, None, True, "1", {}, [])
        nests = [nest for leaf in leaves for nest in
                 (leaf, [leaf], [0, leaf], [[1, 2], [leaf, 3]], [[[0]], [[None], [leaf]]], [[leaf], 1])]
        refused = 0
        for op in ("mask-scores", "online-maximum", "softmax"):
            for data in nests:
                trace = copy.deepcopy(SMALL_TRACE)
                trace["steps"][WEIGHTS].update(op=op, data=data)
                valid = self.schema.is_valid(trace)
                with self.subTest(op=op, data=data):
                    self.assertEqual(self.schema.is_valid(validate.with_stand_ins(trace)), valid)
                    self.assertEqual(list(validate.schema_faults(self.schema, trace)) == [], valid)
                refused += not valid
        self.assertGreater(refused, len(nests))
        for broken in ({}, [], None, {"steps": 1}, {"steps": [1, {}, {"data": 1}]}):
            self.assertFalse(self.schema.is_valid(validate.with_stand_ins(broken)))

    def test_any_depth(self):
        trace = copy.deepcopy(SMALL_TRACE)
        for shape, data in (([], 0.5), ([1, 1, 2, 1], [[[[1], [2]]]])):
            trace["steps"][1].update(axes=[None] * len(shape), shape=shape, data=data)
            self.assertEqual(validate.faults(self.schema, trace), [])

    def test_findings_of_masks_and_online_softmax(self):
        trace = copy.deepcopy(SMALL_TRACE)
        trace["steps"][2].update(density=0.75, diameter=1)
        trace["steps"][WEIGHTS].update(zero_rows=[0])
        trace["steps"][4].update(id="layer0/head0/online_maximum", op="online-maximum")
        trace["steps"][WEIGHTS]["inputs"] = ["layer0/head0/online_maximum"]
        self.assertEqual(validate.faults(self.schema, trace), [])
        self.rejects_step("/density", "≤ 1", step=2, density=1.5)
        self.rejects_step("/diameter", "integer", step=2, diameter=0.5)

    def test_head(self):
        self.rejects("", "missing key 'title'", lambda trace: trace.pop("title"))
        self.rejects("/comment", "unknown key", lambda trace: trace.update(comment=""))
        self.rejects("/format", "attn-viz trace", lambda trace: trace.update(format="trace"))
        self.rejects("/version", "expected one of 1, 2, got 3", lambda trace: trace.update(version=3))
        self.rejects("/generator", "got \"me\"", lambda trace: trace.update(generator="me"))
        self.rejects("/dtype", "float32", lambda trace: trace.update(dtype="float16"))
        self.rejects("/steps", "at least 1", lambda trace: trace.update(steps=[]))
        self.rejects("/axes", "missing key 'token'", lambda trace: trace.update(axes={}))

    def test_axes_of_the_trace(self):
        def axis(**keys):
            return lambda trace: trace["axes"]["token"].update(keys)

        self.rejects("/axes/token/name", "unknown key", axis(name="token"))
        self.rejects("/axes/token/labels/1", "expected string", axis(labels=["a", 1]))
        self.rejects("/axes/token/grid", "at least 2", axis(grid=[2]))
        self.rejects("/axes/token", "grid 2 × 2, but 2 labels", axis(grid=[2, 2]))
        self.rejects("/axes/token", "grid 1 × 2, but 1 labels", axis(extra=1))
        self.rejects("/axes/token/extra", "≥ 1", axis(extra=0))

    def test_steps(self):
        self.rejects_step("/id", "layer0/head0/wights", id="layer0/head0/wights")
        self.rejects_step("/id", "layer0/head00/weights", id="layer0/head00/weights")
        self.rejects_step("/id", "layer0/weights", id="layer0/weights")
        self.rejects_step("/op", "softmax", op="soft-max")
        self.rejects_step("/colour", "unknown key", colour="red")
        self.rejects_step("/attributes", "", attributes={})
        self.rejects_step("/data/0/1", "expected array or number, got null",
                          data=[[1, None], [0.5, 0.5]])
        self.rejects_step("/data/0/1", "expected array or number", data=[[1, "0"], [0.5, 0.5]])
        self.rejects_step("/inputs", "at most 0", step=1, inputs=["input/embeddings"])
        self.rejects_step("/inputs", "at least 1", inputs=[])
        self.rejects_step("/empty_rows", "at least 1", empty_rows=[])
        for key in ("id", "symbol", "op", "inputs", "axes", "shape", "data"):
            self.rejects(f"/steps/{WEIGHTS}", f"missing key '{key}'",
                         lambda trace: trace["steps"][WEIGHTS].pop(key))

    def test_role(self):
        self.rejects_step("/role", '"weights"', role="wieghts")
        self.rejects_step("/role", "expected one of", role=None)
        self.rejects(f"/steps/{WEIGHTS}", "missing key 'role'",
                     lambda trace: trace["steps"][WEIGHTS].pop("role"))

    def test_place(self):
        trace = copy.deepcopy(SMALL_TRACE)
        for place in ({}, {"side": "decoder", "layer": 2, "block": "cross", "head": 3,
                           "branch": "pair0/columns", "pass": 1}):
            trace["steps"][WEIGHTS]["place"] = place
            self.assertEqual(validate.faults(self.schema, trace), [])
        self.rejects_step("/place", "expected object", place="layer0/head0")
        self.rejects_step("/place/heads", 'did you mean "head"?', place={"heads": 0})
        self.rejects_step("/place/side", '"encoder", "decoder"', place={"side": "left"})
        self.rejects_step("/place/block", '"self", "cross"', place={"block": 0})
        for key in ("layer", "head", "pass"):
            self.rejects_step(f"/place/{key}", "≥ 0, got -1", place={key: -1})
            self.rejects_step(f"/place/{key}", "expected integer", place={key: "0"})
        self.rejects_step("/place/branch", "", place={"branch": ""})
        self.rejects_step("/place/branch", "expected string", place={"branch": 0})
        self.rejects(f"/steps/{WEIGHTS}", "missing key 'place'",
                     lambda trace: trace["steps"][WEIGHTS].pop("place"))

    def test_version_1(self):
        trace = copy.deepcopy(SMALL_TRACE)
        trace["version"] = 1
        for key in ("role", "place"):
            del trace["steps"][WEIGHTS][key]
            self.assertEqual(validate.faults(self.schema, trace), [])
        for step in trace["steps"][:WEIGHTS]:
            del step["role"], step["place"]
        self.assertEqual(validate.faults(self.schema, trace), [])
        trace["version"] = 2
        self.assertEqual(len(validate.faults(self.schema, trace)), 2 * len(trace["steps"]))

    def test_roles_are_those_of_the_program(self):
        header = (ROOT / "include/attn_viz/trace/trace.hpp").read_text("utf-8")
        names = header.split("kRoleNames[] = {")[1].split("}")[0]
        of_step = self.schema.schema["$defs"]["step"]["properties"]
        self.assertEqual(of_step["role"]["enum"], re.findall(r'"(.*?)"', names))

    def test_every_id_of_the_contract(self):
        heads = ("W_Q W_K W_V b_Q b_K b_V query key value rotated_query rotated_key position_table "
                 "position_bias relative_keys relative_values score_W_query "
                 "score_W_key score_v score_bias score_W bias scores scaled_scores capped_scores "
                 "biased_scores masked_scores weights output score_a mixed_scores mixed_weights "
                 "normalized_output").split()
        heads += [f"{name}_{i}" for i in (1, 2) for name in (
            "query key scores scaled_scores capped_scores biased_scores masked_scores weights").split()]
        heads += ("query_features key_features features kernel key_value_sum key_sum state "
                  "state_sum E F projected_key projected_value projected_weights landmark_queries "
                  "landmark_keys kernel_1 kernel_2 kernel_3 pseudo_inverse exact_weights "
                  "distance").split()
        layers = ("mask allow concat W_O b_O attention_output residual normalized output norm_gain "
                  "norm_bias scaled_output cross/mask cross/attention_output cross/residual "
                  "cross/normalized cross/head0/weights talking_scores talking_weights lambda lambda_q1 lambda_k1 "
                  "lambda_q2 lambda_k2").split()
        layers += [f"feed_forward/{name}" for name in
                   ("W_1 b_1 W_gate b_gate W_2 b_2 hidden gate activated gated output norm_gain "
                    "norm_bias normalized scaled_output residual").split()]
        ids = ["input/embeddings", "input/context", "input/values", "input/positions",
               "input/positioned", "input/context_positions", "input/context_positioned",
               "input/position_table", "input/position_p_0", "input/position_W_1",
               "input/position_b_2", "output/logits", "output/probabilities", "output/pooled",
               "output/W", "output/b", "encoder/layer0/head1/key", "encoder/layer1/output"]
        ids += [f"layer3/{name}" for name in layers] + [f"layer0/head12/{name}" for name in heads]
        trace = copy.deepcopy(SMALL_TRACE)
        trace["steps"] = [{**SMALL_TRACE["steps"][0], "id": name} for name in ids]
        self.assertEqual(validate.faults(self.schema, trace), [])

    def test_what_the_schema_cannot_say(self):
        self.rejects_step("/inputs/0", "not the id of an earlier step",
                          inputs=["layer0/head0/weights"])
        self.rejects_step("/inputs/0", "not the id of an earlier step", inputs=["layer0/head1/scores"])
        self.rejects_step("/id", "is the id of an earlier step", id="layer0/head0/scores")
        self.rejects_step("/data", "expected 2 entries, got 1", data=[[1, 0]])
        self.rejects_step("/data/1", "expected 2 entries, got 1", data=[[1, 0], [1]])
        self.rejects_step("/data/1", "expected a list of 2, got 1", data=[[1, 0], 1])
        self.rejects_step("/data/1/0", "expected a number, got a list", data=[[1, 0], [[1], 0]])
        self.rejects_step("/axes", "1 axes, but shape [2, 2]", axes=["token"])
        self.rejects_step("/axes/1", 'no axis "context"', axes=["token", "context"])
        self.rejects_step("/axes/1", '"token" has 2 labels, the data 1', step=0, axes=[None, "token"])
        self.rejects_step("/vanishing_rows/0", "index 2, but shape [2, 2]", vanishing_rows=[2])
        self.rejects_step("/empty_rows/0", "index 2, but shape [2, 2]", empty_rows=[2])
        self.rejects_step("/zero_keys/1", "index 7, but shape [2, 2]", step=3, zero_keys=[0, 7])


class Program(unittest.TestCase):
    """validate.py as it is called."""

    def run_on(self, *texts, schema=DOCUMENT):
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, f"{i}.json") for i in range(len(texts))]
            for file, text in zip(files, texts):
                file.write_bytes(text if isinstance(text, bytes) else text.encode())
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                status = validate.main([str(schema), *map(str, files)])
            return status, output.getvalue().replace(folder + "/", "")

    def test_valid(self):
        self.assertEqual(self.run_on('{"embeddings": [[1]]}', '{"embeddings": [[1]]}'), (0, ""))
        self.assertEqual(self.run_on(json.dumps(SMALL_TRACE), schema=TRACE), (0, ""))

    def test_invalid_does_not_hide_the_next(self):
        self.assertEqual(
            self.run_on("{}", '{"embeddings": [[1]]}', '{"embeddings": [["1"]]}'),
            (1, "0.json: (top level): missing key 'embeddings'\n"
                '2.json: /embeddings/0/0: expected number, got "1"\n'))

    def test_not_json(self):
        for text, reason in (
            ('{"embeddings": [[NaN]]}', "NaN is not JSON"),
            ('{"embeddings": [[-Infinity]]}', "-Infinity is not JSON"),
            ('{"embeddings": [[1e400]]}', "number not finite in float64: 1e400"),
            ('{"embeddings": [[1' + 400 * "0" + "]]}", "number not finite in float64: 1"),
            ('{"embeddings": [[1]], "embeddings": [[1]]}', 'repeated key "embeddings"'),
            ('{"a": {"b": 1, "b": 1}}', 'repeated key "b"'),
            ('{"embeddings": [[1],]}', "line 1, column 21"),
            (b'{"title": "\xff"}', "not UTF-8 at byte 11"),
            ("", "line 1, column 1"),
        ):
            with self.subTest(text):
                status, output = self.run_on(text)
                self.assertEqual(status, 1)
                self.assertIn(reason, output)
                self.assertEqual(output.count("\n"), 1)

    def test_many_faults_are_counted(self):
        status, output = self.run_on(json.dumps({"embeddings": [["?"] * 25]}))
        self.assertEqual((status, output.count("\n")), (1, 21))
        self.assertIn("… and 5 more", output)


def objects(value, path=()):
    """Every object inside a value, itself included, with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in list(value.items()):
            yield from objects(inner, (*path, key))


def properties(schema):
    """Every property that a schema names, with its place."""
    for path, part in objects(schema):
        for key, inner in part.get("properties", {}).items():
            in_condition = "if" in path or path[-1:] in (("then",), ("else",))
            if isinstance(inner, dict) and not in_condition:
                yield "/".join((*path, "properties", key)), inner


if __name__ == "__main__":
    unittest.main()
