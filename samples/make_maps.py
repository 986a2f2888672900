"""Writes the samples of mechanisms on feature maps: strip-pooling.json, pyramid-pooling.json, ….

Maps are the colours or the grey levels of cat.png, or what small filters make of
them.  Needs python3-numpy and python3-pil.  The picture is part of "Chelsea" by
Stefan van der Walt (CC0), as it comes with scikit-image; see README.md.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
SOURCE = 'Picture: part of "Chelsea" by Stefan van der Walt, CC0. Made by make_maps.py.'

pixels = np.asarray(Image.open(HERE / "cat.png").convert("RGB")) / 255  # [200, 400, 3]


def small(rows, columns):
    """The mean colours of rows × columns equal rectangles, [3, rows, columns]."""
    height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
    cells = pixels.reshape(rows, height, columns, width, 3).mean(axis=(1, 3))
    return np.moveaxis(cells, 2, 0)


def grey(rows, columns):
    """Grey levels, [1, rows, columns]."""
    return small(rows, columns).mean(axis=0, keepdims=True)


def correlate(maps, kernels):
    """[c, h, w] and [o, c, 3, 3] → [o, h, w]; the edge is repeated."""
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.einsum("chwkl,ockl->ohw", windows, kernels)


def halved(maps):
    """The largest of every 2 × 2 values."""
    c, h, w = maps.shape
    return maps.reshape(c, h // 2, 2, w // 2, 2).max(axis=(2, 4))


def text_of(value, indent="  "):
    """JSON with a line for each row of numbers."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) < 90 or not isinstance(value, (dict, list)):
        return flat
    if isinstance(value, list) and not isinstance(value[0], (dict, list)):
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key)}: {text_of(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + text_of(item, inner) for item in value) + f"\n{indent}]"


def write(name, document):
    (HERE / f"{name}.json").write_text(text_of(document, "") + "\n", encoding="utf-8")


def numbers(maps, decimals=2):
    return (np.round(maps, decimals) + 0.0).tolist()  # + 0.0: no "-0.0"


COLOURS = ["red", "green", "blue"]
BLUR = [0.25, 0.5, 0.25]

write("strip-pooling", {
    "title": "Strip pooling: the gate of blue opens only where whole columns are blue, at the right",
    "comment": "Each channel is averaged along whole rows and whole columns (y_h, y_v), smoothed, "
               "added, and becomes a gate between 0 and 1 for every pixel: stripes, for it knows "
               "rows and columns only. It is a gate, not a distribution: its values do not sum to "
               "1. The dark frame comes from the zeros around the strips. " + SOURCE,
    "mechanism": "strip-pooling",
    "image": "cat.png",
    "channels": COLOURS,
    "maps": numbers(small(20, 40)),
    "strip_pooling": {
        "row_convolution": {"kernel": BLUR},
        "column_convolution": {"kernel": BLUR},
        "gate": {"convolution": {"kernel": np.diag([16, 16, 16]).tolist(),
                                 "bias": [-16, -14, -13]}},
    },
})

write("adaptive-pooling", {
    "title": "Adaptive pooling: 20 × 40 pixels in 3 × 7 bins, which overlap",
    "comment": "Bin i of h holds rows floor(i H / h) to ceil((i + 1) H / h) - 1; 20 rows in 3 bins "
               "overlap in one row each. " + SOURCE,
    "mechanism": "adaptive-pooling",
    "image": "cat.png",
    "maps": numbers(grey(20, 40)),
    "adaptive_pooling": {"kind": "average", "rows": 3, "columns": 7},
})

write("spatial-pyramid-pooling", {
    "title": "Spatial pyramid pooling: 21 numbers for each channel, whatever the size of the image",
    "comment": "The largest value in 1, 2 × 2 and 4 × 4 bins. The first three numbers of the output "
               "are the largest red, green and blue of the picture. " + SOURCE,
    "mechanism": "spatial-pyramid-pooling",
    "image": "cat.png",
    "channels": COLOURS,
    "maps": numbers(small(20, 40)),
    "spatial_pyramid_pooling": {"grids": [1, 2, 4]},
})

write("pyramid-pooling", {
    "title": "Pyramid pooling: the picture beside its means in 1, 2 × 2, 3 × 3 and 6 × 6 bins",
    "comment": "The output holds the maps and the resized means as channels. In u_0 nothing is left "
               "but the mean brightness, in u_3 the left eye and the nose are blots again. " + SOURCE,
    "mechanism": "pyramid-pooling",
    "image": "cat.png",
    "maps": numbers(grey(20, 40)),
    "pyramid_pooling": {"bins": [1, 2, 3, 6]},
})

EDGE = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
write("atrous-pyramid-pooling", {
    "title": "Dilated convolution: one kernel for edges, reaching 1, 3 and 6 pixels far",
    "comment": "All branches have the same 3 × 3 kernel (right minus left). With dilation 1 it sees "
               "the edges of eyes and nose, with dilation 6 only broad changes. Along the border the "
               "zeros around the picture show as false edges, as wide as the dilation. " + SOURCE,
    "mechanism": "atrous-pyramid-pooling",
    "image": "cat.png",
    "maps": numbers(grey(25, 50)),
    "atrous_pyramid_pooling": {
        "branches": [{"kernel": EDGE, "dilation": rate} for rate in (1, 3, 6)],
        "image_pooling": {},
        "relu": False,
    },
})

write("convolution-2d", {
    "title": "Two convolutions: edges, then where there are many, read with dilation 3",
    "comment": "Layer 0 is a kernel for edges (right minus left), layer 1 a quarter of the sum of 9 that "
               "lie 3 apart, which leaves a grid in the result. A layer of kernel k and dilation r adds "
               "(k - 1) r to the side of the square that is read: 3 after layer 0, 3 + 6 = 9 after layer 1, though both "
               "kernels have 9 numbers. " + SOURCE,
    "mechanism": "convolution-2d",
    "image": "cat.png",
    "maps": numbers(grey(25, 50)),
    "convolution_2d": {"layers": [
        {"kernel": EDGE, "padding": "replicate", "relu": True},
        {"kernel": np.full((3, 3), 0.25).tolist(), "dilation": 3, "padding": "replicate"},
    ]},
})

MEAN = np.full((3, 3), 1 / 9).round(4).tolist()
write("mixed-pooling", {
    "title": "Mixed pooling: near means (squares) and far means (strips), added to the picture",
    "comment": "The branches give 3 channels each; the last convolution adds half of what the near "
               "means and takes away half of what the strips say, so a stripe that runs through the "
               "whole picture fades. " + SOURCE,
    "mechanism": "mixed-pooling",
    "image": "cat.png",
    "channels": COLOURS,
    "maps": numbers(small(20, 40)),
    "mixed_pooling": {
        "short_range": {"local": {"kernel": MEAN}, "grids": [10, 5]},
        "long_range": {"row_convolution": {"kernel": BLUR}, "column_convolution": {"kernel": BLUR}},
        "output": {"kernel": np.hstack([np.eye(3) / 2, -np.eye(3) / 2]).tolist()},
    },
})

centred = small(10, 20) - small(10, 20).mean(axis=(1, 2), keepdims=True)
write("strip-attention", {
    "title": "Strip attention: each pixel looks at the mean colours of 20 columns and 10 rows",
    "comment": "The ten pixels with most red over blue look at columns 7 to 9 (0.35 together), the "
               "ten with least at columns 16 and 19 (0.79). A row of the weights has 20 numbers (or 10), not 200. In the notes' words the pixels are "
               "the key and the strips the value; in the usual words pixels ask (query), and strips "
               "are key and value. " + SOURCE,
    "mechanism": "strip-attention",
    "channels": COLOURS,
    "image": "cat.png",
    "maps": numbers(centred, 3),
    "strip_attention": {"strips": "both", "scale": 150, "residual": True},
})

WARMTH = [1, 0, -1]
write("attanet-strip-attention", {
    "title": "AttaNet's strip attention: three convolutions, columns only, and a residual",
    "comment": "Of three colours, 1 × 1 convolutions make what is compared (the warmth, red less blue, "
               "and its negative, each through a ReLU) and what is read (each colour). The pixel is "
               "what the paper calls key, the mean of a column what it calls query. A pixel looks at "
               "columns as warm, or as cold, as it is itself: the ten warmest at columns 7 to 12 (0.79 "
               "together), the ten coldest at 16 to 19 (0.96). Weights set by hand. " + SOURCE,
    "mechanism": "strip-attention",
    "channels": COLOURS,
    "image": "cat.png",
    "maps": numbers(centred, 3),
    "strip_attention": {
        "strips": "columns",
        "scale": 300,
        "residual": True,
        "pixels": {"kernel": [WARMTH, [-w for w in WARMTH]]},
        "strip_keys": {"kernel": [WARMTH, [-w for w in WARMTH]]},
        "strip_values": {"kernel": np.eye(3, dtype=int).tolist()},
    },
})

write("criss-cross-attention", {
    "title": "Criss-cross attention: each pixel looks along its row and its column, twice",
    "comment": "After one round a pixel knows its row and its column, after two the whole picture. "
               "The map of one pixel's weights is a cross; the rest is hatched. " + SOURCE,
    "mechanism": "criss-cross-attention",
    "channels": COLOURS,
    "image": "cat.png",
    "maps": numbers(centred, 3),
    "criss_cross_attention": {"recurrences": 2, "scale": 150, "gamma": 0.5},
})

# ---- self attention distillation: three blocks of a network that was not trained ----
SOBEL = np.array(EDGE) / 4
first = np.stack([SOBEL, SOBEL.T, -SOBEL, -SOBEL.T])[:, None]  # [4, 1, 3, 3]
spot = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 8
blur = np.outer([1, 2, 1], [1, 2, 1]) / 16
second = np.stack([np.stack([blur if c == o else -spot / 4 for c in range(4)]) for o in range(4)])


def brought_to(energy, maps):
    """Maps whose largest sum of squares at a pixel is this."""
    return maps * np.sqrt(energy / (maps**2).sum(axis=0).max())


block1 = brought_to(4, np.maximum(correlate(grey(20, 40), first), 0))
block2 = brought_to(4, halved(np.maximum(correlate(block1, second), 0)))
block3 = brought_to(4, halved(np.maximum(correlate(block2, second), 0)))
write("self-attention-distillation", {
    "title": "Attention maps of three blocks: each learns from the next, whose map is coarser",
    "comment": "A map is the energy of all channels at a pixel; this attention has no queries and "
               "keys. Block 0 is active along edges, block 2 around the left eye and the nose. The loss of a pair "
               "is the mean squared difference of the two maps in one picture. The filters are set "
               "by hand (edges, then blurred edges), not learned. " + SOURCE,
    "mechanism": "self-attention-distillation",
    "image": "cat.png",
    "blocks": [{"label": f"block {i}", "maps": numbers(maps)}
               for i, maps in enumerate([block1, block2, block3])],
})

# ---- attention fusion: the first two of these blocks become one ----
EDGES = ["right lighter", "below lighter", "below darker", "right darker"]
fine, deep = block1[[0, 1, 3, 2]], block2[[0, 1, 3, 2]]
difference = np.concatenate([-np.eye(4), np.eye(4)], axis=1)[:, :, None, None]  # deeper - finer
write("attention-fusion", {
    "title": "Attention fusion: where a deeper map is more active, more of it is taken",
    "comment": "The maps are edges of four directions (block 0 of self-attention-distillation.json), "
               "the deeper ones the coarser maps of block 1. By how much the deeper ones are more "
               "active, on the average, becomes a share of each channel: 0.87 for edges whose lower side "
               "is lighter, 0.14 for those whose lower side is darker. That map stays fine, the other one becomes coarse. "
               "Weights set by hand. " + SOURCE,
    "mechanism": "attention-fusion",
    "image": "cat.png",
    "channels": EDGES,
    "maps": numbers(fine),
    "attention_fusion": {
        "deeper": numbers(deep),
        "convolution": {"kernel": difference.astype(int).tolist()},
        "attention": {"kernel": np.diag([200] * 4).tolist(), "bias": [-45.5] * 4},
    },
})

# ---- lanes: a road drawn by hand, and what a network might say of it ----
ROAD = ["0000120000", "0001002000", "0010002000", "0010000200", "0100000200", "1000000020"]
labels = np.array([[int(c) for c in row] for row in ROAD])
said = np.roll(labels, 1, axis=1)
said[:, 0] = 0
said[3:] = labels[3:]
logits = np.stack([np.where(said == k, 3.0, 0.0) for k in range(3)])
write("lane-losses", {
    "title": "Lane losses: near lanes are found, far ones are off by one pixel",
    "comment": "6 × 10 pixels, two lanes. The three upper rows are shifted by one pixel: of 12 true "
               "lane pixels 7 are found, and 5 others are called lanes, so the overlap is 7 / 17 and "
               "L_IoU = 0.588. The blocks are two maps of the same road. Road drawn by hand. Made "
               "by make_maps.py.",
    "mechanism": "self-attention-distillation",
    "blocks": [{"label": "E1", "maps": numbers(np.stack([labels == 1, labels == 2]) * 2.0)},
               {"label": "E2", "maps": numbers(halved(np.stack([labels == 1, labels == 2]) * 2.0))}],
    "lane": {"logits": numbers(logits), "labels": labels.tolist(),
             "existence": {"logits": [3, 2], "labels": [1, 1]}},
})
