"""Writes the samples that begin with `attn-viz patchify`: pixels.json, sagan.json, vit.json and
detr.json.

    samples/make_patches.py [ATTN_VIZ]

ATTN_VIZ is the program (default: build/default/attn-viz).  Needs nothing else but Python.  The
picture is part of "Chelsea" by Stefan van der Walt (CC0), as it comes with scikit-image; see
README.md.
"""

import json
import math
import subprocess
import sys

from document import HERE, text

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else str(HERE.parent / "build/default/attn-viz")
SOURCE = 'Picture: part of "Chelsea" by Stefan van der Walt, CC0. Made by make_patches.py.'


def patchify(*options):
    """The document of the cat that the program makes, with three decimals."""
    made = subprocess.run([PROGRAM, "patchify", "cat.png", "--digits", "3", *options], cwd=HERE,
                          check=True, capture_output=True, text=True)
    return json.loads(made.stdout)


def write(name, document, title, comment, **settings):
    document = {"title": title, "comment": comment + " " + SOURCE,
                **{key: value for key, value in document.items() if key not in ("title", "comment")},
                **settings}
    (HERE / f"{name}.json").write_text(text(document) + "\n", encoding="utf-8")


def rounded(rows, digits=3):
    return [[round(value, digits) + 0.0 for value in row] for row in rows]  # + 0.0: no "-0.0"


def means(rows):
    return [sum(column) / len(rows) for column in zip(*rows)]


def transposed(rows):
    return [list(column) for column in zip(*rows)]


# ---- pixels as vectors ----
pixels = patchify("--patch", "1", "--resize", "10x5")
average = [round(value, 3) for value in means(pixels["embeddings"])]
write(
    "pixels", pixels,
    "Pixels as vectors: a picture of 5 × 10 pixels is 50 vectors of 3 numbers",
    "Every pixel is a token, and its red, green and blue (0 to 1) are its vector; so self-attention has 50 × 50 = "
    "2500 weights. Pixel 13 is (1, 3), pixel 27 is (2, 7). The biases take the mean "
    "colour away from queries and keys, so that the cosine tells alike colours from others.",
    attention={"score": "cosine", "scale": 8,
               "weights": {"b_Q": [-value for value in average], "b_K": [-value for value in average]}})

# ---- SAGAN ----
# What f, g and h see of a patch of 4 × 4 pixels: its mean red, green and blue, and the light that
# it has more at the right, at the bottom, and in the middle. C = 48 channels become 48 / 8 = 6.
def seen(row, column, channel):
    mean = [1 / 16 if channel == c else 0 for c in range(3)]
    right, bottom = (1 if column > 1 else -1) / 48, (1 if row > 1 else -1) / 48
    middle = (1 if row in (1, 2) and column in (1, 2) else -1 / 3) / 24
    return mean + [right, bottom, middle]


CONVOLUTION = [seen(row, column, channel)
               for row in range(4) for column in range(4) for channel in range(3)]
patches = patchify("--patch", "4", "--resize", "40x20")
typical = [sum(value * weight for value, weight in zip(means(patches["embeddings"]), column))
           for column in transposed(CONVOLUTION)]
# v: back to 48 channels; a mean goes to its 16 pixels, a contrast to where it came from.
BACK = [[value * factor for value in column]
        for column, factor in zip(transposed(CONVOLUTION), [16, 16, 16, 48, 48, 24])]
write(
    "sagan", patches,
    "SAGAN: queries, keys and values have 6 of 48 channels; half of the result is added",
    "The row of a patch of 4 × 4 pixels stands for a pixel of a feature map with 48 channels. f "
    "(keys), g (queries) and h (values) have 48 / 8 = 6 channels, the matrix v leads back to 48, "
    "and y = x + γ v(…), γ = 0.5; a training begins with γ = 0. The scores are not scaled; f and g are 4 times h and without the mean. The filters "
    "are set by hand: mean colours and three contrasts. After Zhang et al. 2018, section 3.",
    layers=[{
        "attention": {
            "score": "dot-product", "head_size": 6,
            "weights": {"W_Q": rounded([[4 * value for value in row] for row in CONVOLUTION]),
                        "W_K": rounded([[4 * value for value in row] for row in CONVOLUTION]),
                        "W_V": rounded(CONVOLUTION), "W_O": rounded(BACK),
                        "b_Q": [round(-4 * value, 3) for value in typical],
                        "b_K": [round(-4 * value, 3) for value in typical]}},
        "residual": 0.5}])

# ---- ViT ----
table = [[0.0] * 12] + [
    [round(0.1 * math.sin(row / 2 + c) + 0.1 * math.sin(column / 3 + 2 * c), 3) for c in range(12)]
    for row in range(5) for column in range(10)]
vit = patchify("--patch", "2", "--resize", "20x10", "--class-token")
vit["patches"]["class_token"] = [0.3, 0.0, -0.3] * 4  # orange
block = {"attention": {"heads": 2, "scale": 0.8}, "residual": True, "layer_norm": "pre",
         "feed_forward": {"random": 7, "hidden": 24, "activation": "gelu"}}
write(
    "vit", vit,
    "A small ViT: 5 × 10 patches, a class token, learned positions, two blocks with the norm before",
    "Patches of 2 × 2 pixels with 3 colours are rows of 12 numbers. Before them stands [CLS], here "
    "the colour orange; to all 51 rows a table of positions is added; each block is norm, "
    "attention, residual, norm, feed-forward network, residual. The head reads the row of [CLS] "
    "alone. The table is drawn by hand, the feed-forward networks are random: nothing was trained. After Dosovitskiy et al. "
    "2021, equations 1 to 4, without the matrix E (see patchify --embed).",
    layers=[{**block, "attention": {**block["attention"],
                                    "position": {"type": "learned", "table": table}}}, block],
    output={"pool": "class", "labels": ["fur", "room"],
            "W": [[0.1, -0.1], [0, 0], [-0.1, 0.1]] * 4})

# ---- DETR ----
ROWS, COLUMNS = 10, 20
cat = patchify("--patch", "1", "--resize", f"{COLUMNS}x{ROWS}")
colours = cat.pop("embeddings")
# Two features in columns where the sines of the places are nearly 0: how green, how warm.
features = [[0, 0, 5 * (g - (r + b) / 2), 0, 0, 0, 2.5 * (r - b), 0] for r, g, b in colours]
middle = means(features)
features = rounded([[value - mean for value, mean in zip(row, middle)] for row in features])


def wish(row, column, green, warm, strength=6):
    """The learned vector of an object query: a place, and what should be there."""
    y, x = 2 * math.pi * (row + 1) / ROWS, 2 * math.pi * (column + 1) / COLUMNS
    return [strength * math.sin(y), strength * math.cos(y), green, 0,
            strength * math.sin(x), strength * math.cos(x), warm, 0]


QUERIES = {"left eye": wish(3, 7, 4, 0), "right eye": wish(4, 14, 4, 0),
           "nose": wish(8, 11, 0, 1.5), "room": wish(4, 18, 0, -3)}
learned = {"type": "learned", "add_to": "queries-and-keys", "table": rounded(QUERIES.values())}
places = {"type": "sinusoidal-2d", "normalize": True, "add_to": "queries-and-keys"}
write(
    "detr", {"tokens": list(QUERIES), "embeddings": [[0] * 8 for _ in QUERIES]},
    "Object queries of DETR: each looks at its place in the picture, and for its colours",
    "The encoder reads 10 × 20 pixels with two features, green and warm, in the columns 2 and 6. "
    "In every layer the 2-D sines of a pixel's place are added to queries and keys, not to values. "
    "The decoder begins with four rows of 0; what tells them apart are learned vectors, which "
    "are added likewise: here a place and what should be there. Each row of the cross-attention is a map of "
    "the picture. Features and vectors were set by hand, as if learned. After Carion et al. 2020, "
    "section 3.2 and appendix A.4.",
    context={"patches": cat["patches"], "embeddings": features,
             "layers": [{"attention": {"score": "dot-product", "scale": 3, "position": places},
                         "residual": True}] * 2},
    layers=[{"attention": {"position": learned}, "residual": True,
             "cross_attention": {"score": "dot-product", "position": learned,
                                 "key_position": {key: places[key] for key in ("type", "normalize")}}}] * 2)
