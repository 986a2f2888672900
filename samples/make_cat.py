"""Writes cat.json: the colours of cat.png in 5 rows of 10 patches.

Needs python3-numpy and python3-pil.  The picture is part of "Chelsea" by
Stefan van der Walt (CC0), as it comes with scikit-image; see README.md.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
ROWS, COLUMNS = 5, 10

# Cosine scores lie in [-1, 1]; multiplied by this, likeness tells in the weights.
SCALE = 8

pixels = np.asarray(Image.open(HERE / "cat.png").convert("RGB"))  # [200, 400, 3]
height, width = pixels.shape[0] // ROWS, pixels.shape[1] // COLUMNS

# The mean colour of each patch, 0 to 1, a row per patch (row-major).
cells = pixels.reshape(ROWS, height, COLUMNS, width, 3)
colours = cells.mean(axis=(1, 3)).reshape(ROWS * COLUMNS, 3) / 255  # [50, 3]

# Measured from the mean of the whole picture, so that unlike colours point
# in unlike directions.
embeddings = np.round(colours - colours.mean(axis=0), 4) + 0.0  # + 0.0: no "-0.0"

title = "A cat in 5 × 10 patches: fur looks at fur, the grey room at grey things"
comment = (
    "An embedding is the mean red, green and blue of a patch (0 to 1) less the mean of the picture. "
    "Patch 35 (row 3, column 5, just above the nose) looks at orange and brown fur, hardly at the room. "
    "Patch 49 (row 4, column 9, the room) looks at the room, at the grey cloth at the top left, "
    "and also at the white chest, since colour is all it knows. "
    'Picture: part of "Chelsea" by Stefan van der Walt, CC0. Made by make_cat.py.'
)

rows = ",\n".join("    " + json.dumps(row) for row in embeddings.tolist())
(HERE / "cat.json").write_text(
    f"""{{
  "title": {json.dumps(title, ensure_ascii=False)},
  "comment": {json.dumps(comment, ensure_ascii=False)},
  "patches": {{"rows": {ROWS}, "columns": {COLUMNS}, "image": "cat.png"}},
  "embeddings": [
{rows}
  ],
  "attention": {{
    "heads": 1,
    "score": "cosine",
    "scale": {SCALE},
    "weights": "identity"
  }}
}}
""",
    encoding="utf-8",
)
