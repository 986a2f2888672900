"""Writes the samples of stacks: tagging-stack.json, transformer-block.json, pre-norm.json,
encoder-decoder.json and vit-class-token.json.

Needs nothing but Python.  The words come from alice.json, the patches from cat.json.
"""

from document import diagonal, read, write

ALICE = read("alice.json")
CAT = read("cat.json")


def tagging_stack():
    own, left = diagonal(3, 4), diagonal(3, -4)
    write(
        "tagging-stack.json",
        title="I saw a saw: two equal words, two labels; layer 1 tells the verb from the noun",
        comment="Labels for a sequence, as many as there are words: attention and a fully connected "
        "layer in turn, no residual, no norm. The example sentence is Hung-yi Lee's (Machine "
        "Learning 2021, lecture on self-attention); the numbers were made for this course. Layer 0 "
        "sees a word and its left neighbour: head 0 looks at the word itself, head 1 at the "
        "neighbour. Its fully connected layer has four numbers, pronoun, verb, determiner, noun: "
        "saw after I is a verb, saw after a is a noun. So in layer 1 the two rows of saw differ: "
        "head 1 looks from the verb to its subject (0.52) and object (0.45), from the noun to its "
        "determiner (0.93). See output-probabilities.png.",
        tokens=["I", "saw", "a", "saw"],
        embeddings=[[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]],
        layers=[
            {
                "attention": {
                    "heads": 2,
                    "score": "dot-product",
                    "mask": {"window": [1, 0]},
                    "weights": {
                        "W_Q": [own, left],
                        "W_K": [diagonal(3), diagonal(3)],
                        "W_V": [diagonal(3), diagonal(3)],
                    },
                },
                "feed_forward": {
                    "W_1": [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1],
                            [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]],
                    "b_1": [0, -1, 0, -1],
                    "activation": "relu",
                },
            },
            {
                "attention": {
                    "heads": 2,
                    "score": "dot-product",
                    "weights": {
                        "W_Q": [diagonal(4, 4),
                                [[0, 4, 0, 0], [4, 0, 0, 4], [0, 0, 0, 4], [0, 0, 4, 0]]],
                        "W_K": [diagonal(4), diagonal(4)],
                        "W_V": [diagonal(4), diagonal(4)],
                    },
                },
                "feed_forward": {
                    "W_1": diagonal(4, 3) + [[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 1], [0, 0, 1, 0]],
                    "b_1": [-1, -1, -1, -1],
                    "activation": "relu",
                },
            },
        ],
        output={"W": diagonal(4, 2), "labels": ["pronoun", "verb", "determiner", "noun"]},
    )


def blocks(name, title, position, comment):
    """Two Transformer blocks over the words of alice.json."""
    layer = {
        "attention": {"heads": 2, "weights": "identity"},
        "residual": True,
        "layer_norm": position,
        "feed_forward": {"random": 7, "hidden": 16, "activation": "gelu"},
    }
    write(name, title=title, comment=comment, tokens=ALICE["tokens"],
          embeddings=ALICE["embeddings"], layers=[layer, layer])


def encoder_decoder():
    write(
        "encoder-decoder.json",
        title="An encoder and a decoder: each step looks at the word that it translates next",
        comment="The encoder (self-attention, residual) reads Tom chases Jerry. The decoder reads what has been "
        "written so far, begin 汤姆 追逐, hides the future from itself, and looks at the encoder's "
        "output: the cross-attention goes from begin to Tom, from 汤姆 to chases, from "
        "追逐 to Jerry. The output is the next word: 汤姆, 追逐, 杰瑞. Made for this course; the "
        "architecture is that of Vaswani et al. 2017, section 3.1, without feed-forward networks.",
        tokens=["begin", "汤姆", "追逐"],
        embeddings=diagonal(3),
        context={
            "tokens": ["Tom", "chases", "Jerry"],
            "embeddings": diagonal(3),
            "layers": [{"attention": {"score": "dot-product", "scale": 2}, "residual": True}],
        },
        layers=[
            {
                "attention": {"score": "dot-product", "scale": 3, "mask": {"causal": True}},
                "cross_attention": {"score": "dot-product", "scale": 3},
            }
        ],
        output={"W": diagonal(3, 2), "labels": ["汤姆", "追逐", "杰瑞"]},
    )


def vit_class_token():
    write(
        "vit-class-token.json",
        title="A class token collects the fur of a cat, a register what is grey",
        comment="The patches of cat.json with two tokens before them, which stand for no patch. [CLS] "
        "is the colour orange, so its row goes to fur; [REG 0] is the opposite colour, so its row "
        "goes to what is grey: the left edge (0.30 on the patch 3,0) and the room. The output reads the row of [CLS] alone. Draw its map with --query "
        "'[CLS]' --color-scale auto: the map shows the patches, its note how much weight stayed "
        "with the tokens. After Dosovitskiy et al. 2021, section 3.1, and Darcet et al. 2024. "
        "Picture: part of \"Chelsea\" by Stefan van der Walt, CC0.",
        patches={"rows": 5, "columns": 10, "image": "cat.png",
                 "class_token": [0.1, -0.01, -0.09], "registers": [[-0.1, 0.01, 0.09]]},
        embeddings=CAT["embeddings"],
        layers=[{"attention": {"score": "cosine", "scale": 8}, "residual": True}],
        output={"pool": "class", "W": [[10, -10], [0, 0], [-10, 10]], "labels": ["fur", "room"]},
    )


tagging_stack()
blocks("transformer-block.json",
       "Two Transformer blocks, norm after the residual: in every output row the mean is 0, the variance 1",
       "post",
       "The words of alice.json through the block of Vaswani et al. 2017: attention, residual, norm, "
       "feed-forward, residual, norm; twice. Each norm brings every row to mean 0 and variance 1, so "
       "every row of layer0/output and layer1/output has length √8 = 2.83; compare pre-norm.json. "
       "Thanks to the residual, head 0 of layer 1 still looks from of to by (0.26). The feed-forward networks are random, the heads read halves of "
       "the embedding. Text: see alice.json.")
blocks("pre-norm.json",
       "The same blocks with the norm before each sub-layer: rows grow from layer to layer",
       "pre",
       "As transformer-block.json, but the norm stands before attention and feed-forward (Xiong et "
       "al. 2020), and the residual goes around it. What attention reads has variance 1, what goes on "
       "grows: rows have length 4 at first, about 6 after layer 0, about 8 after layer 1. "
       "Text: see alice.json.")
encoder_decoder()
vit_class_token()
