"""Writes alice.json, moonlight.json, memory-alice.json and recurrence-alice.json: word embeddings
learned from a text.

Needs python3-numpy.  The texts (texts/alice.txt, texts/tang300.txt) are in the
public domain; README.md says where they come from.

A word is known by its neighbours.  Two tables count, for each word, what
stands around it:
  near   the next word to the left and the next to the right, kept apart:
         words that are used alike get like rows;
  far    every word a few places around, left or right: words that belong to
         the same scene get like rows.
Each table is turned into positive pointwise mutual information and reduced to
4 dimensions by a singular value decomposition.  An embedding is
[near | far], 8 numbers, so that head 0 reads use and head 1 reads company.
"""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np

import document

HERE = Path(__file__).resolve().parent
DIMENSIONS = 4  # per head
LENGTH = 8**0.5  # of each half: the scaled score is then 8 / √4 = 4 × cosine
RARE = 7  # words seen less often get no embedding


def count_neighbours(text, words, contexts, offsets, by_side):
    """How often each context word stands at one of the offsets: [word, context]."""
    row = {word: i for i, word in enumerate(words)}
    column = {word: i for i, word in enumerate(contexts)}
    counts = np.zeros((len(words), 2 * len(contexts)))
    for position, word in enumerate(text):
        for offset in offsets if word in row else ():
            neighbour = position + offset
            if 0 <= neighbour < len(text) and text[neighbour] in column:
                side = len(contexts) if by_side and offset > 0 else 0
                counts[row[word], side + column[text[neighbour]]] += 1
    return counts[:, counts.any(axis=0)]


def positive_pmi(counts):
    """max(0, ln p(word, context) / (p(word) p(context))), context counts to the power 3/4."""
    word = counts.sum(axis=1, keepdims=True) / counts.sum()
    context = counts.sum(axis=0) ** 0.75
    ratio = counts / counts.sum() / (word * context / context.sum())
    return np.log(np.maximum(ratio, 1))


def reduce(table, dimensions=DIMENSIONS):
    """The leading directions of the centred table, rows of equal length: [word, dimensions]."""
    u, s, _ = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)
    u, s = u[:, :dimensions], s[:dimensions]
    # A singular vector is known up to its sign: make its largest entry positive.
    u = u * np.sign(u[np.abs(u).argmax(axis=0), range(dimensions)])
    rows = u * np.sqrt(s)
    return LENGTH * rows / np.linalg.norm(rows, axis=1, keepdims=True)


def embed(text, tokens, reach, context_count):
    """One embedding a token: [token, 2 · DIMENSIONS]."""
    counts = Counter(text)
    words = sorted(word for word in counts if counts[word] >= RARE)
    contexts = sorted(word for word in counts if counts[word] >= context_count)
    around = [offset for offset in range(-reach, reach + 1) if offset]
    near = reduce(positive_pmi(count_neighbours(text, words, contexts, [-1, 1], True)))
    far = reduce(positive_pmi(count_neighbours(text, words, contexts, around, False)))
    chosen = [words.index(token.lower()) for token in tokens]
    return np.hstack([near, far])[chosen]


def company(text, tokens, reach, context_count, dimensions):
    """An embedding of what stands around a token, no matter on which side: [token, dimensions]."""
    counts = Counter(text)
    words = sorted(word for word in counts if counts[word] >= RARE)
    contexts = sorted(word for word in counts if counts[word] >= context_count)
    around = [offset for offset in range(-reach, reach + 1) if offset]
    table = positive_pmi(count_neighbours(text, words, contexts, around, False))
    return reduce(table, dimensions)[[words.index(token.lower()) for token in tokens]]


def shares(text, tokens):
    """How the mentions of a token are spread over the three thirds of a text: [token, 3]."""
    third = np.arange(len(text)) * 3 // len(text)
    counts = [np.bincount(third[np.array(text) == token.lower()], minlength=3) for token in tokens]
    return np.array([row / row.sum() for row in counts])


def rounded(values, digits=4):
    return (np.round(values, digits) + 0.0).tolist()


def write(name, title, comment, tokens, embeddings):
    rows = ",\n".join("    " + json.dumps(row) for row in (np.round(embeddings, 4) + 0.0).tolist())
    quoted = lambda value: json.dumps(value, ensure_ascii=False)
    (HERE / name).write_text(
        f'{{\n  "title": {quoted(title)},\n  "comment": {quoted(comment)},\n'
        f'  "tokens": {quoted(tokens)},\n  "embeddings": [\n{rows}\n  ],\n'
        '  "attention": {\n    "heads": 2,\n    "score": "scaled-dot-product",\n'
        '    "weights": "identity"\n  }\n}\n',
        encoding="utf-8",
    )


alice = (HERE / "texts/alice.txt").read_text(encoding="utf-8").lower()
sentence = "Alice was beginning to get very tired of sitting by her sister".split()
write(
    "alice.json",
    "Alice: head 0 pairs words used alike (of – by), head 1 words of one scene (sitting – by)",
    "Embeddings learned from the whole book: numbers 0 to 3 from the next word on either side (head 0), "
    "4 to 7 from the words up to six places away (head 1). "
    "Head 0: of and by (prepositions) look at each other, so do her and very, which stand before another word, "
    "was and to, beginning and tired. Head 1: sitting, by and her keep company; get is alone in both. "
    "Text: Lewis Carroll, Alice's Adventures in Wonderland, 1865, public domain. Made by make_embeddings.py.",
    sentence,
    embed(re.findall(r"[a-z]+(?:'[a-z]+)?", alice), sentence, reach=6, context_count=7),
)

words = re.findall(r"[a-z]+(?:'[a-z]+)?", alice)
askers, known = ["Gryphon", "Dormouse", "King"], ["Caterpillar", "Cat", "Hatter", "Queen", "Turtle", "Mouse"]
vectors = company(words, askers + known, reach=10, context_count=5, dimensions=8)
document.write(
    "memory-alice.json",
    mechanism="memory",
    title="A memory of Alice's book: where does the Gryphon appear? Ask who keeps the same company",
    comment="Keys: six characters, as learned from the words up to ten places around them in the whole book. "
    "Values: facts, how their mentions are spread over the first, second and last third. Three queries, three "
    "more characters. The Gryphon finds the (Mock) Turtle and the Dormouse the Hatter, with whom they appear; "
    "the King is divided between the Hatter, whom he questions in court, and the Queen, and so is put too early: "
    "0.87 of his mentions stand in the last third, not 0.38. joined has the three answers side by side. Text: Lewis Carroll, Alice's Adventures in Wonderland, 1865, public domain. "
    "Made by make_embeddings.py.",
    tokens=askers,
    embeddings=rounded(vectors[: len(askers)]),
    context={
        "tokens": known,
        "embeddings": rounded(vectors[len(askers) :]),
        "values": rounded(shares(words, known), 2),
    },
    similarity="cosine",
    temperature=0.2,
)
document.write(
    "recurrence-alice.json",
    mechanism="recurrence",
    title="A recurrent network reads Alice: each state is made of the word and half of the state before",
    comment="h = tanh(x / 2 + h' / 2), in two directions, over the embeddings of alice.json: columns 0 to 7 "
    "have read from the left, 8 to 15 from the right. What a word brought halves with each step at least, for "
    "tanh only shrinks: this is how a recurrent network forgets. recurrence.json shows it for a single word. "
    "Made by make_embeddings.py.",
    tokens=sentence,
    embeddings=rounded(embed(words, sentence, reach=6, context_count=7)),
    recurrence={
        "type": "rnn",
        "bidirectional": True,
        "weights": {"W": document.diagonal(8, 0.5), "U": document.diagonal(8, 0.5)},
    },
)

poems = (HERE / "texts/tang300.txt").read_text(encoding="utf-8")
verses = re.sub(r"^《.*$", "", poems, flags=re.MULTILINE)  # without titles and poets
line = list("床前明月光疑是地上霜")
write(
    "moonlight.json",
    "床前明月光：第 0 头看用法（疑–是，月–光），第 1 头看同现（床–前，地–上，月–霜）",
    "字向量由《唐诗三百首》全书统计得出：前四维来自左右紧邻的字（第 0 头），后四维来自前后四字之内的字（第 1 头）。"
    "第 0 头：疑与是（动词）互相注意，前、月、光、上（写景的字）互相注意。"
    "第 1 头：床与前、地与上、月与霜互相注意，因为诗中常与相同的字一起出现；是几乎只注意自己。"
    "文本：李白《静夜思》，唐诗，公有领域。由 make_embeddings.py 生成。",
    line,
    embed(re.findall("[\u4e00-\u9fff]", verses), line, reach=4, context_count=20),
)
