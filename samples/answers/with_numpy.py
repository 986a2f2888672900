"""Writes what NumPy computes for ../three-tokens.json as an answer sheet: python3 with_numpy.py > my.json

Then: attn-viz check my.json. torch.Tensor has tolist(), too.
"""
import json
import pathlib
import numpy as np

sheet = json.loads((pathlib.Path(__file__).parent / "../three-tokens.json").read_text())
X = np.array(sheet["embeddings"])
W = {name: np.array(w) for name, w in sheet["attention"]["weights"].items()}
Q, K, V = X @ W["W_Q"], X @ W["W_K"], X @ W["W_V"]
S = Q @ K.T / np.sqrt(K.shape[1])
A = np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)
steps = {"query": Q, "key": K, "value": V, "scaled_scores": S, "weights": A, "output": A @ V}
sheet["steps"] = {"layer0/head0/" + name: step.tolist() for name, step in steps.items()}
print(json.dumps(sheet))
