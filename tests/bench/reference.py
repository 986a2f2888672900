#!/usr/bin/env python3
"""reference.py INPUT -o DIR [--no-trace] [--no-heatmaps]: what `attn-viz run` does, in Python.

The same document in; the same trace, a heatmap for each head and an overview out.
Written as one would for daily use: NumPy for the matrices, one Figure for all heads,
matplotlib without pyplot (quicker to start), the trace written step by step with the
encoder of `json` that is in C.

It knows dot-product, scaled-dot-product and cosine scores, identity or given weights,
scale, softmax with temperature, all masks and cross-attention, and refuses the rest.
Needs python3-numpy and python3-matplotlib.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

KNOWN = {
    "": {"title", "tokens", "patches", "embeddings", "context", "attention", "mechanism"},
    "/attention": {"heads", "head_size", "value_size", "score", "scale", "mask", "normalize",
                   "position", "weights"},
    "/attention/mask": {"causal", "window", "padding", "allow"},
    "/attention/weights": {"W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O"},
    "/attention/normalize": {"type", "temperature"},
    "/attention/score": {"type"},
    "/attention/position": {"type"},
    "/context": {"tokens", "patches", "embeddings", "values"},
}
SCORES = {
    "dot-product": "dot-product",
    "dot": "dot-product",
    "scaled-dot-product": "scaled-dot-product",
    "scaled-dot": "scaled-dot-product",
    "cosine": "cosine",
}


def refuse(place, reason):
    sys.exit(f"reference.py: {place}: {reason}")


# ---- the document ----


def check_keys(value, place):
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in ("$schema", "comment"):
            continue
        if key not in KNOWN[place]:
            refuse(f"{place}/{key}", "reference.py does not know it")
        if f"{place}/{key}" in KNOWN:
            check_keys(inner, f"{place}/{key}")


def name_of(setting):
    return setting["type"] if isinstance(setting, dict) else setting


def read_axis(sequence, count):
    if "patches" in sequence:
        patches = sequence["patches"]
        rows, columns = patches["rows"], patches["columns"]
        labels = [f"{i},{j}" for i in range(rows) for j in range(columns)]
        axis = {"labels": labels, "grid": [rows, columns]}
        if "image" in patches:
            axis["image"] = patches["image"]
    else:
        axis = {"labels": sequence.get("tokens", [str(i) for i in range(count)])}
    if len(axis["labels"]) != count:
        refuse("/tokens", f"expected {count} labels, got {len(axis['labels'])}")
    return axis


class Problem:
    """The document with everything as arrays."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        check_keys(document, "")
        attention = document.get("attention", {})
        self.title = document.get("title", path.stem)
        self.heads = attention.get("heads", 1)
        self.score = self.known_name(attention, "score", "scaled-dot-product", SCORES)
        self.known_name(attention, "normalize", "softmax", {"softmax": "softmax"})
        self.known_name(attention, "position", "none", {"none": "none"})
        normalize = attention.get("normalize", {})
        self.temperature = normalize.get("temperature", 1) if isinstance(normalize, dict) else 1
        self.mask = attention.get("mask", {})
        self.read_sequences(document)
        self.read_weights(attention)
        usual_scale = 1 / math.sqrt(self.w_q[0].shape[1]) if self.score.startswith("scaled") else 1
        self.scale = attention.get("scale", usual_scale)

    @staticmethod
    def known_name(attention, key, default, names):
        name = name_of(attention.get(key, default))
        if name not in names:
            refuse(f"/attention/{key}", f"reference.py does not know {json.dumps(name)}")
        return names[name]

    def read_sequences(self, document):
        self.x = np.array(document["embeddings"], dtype=np.float64)  # [n, d]
        self.axes = {"token": read_axis(document, len(self.x))}
        self.y, self.z, self.keys = self.x, self.x, "token"
        self.has_values = False
        if "context" in document:
            context = document["context"]
            self.has_values = "values" in context
            self.y = np.array(context["embeddings"], dtype=np.float64)  # [m, d']
            self.z = np.array(context["values"], dtype=np.float64) if self.has_values else self.y
            self.axes["context"] = read_axis(context, len(self.y))
            self.keys = "context"

    def read_weights(self, attention):
        weights = attention.get("weights", "identity")
        if weights == "identity":
            weights = {}
        elif not isinstance(weights, dict):
            refuse("/attention/weights", 'expected "identity" or matrices')

        def blocks(key, source, size):
            """A matrix for each head."""
            matrix = np.array(weights[key], dtype=np.float64) if key in weights else np.eye(source)
            if matrix.ndim == 2:
                if matrix.shape[1] % self.heads:
                    refuse(f"/attention/weights/{key}", f"{self.heads} heads do not divide it")
                matrix = np.stack(np.split(matrix, self.heads, axis=1))
            if matrix.shape[1] != source or (size and matrix.shape[2] != size):
                refuse(f"/attention/weights/{key}", f"unexpected shape {matrix.shape}")
            return matrix

        def bias(key):
            if key not in weights:
                return [None] * self.heads
            return np.array(weights[key], dtype=np.float64).reshape(self.heads, -1)

        key_size, value_size = attention.get("head_size"), attention.get("value_size")
        self.w_q = blocks("W_Q", self.x.shape[1], key_size)  # [h, d, d_k]
        self.w_k = blocks("W_K", self.y.shape[1], key_size)
        self.w_v = blocks("W_V", self.z.shape[1], value_size)
        self.b_q, self.b_k, self.b_v = bias("b_Q"), bias("b_K"), bias("b_V")
        concat = self.heads * self.w_v.shape[2]
        w_o = np.array(weights["W_O"], dtype=np.float64) if "W_O" in weights else np.eye(concat)
        self.w_o = w_o.reshape(concat, -1)
        self.b_o = np.array(weights["b_O"], dtype=np.float64) if "b_O" in weights else None

    def settings(self):
        return {
            "mechanism": "attention",
            "attention": {
                "heads": self.heads,
                "head_size": self.w_k.shape[2],
                "value_size": self.w_v.shape[2],
                "score": self.score,
                "scale": self.scale,
                "normalize": {"type": "softmax", "temperature": self.temperature},
            },
        }


# ---- the mathematics, and its trace ----


class Trace:
    """Writes each step as soon as it is known; without a file it writes nothing."""

    def __init__(self, path, problem):
        self.file = open(path, "w", encoding="utf-8") if path else None
        self.first = True
        if self.file:
            head = {
                "format": "attn-viz trace",
                "version": 1,
                "generator": "attn-viz 0.0.0 (reference.py)",
                "title": problem.title,
                "dtype": "float64",
                "settings": problem.settings(),
                "axes": problem.axes,
            }
            self.file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "steps": [\n')

    def step(self, name, symbol, op, inputs, axes, values, nulls=False, **more):
        if self.file:
            step = {"id": name, "symbol": symbol, "op": op, "inputs": inputs, **more, "axes": axes,
                    "shape": values.shape}
            if nulls:  # -inf, a masked score
                values = np.where(np.isneginf(values), None, values)
            step["data"] = values.tolist()
            self.file.write(("" if self.first else ",\n") + json.dumps(step, ensure_ascii=False))
            self.first = False
        return name

    def parameters(self, layer, values):
        """Those that there are, by name."""
        for name, value in values.items():
            if value is not None:
                self.step(f"{layer}/{name}", name, "parameter", [], [None] * value.ndim, value)

    def linear(self, name, symbol, source, axis, x, w, b):
        """Q = X W_Q + b_Q; source is the symbol and the step of X."""
        layer = name.rsplit("/", 1)[0]
        inputs = [source[1], f"{layer}/W_{symbol}"]
        equation = f"{symbol} = {source[0]} W_{symbol}"
        y = x @ w
        if b is not None:
            inputs.append(f"{layer}/b_{symbol}")
            equation += f" + b_{symbol}"
            y += b
        self.step(name, symbol, "linear", inputs, [axis, None], y, equation=equation)
        return y

    def close(self):
        if self.file:
            self.file.write("\n]}\n")
            self.file.close()


def visible_pairs(problem, trace, x_name, y_name):
    """[n, m] of 0 and 1, or None if nothing is hidden."""
    mask = {key: value for key, value in problem.mask.items() if key not in ("$schema", "comment")}
    if mask.get("causal") is False:
        del mask["causal"]
    if not mask:
        return None
    n, m = len(problem.x), len(problem.y)
    i, j = np.arange(n)[:, None], np.arange(m)[None, :]
    visible = np.ones((n, m), dtype=bool)
    inputs = [x_name, y_name]
    if "causal" in mask:
        visible &= j <= i
    if "window" in mask:
        left, right = mask["window"]
        visible &= (i - left <= j) & (j <= i + right)
    if "padding" in mask:
        visible &= np.array(mask["padding"])[None, :]
    if "allow" in mask:
        allow = np.array(mask.pop("allow"))
        visible &= allow == 1
        inputs.append(trace.step("layer0/allow", "allow", "parameter", [], [None, None], allow))
    attributes = {"attributes": mask} if mask else {}
    trace.step("layer0/mask", "M", "mask", inputs, ["token", problem.keys], visible.astype(int),
               **attributes)
    return visible


def similarity(problem, q, k):
    s = q @ k.T
    found = {}
    if problem.score == "cosine":
        lengths = np.linalg.norm(q, axis=1), np.linalg.norm(k, axis=1)
        product = np.outer(*lengths)
        s = np.divide(s, product, out=np.zeros_like(s), where=product != 0)
        for finding, length in zip(("zero_queries", "zero_keys"), lengths):
            if not length.all():
                found[finding] = np.flatnonzero(length == 0).tolist()
    return s, found


def softmax(s, temperature):
    """Rows of -inf alone become rows of 0."""
    largest = s.max(axis=1, keepdims=True)
    largest[np.isneginf(largest)] = 0
    a = np.exp((s - largest) / temperature)
    sums = a.sum(axis=1, keepdims=True)
    return np.divide(a, sums, out=a, where=sums != 0)


def attend(problem, trace, head, sources, visible):
    """Weights [n, m] and output [n, d_v] of one head."""
    at = f"layer0/head{head}/"
    pairs = ["token", problem.keys]
    w_q, w_k, w_v = problem.w_q[head], problem.w_k[head], problem.w_v[head]
    b_q, b_k, b_v = problem.b_q[head], problem.b_k[head], problem.b_v[head]
    trace.parameters(f"layer0/head{head}", {"W_Q": w_q, "W_K": w_k, "W_V": w_v,
                                            "b_Q": b_q, "b_K": b_k, "b_V": b_v})
    x, y, z = sources
    q = trace.linear(at + "query", "Q", x, "token", problem.x, w_q, b_q)
    k = trace.linear(at + "key", "K", y, problem.keys, problem.y, w_k, b_k)
    v = trace.linear(at + "value", "V", z, problem.keys, problem.z, w_v, b_v)

    s, found = similarity(problem, q, k)
    op, equation = ("cosine", "S = cos(Q, K)") if problem.score == "cosine" else ("dot-product",
                                                                                 "S = Q Kᵀ")
    last = trace.step(at + "scores", "S", op, [at + "query", at + "key"], pairs, s,
                      equation=equation, **found)
    symbol = "S"
    if problem.scale != 1:
        s = s * problem.scale
        last = trace.step(at + "scaled_scores", "S_scaled", "scale", [last], pairs, s,
                          equation="S_scaled = scale · S", attributes={"scale": problem.scale})
        symbol = "S_scaled"
    found = {}
    if visible is not None:
        s = np.where(visible, s, -np.inf)
        last = trace.step(at + "masked_scores", "S_masked", "mask-scores", [last, "layer0/mask"],
                          pairs, s, nulls=True, equation=f"S_masked = {symbol} where M, else −∞")
        symbol = "S_masked"
        if not visible.any(axis=1).all():
            found["empty_rows"] = np.flatnonzero(~visible.any(axis=1)).tolist()
    if problem.temperature != 1:
        found["attributes"] = {"temperature": problem.temperature}
        symbol += " / temperature"
    a = softmax(s, problem.temperature)
    trace.step(at + "weights", "A", "softmax", [last], pairs, a, equation=f"A = softmax({symbol})",
               **found)
    o = a @ v
    trace.step(at + "output", f"O_{head}", "matmul", [at + "weights", at + "value"],
               ["token", None], o, equation=f"O_{head} = A V")
    return a, o


def compute(problem, trace):
    """The weights of each head, [h][n, m]."""
    def given(name, symbol, axis, values):
        return symbol, trace.step(f"input/{name}", symbol, "input", [], [axis, None], values)

    x = y = z = given("embeddings", "X", "token", problem.x)
    if problem.keys == "context":
        y = z = given("context", "Y", "context", problem.y)
    if problem.has_values:
        z = given("values", "Z", "context", problem.z)
    visible = visible_pairs(problem, trace, x[1], y[1])
    weights, outputs = zip(*(attend(problem, trace, head, (x, y, z), visible)
                             for head in range(problem.heads)))
    concat = np.concatenate(outputs, axis=1)
    parts = ", ".join(f"O_{head}" for head in range(problem.heads))
    trace.step("layer0/concat", "C", "concat",
               [f"layer0/head{head}/output" for head in range(problem.heads)], ["token", None],
               concat, equation=f"C = [{parts}]")
    trace.parameters("layer0", {"W_O": problem.w_o, "b_O": problem.b_o})
    trace.linear("layer0/attention_output", "O", ("C", "layer0/concat"), "token", concat,
                 problem.w_o, problem.b_o)
    return weights


# ---- pictures ----

MOST_TICKS = 40  # labels that are still legible along an axis
WIDTH, HEIGHT = 9, 8  # of a head's figure in inches
MATRIX = 6.1  # of that, about what the matrix itself takes


def label_axes(axes, rows, columns, most):
    """Every label where they fit, else every k-th."""
    for axis, labels in ((axes.yaxis, rows), (axes.xaxis, columns)):
        ticks = range(0, len(labels), math.ceil(len(labels) / most))
        axis.set_ticks(ticks, labels=[labels[tick] for tick in ticks])
    turned = len(columns) > 8
    axes.tick_params(labelsize=8)
    axes.tick_params(axis="x", rotation=90 if turned else 0)


def new_figure(width, height, dpi, **options):
    figure = Figure(figsize=(width, height), dpi=dpi, **options)
    FigureCanvasAgg(figure)
    return figure


def draw_heads(problem, weights, folder):
    """One figure, drawn again for each head with other data and another title."""
    rows, columns = problem.axes["token"]["labels"], problem.axes[problem.keys]["labels"]
    # At least a pixel for each cell.
    dpi = max(100, math.ceil(max(len(rows), len(columns)) / MATRIX))
    figure = new_figure(WIDTH, HEIGHT, dpi)
    axes = figure.add_subplot()
    image = axes.imshow(weights[0], vmin=0, vmax=1, cmap="viridis")
    axes.set_xlabel(f"keys ({problem.keys})")
    axes.set_ylabel("queries (token)")
    title = axes.set_title(f"{problem.title}\nlayer 0, head 0: weights")
    label_axes(axes, rows, columns, MOST_TICKS)
    figure.colorbar(image, ax=axes, label="weight, 0 to 1")
    figure.tight_layout()
    for head, matrix in enumerate(weights):
        image.set_data(matrix)
        title.set_text(f"{problem.title}\nlayer 0, head {head}: weights")
        figure.savefig(folder / f"layer0-head{head}-weights.png")


def draw_maps(trace, folder):
    """What `attn-viz heatmap TRACE --overview off` draws: a picture for each step of weights."""
    steps = [step for step in trace["steps"] if step["id"].endswith("weights")]
    labels = trace["axes"]["token"]["labels"]
    figure = new_figure(WIDTH, HEIGHT, 100)
    axes = figure.add_subplot()
    image = axes.imshow(np.array(steps[0]["data"]), vmin=0, vmax=1, cmap="viridis")
    axes.set_xlabel("keys")
    axes.set_ylabel("queries")
    title = axes.set_title(f"{trace['title']}\n{steps[0]['id']}")
    label_axes(axes, labels, labels, MOST_TICKS)
    figure.colorbar(image, ax=axes, label="weight, 0 to 1")
    figure.tight_layout()
    for step in steps:
        image.set_data(np.array(step["data"]))
        title.set_text(f"{trace['title']}\n{step['id']}")
        figure.savefig(folder / (step["id"].replace("/", "-") + ".png"))


def draw_overview(problem, weights, path):
    """All heads with one scale; labels only where there are few."""
    rows, columns = problem.axes["token"]["labels"], problem.axes[problem.keys]["labels"]
    across = math.ceil(math.sqrt(len(weights)))
    down = math.ceil(len(weights) / across)
    figure = new_figure(3.2 * across + 1.2, 3.2 * down + 0.8, 100, layout="constrained")
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for head, axes in enumerate(grid.flat):
        if head >= len(weights):
            axes.set_axis_off()
            continue
        image = axes.imshow(weights[head], vmin=0, vmax=1, cmap="viridis")
        axes.set_title(f"head {head}", fontsize=9)
        axes.tick_params(labelsize=8)
    label_axes(grid[0, 0], rows, columns, 12)  # shared by all
    for axes in grid[-1]:
        axes.tick_params(axis="x", rotation=90 if len(columns) > 8 else 0)
    figure.supxlabel(f"keys ({problem.keys})")
    figure.supylabel("queries (token)")
    figure.suptitle(problem.title)
    figure.colorbar(image, ax=grid, label="weight, 0 to 1")
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description="What `attn-viz run` does, in Python.")
    parser.add_argument("input", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--no-trace", action="store_true")
    parser.add_argument("--no-heatmaps", action="store_true")
    parser.add_argument("--maps", action="store_true", help="the weights of a trace, nothing else")
    arguments = parser.parse_args()

    if arguments.maps:
        arguments.output.mkdir(parents=True, exist_ok=True)
        draw_maps(json.loads(arguments.input.read_text(encoding="utf-8")), arguments.output)
        return
    problem = Problem(arguments.input)
    folder = arguments.output / arguments.input.stem
    (folder / "heatmaps").mkdir(parents=True, exist_ok=True)
    trace = Trace(None if arguments.no_trace else folder / "trace.json", problem)
    weights = compute(problem, trace)
    trace.close()
    if not arguments.no_heatmaps:
        draw_heads(problem, weights, folder / "heatmaps")
        draw_overview(problem, weights, folder / "heatmap.png")


if __name__ == "__main__":
    main()
