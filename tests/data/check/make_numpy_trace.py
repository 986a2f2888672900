"""Wrote numpy_trace.json (NumPy 1.24.2): a trace made without attn-viz, two heads and a causal mask."""
import json
import numpy as np

rng = np.random.default_rng(5)
n, d, h = 4, 6, 2
d_k = d // h
steps, values, axes_of = [], {}, {}


def add(id, symbol, op, data, axes, inputs=(), **attributes):
    values[id] = np.asarray(data)
    data = [[None if np.isneginf(x) else x for x in row] for row in values[id].tolist()]
    step = {"id": id, "symbol": symbol, "op": op, "inputs": list(inputs), "axes": axes,
            "shape": list(values[id].shape), "data": data}
    if attributes:
        step["attributes"] = attributes
    steps.append(step)
    return values[id]


X = add("input/embeddings", "X", "input", rng.normal(size=(n, d)), ["token", None])
M = add("layer0/mask", "M", "mask", np.tril(np.ones((n, n))), ["token", "token"],
        ["input/embeddings", "input/embeddings"], causal=True)
outputs = []
for i in range(h):
    at = f"layer0/head{i}/"
    W = [add(at + "W_" + c, "W_" + c, "parameter", rng.normal(size=(d, d_k)), [None, None]) for c in "QKV"]
    Q, K, V = [add(at + name, name[0].upper(), "linear", X @ w, ["token", None],
                   ["input/embeddings", at + "W_" + name[0].upper()])
               for name, w in zip(("query", "key", "value"), W)]
    S = add(at + "scores", "S", "dot-product", np.einsum("ia,ja->ij", Q, K), ["token", "token"],
            [at + "query", at + "key"])
    s = add(at + "scaled_scores", "S_scaled", "scale", S / np.sqrt(d_k), ["token", "token"],
            [at + "scores"], scale=float(1 / np.sqrt(d_k)))
    m = add(at + "masked_scores", "S_masked", "mask-scores", np.where(M == 1, s, -np.inf),
            ["token", "token"], [at + "scaled_scores", "layer0/mask"])
    e = np.exp(m - m.max(axis=1, keepdims=True))
    A = add(at + "weights", "A", "softmax", e / e.sum(axis=1, keepdims=True), ["token", "token"],
            [at + "masked_scores"])
    outputs.append(add(at + "output", f"O_{i}", "matmul", A @ V, ["token", None],
                       [at + "weights", at + "value"]))
C = add("layer0/concat", "C", "concat", np.concatenate(outputs, axis=1), ["token", None],
        [f"layer0/head{i}/output" for i in range(h)])
W_O = add("layer0/W_O", "W_O", "parameter", rng.normal(size=(d, d)), [None, None])
add("layer0/attention_output", "O", "linear", C @ W_O, ["token", None], ["layer0/concat", "layer0/W_O"])
print(json.dumps({"format": "attn-viz trace", "version": 1, "dtype": "float64",
                  "axes": {"token": {"labels": ["I", "saw", "a", "saw"]}}, "steps": steps}))
