"""Writes ich-habe-gelesen-*.json: encoders and decoders with attention on one pair of sentences.

Needs nothing but Python.  The verb of German stands at the end; that of English does not.
A word is five numbers, its meaning in both languages: speaker, perfect tense, definite article,
book, reading.
"""

from document import diagonal, write

SOURCE = {
    "tokens": ["ich", "habe", "das", "Buch", "gelesen"],
    "embeddings": [
        [1, 0.1, 0, 0, 0],
        [0.2, 1, 0, 0, 0.1],
        [0, 0, 1, 0.2, 0],
        [0, 0, 0.2, 1, 0.3],
        [0, 0.3, 0, 0.3, 1],
    ],
}
TARGET = {
    "tokens": ["I", "have", "read", "the", "book"],
    "embeddings": [
        [1, 0, 0, 0, 0],
        [0.1, 1, 0, 0, 0.1],
        [0, 0.2, 0, 0.3, 1],
        [0, 0, 1, 0.1, 0],
        [0, 0, 0.1, 1, 0.3],
    ],
}
MEANINGS = 5
ORDER = [0, 1, 4, 2, 3]  # the meanings as an English sentence has them
WORDS = "A word is five numbers: speaker, perfect tense, definite article, book, reading. "
MADE = "Weights set by hand for this course; made by make_translations.py."


def zeros(rows, columns):
    return [[0] * columns for _ in range(rows)]


def scaled(matrix, factor):
    return [[factor * value for value in row] for row in matrix]


def reader():
    """A GRU whose states are mostly the word just read, and an eighth of the state before it."""
    nothing = zeros(MEANINGS, MEANINGS)
    gates = {"W_z": nothing, "U_z": nothing, "b_z": [2] * MEANINGS, "W_r": nothing, "U_r": nothing}
    return {**gates, "W": diagonal(MEANINGS, 2), "U": nothing}


def writer():
    """A GRU that remembers what was translated.

    State: 0 is 1 for ever (its update gate is shut), 1 + k becomes 1 when the context has meaning k,
    which opens the gate of that number, and then stays, for the gate shuts again.
    """
    inputs, states = MEANINGS + 2 * MEANINGS, 1 + MEANINGS  # [y, both directions of the encoder]
    open_gate = zeros(inputs, states)
    for k in range(MEANINGS):
        open_gate[MEANINGS + k][1 + k] = open_gate[2 * MEANINGS + k][1 + k] = 14
    return {
        "W_z": open_gate,
        "U_z": zeros(states, states),
        "b_z": [-20] * states,
        "W_r": zeros(inputs, states),
        "U_r": zeros(states, states),
        "W": zeros(inputs, states),
        "U": zeros(states, states),
        "b": [3] * states,
    }


def alignment():
    """Wanted is the meaning that is not translated yet, while the one before it in ORDER is.

    A unit k of the small network is high where meaning k is both wanted and there; the constant
    state 0 keeps it low otherwise.
    """
    wanted, found, low = 3, 1.5, -4
    state = zeros(1 + MEANINGS, MEANINGS)
    state[0] = [low] * MEANINGS
    for place, k in enumerate(ORDER):
        before = 0 if place == 0 else 1 + ORDER[place - 1]
        state[before][k] += wanted
        state[1 + k][k] -= wanted
    source = scaled(diagonal(MEANINGS), found)
    return {"W_a": state, "U_a": source + source, "v_a": [5] * MEANINGS}


def concat():
    """A unit for each meaning adds what both words have of it, and v is negative.

    tanh bends: a meaning that both words have costs less than two that only one of them has.
    """
    both = diagonal(MEANINGS, 1.5)
    return {"W_a": both + both, "v_a": [-5] * MEANINGS}


def main():
    write(
        "ich-habe-gelesen-gru.json",
        mechanism="encoder-decoder",
        title="GRUs with Bahdanau's attention: read reaches for gelesen at the end of the sentence",
        comment="Ich habe das Buch gelesen becomes I have read the book. " + WORDS + "A bidirectional GRU "
        "reads. The GRU that writes remembers what was translated: a number of its state becomes 1 "
        "when the context has that meaning, which opens its update gate, and stays. Attention looks "
        "for what comes next in English and is not yet translated. " + MADE,
        **SOURCE,
        target=TARGET,
        encoder={"type": "gru", "bidirectional": True, "weights": reader()},
        decoder={"type": "gru", "hidden": 1 + MEANINGS, "initial": [1] + [0] * MEANINGS, "weights": writer()},
        attention={"type": "bahdanau", "weights": alignment()},
    )
    write(
        "ich-habe-gelesen-dot.json",
        mechanism="encoder-decoder",
        title="Luong's dot: words of one meaning find each other, wherever they stand",
        comment="The states are the words themselves, twice as long in the target, and a score is a plain dot "
        "product. " + WORDS + "read keeps a part for Buch, for one reads books. " + MADE,
        **SOURCE,
        target={**TARGET, "embeddings": scaled(TARGET["embeddings"], 3)},
        attention="luong-dot",
    )
    write(
        "ich-habe-gelesen-concat.json",
        mechanism="encoder-decoder",
        title="Luong's concat: a small network compares the words and finds the same pairs",
        comment="v · tanh([h; s] W): each of five units adds what the two words have of one meaning. tanh bends, and v is negative: "
        "a meaning that both have costs less than two that only one of them has. " + WORDS + MADE,
        **SOURCE,
        target=TARGET,
        attention={"type": "luong-concat", "weights": concat()},
    )
    write(
        "ich-habe-gelesen-monotonic.json",
        mechanism="encoder-decoder",
        title="Local monotonic attention, window 1: read cannot reach gelesen, which stands two places away",
        comment="The same scores as in ich-habe-gelesen-dot.json, but the word at place t sees places t − 1 to "
        "t + 1 only. Where two languages order words alike this saves work; here read has to be content "
        "with Buch. " + WORDS + MADE,
        **SOURCE,
        target={**TARGET, "embeddings": scaled(TARGET["embeddings"], 3)},
        attention={"type": "luong-dot", "local": {"type": "monotonic", "window": 1}},
    )


if __name__ == "__main__":
    main()
