#!/usr/bin/env python3
"""Checks the pages of the documentation: links lead somewhere, and tables add up.

Run with `python3 pages_test.py`, from any folder.
"""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")),
         *(ROOT / folder / "README.md" for folder in ("samples", "tests/bench"))]


def prose(page):
    """The text of a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)


def anchors(page):
    """What the headings of a page are called in links: "## A b, `c`" is "a-b-c"."""
    names = set()
    for heading in re.findall(r"^#+ (.*)$", prose(page), flags=re.M):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        names.add(kept.replace(" ", "-"))
    return names


def links(page):
    """The targets of all links and pictures of a page that are in the repository."""
    targets = re.findall(r"\]\(([^()\s]+)\)", prose(page))
    return [target for target in targets if not re.match(r"https?:|mailto:", target)]


class Links(unittest.TestCase):
    def test_lead_to_files_and_headings(self):
        found = 0
        for page in PAGES:
            for target in links(page):
                path, _, anchor = target.partition("#")
                file = page.parent / path if path else page
                with self.subTest(page=page.name, target=target):
                    self.assertTrue(file.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(file))
                found += 1
        self.assertGreater(found, 100)

    def test_pictures_are_shown(self):
        shown = {Path(target).name for page in PAGES for target in links(page)}
        pictures = {path.name for path in (ROOT / "docs/images").iterdir()}
        self.assertEqual(pictures - shown, set())

    def test_every_sample_is_described(self):
        text = (ROOT / "samples/README.md").read_text("utf-8")
        missing = [path.name for path in sorted((ROOT / "samples").glob("*.json"))
                   if f"`{path.name}`" not in text]
        self.assertEqual(missing, [])


class LongRangeArena(unittest.TestCase):
    """The table of docs/efficient-attention.md."""

    def rows(self):
        text = (ROOT / "docs/efficient-attention.md").read_text("utf-8")
        table = text[text.index("| model |"):].split("\n\n")[0]
        for line in table.splitlines()[2:]:
            yield [cell.strip() for cell in line.strip("|").split("|")]

    def test_means(self):
        models = set()
        for model, *cells in self.rows():
            accuracies, mean = [float(cell) for cell in cells[:5]], float(cells[6])
            recomputed = sum(accuracies) / 5
            with self.subTest(model):
                if model == "Sinkhorn Transformer":
                    self.assertAlmostEqual(recomputed, 51.476, delta=1e-9)
                    self.assertEqual(mean, 51.39)
                else:
                    self.assertLessEqual(abs(recomputed - mean), 0.005 + 1e-9)
            models.add(model)
        self.assertEqual(len(models), 11)

    def test_the_text_tells_the_one_that_differs(self):
        text = (ROOT / "docs/efficient-attention.md").read_text("utf-8")
        self.assertIn("51.476", text)


if __name__ == "__main__":
    unittest.main()
