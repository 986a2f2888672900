#!/usr/bin/env python3
"""make_inputs.py FOLDER: writes tiny.json, medium.json, large.json and maps.json, the same each time.

All numbers are normally distributed and have 17 significant digits.  The matrices
are divided by √d, so that queries, keys and values are of the size of the embeddings;
W_Q is then made larger, so that a query looks at few keys and the pictures are not
of one colour.
maps.json is a trace that holds nothing but the weights of 12 layers × 12 heads of 128 tokens.
Needs python3-numpy.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np

SEED = 20170612
SHARPNESS = 4  # the standard deviation of the scaled scores
SIZES = {  # name: tokens n, embedding d, heads h
    "tiny": (6, 8, 2),
    "medium": (128, 256, 8),
    "large": (1024, 768, 12),
}
MAPS = (12, 12, 128)  # layers, heads, tokens
STARTS = ["", "b", "d", "f", "gr", "k", "l", "m", "n", "p", "r", "s", "st", "t", "w"]
VOWELS = ["a", "e", "i", "o", "u", "ea", "ou"]
ENDS = ["", "n", "r", "l", "s", "t", "nd"]


def word(random):
    """One to three syllables: "stour", "matel"."""
    syllables = [random.choice(STARTS) + random.choice(VOWELS) for _ in range(random.integers(1, 4))]
    return "".join(syllables) + random.choice(ENDS)


def rows_text(matrix, indent):
    rows = (", ".join("%.17g" % number for number in row) for row in matrix.tolist())
    lines = ",\n".join(f"{indent}  [{row}]" for row in rows)
    return f"[\n{lines}\n{indent}]"


def document(name, tokens, size, heads):
    random = np.random.default_rng([SEED, tokens, size, heads])
    words = [word(random) for _ in range(tokens)]
    embeddings = rows_text(random.standard_normal((tokens, size)), "  ")
    spreads = {"W_Q": SHARPNESS, "W_K": 1, "W_V": 1, "W_O": 1}
    weights = ",\n".join(
        f'      "{matrix}": '
        + rows_text(random.standard_normal((size, size)) * spread / math.sqrt(size), "      ")
        for matrix, spread in spreads.items()
    )
    return f"""{{
  "title": "{name}: {tokens} tokens of size {size}, {heads} heads",
  "tokens": {json.dumps(words)},
  "embeddings": {embeddings},
  "attention": {{
    "heads": {heads},
    "score": "scaled-dot-product",
    "weights": {{
{weights}
    }}
  }}
}}
"""


def maps_trace(layers, heads, tokens):
    """Weights as a softmax of normally distributed scores gives them."""
    random = np.random.default_rng([SEED, layers, heads, tokens])
    words = [word(random) for _ in range(tokens)]
    steps = []
    for layer in range(layers):
        for head in range(heads):
            weights = np.exp(SHARPNESS / 2 * random.standard_normal((tokens, tokens)))
            weights /= weights.sum(axis=1, keepdims=True)
            steps.append({"id": f"layer{layer}/head{head}/weights", "symbol": "A", "op": "softmax",
                          "equation": "A = softmax(S)", "inputs": [], "axes": ["token", "token"],
                          "shape": [tokens, tokens], "data": weights.tolist()})
    return json.dumps({"format": "attn-viz trace", "version": 1, "generator": "make_inputs.py",
                       "title": f"{layers} layers, {heads} heads, {tokens} tokens", "dtype": "float64",
                       "settings": {}, "axes": {"token": {"labels": words}}, "steps": steps})


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_inputs.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, sizes in SIZES.items():
        (folder / f"{name}.json").write_text(document(name, *sizes), encoding="utf-8")
    (folder / "maps.json").write_text(maps_trace(*MAPS), encoding="utf-8")


if __name__ == "__main__":
    main()
