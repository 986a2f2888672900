"""Writes influence-attention.json, influence-convolution.json and influence-recurrence.json: three
mechanisms on one input, for `attn-viz influence`.

Needs nothing but Python.  The words come from alice.json.
"""

from document import diagonal, read, write

ALICE = read("alice.json")
INPUT = {"tokens": ALICE["tokens"], "embeddings": ALICE["embeddings"]}
WORDS = "Words: alice.json; made by make_influence.py."


def main():
    write(
        "influence-attention.json",
        title="Self-attention",
        comment="Every output depends on every word, near or far. " + WORDS,
        **INPUT,
        attention={"weights": {"random": 3}},
    )
    taps = [diagonal(8, 0.25), diagonal(8, 0.5), diagonal(8, 0.25)]
    write(
        "influence-convolution.json",
        title="Convolution, three layers",
        comment="Each layer of three taps sees one word more on either side: a band of 3, 5, 7 words "
        "(--to 'layer*/output'). " + WORDS,
        mechanism="convolution-1d",
        **INPUT,
        layers=[{"kernel": taps} for _ in range(3)],
    )
    write(
        "influence-recurrence.json",
        title="Recurrent network",
        comment="An output depends on what came before it, the less the longer ago. " + WORDS,
        mechanism="recurrence",
        **INPUT,
        recurrence={"type": "rnn", "weights": {"W": diagonal(8, 0.4), "U": diagonal(8, 0.9)}},
    )


if __name__ == "__main__":
    main()
