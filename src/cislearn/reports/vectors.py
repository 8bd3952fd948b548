"""The page beside vectors of words: where they lie, and how much of that is their letters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from cislearn.evaluation.plane import tsne
from cislearn.kmers.cbow import loss_of_chance
from cislearn.kmers.likeness import Likeness, digits_of, edit_distances, likeness
from cislearn.kmers.vectors import KmerVectors, read_vectors
from cislearn.kmers.words import spell
from cislearn.reports.answer import Answer
from cislearn.reports.blocks import Cell, Column, Drawing, Drawings, Section, Table
from cislearn.reports.figures.words import word_map
from cislearn.reports.numbers import count, decimal, listed, signed
from cislearn.reports.write import render_page, write_page

MOST_DRAWN = 1024
"""Words in a picture at most; of more so many are drawn."""
OVERLAP = (
    "Neighbouring words of this stride share bases: those on either side spell the one between, so that it is guessed"
    " from letters and needs no meaning. Vectors with a stride of k are the control."
)


def write_vectors_page(folder: Path) -> Path:
    """Write ``report.html`` beside vectors of words; give back its path.

    Raises
    ------
    UserError
        Where the folder holds no vectors, or the page cannot be written.
    """
    vectors = read_vectors(folder)
    found = {k: likeness(table.numpy(), k) for k, table in vectors.tables.items()}
    sections = [_section(k, table.numpy(), found[k]) for k, table in vectors.tables.items()]
    return write_page(render_page(folder.name, _answer(vectors, found), _facts(vectors), sections), folder)


def _answer(vectors: KmerVectors, found: dict[int, Likeness]) -> Answer:
    told = [
        f"of words of {k} bases, cosines of vectors and edit distances of words correlate by {signed(each.correlation)}"
        for k, each in found.items()
    ]
    stride = vectors.about.get("stride", 1)
    sentence = listed(told)
    return Answer(
        sentence[:1].upper() + sentence[1:] + ".",
        "not compared",
        (OVERLAP,) if any(stride < k for k in found) else (),
    )


def _facts(vectors: KmerVectors) -> list[tuple[str, str]]:
    about: dict[str, Any] = vectors.about
    names = ("k", "dim", "window", "stride", "negatives", "batch", "steps", "learning_rate", "seed")
    told = [(name.replace("_", " "), str(about[name]).strip("[]")) for name in names if name in about]
    if "losses" not in about:
        return told
    chance = decimal(loss_of_chance(about["negatives"]))
    ends = [f"{decimal(losses[-1])} (k {k})" for k, losses in about["losses"].items()]
    return [*told, ("windows", count(about["dataset"]["windows"])), (f"loss, by chance {chance}", listed(ends))]


def _section(k: int, vectors: Float[np.ndarray, "words dim"], found: Likeness) -> Section:
    digits, words = digits_of(k), spell(k)
    drawn = np.arange(len(words))
    if len(drawn) > MOST_DRAWN:
        drawn = np.sort(np.random.default_rng(0).choice(drawn, MOST_DRAWN, replace=False))
    blocks: list[Drawings | Table] = []
    if len(drawn) >= 16:
        points, spelled = _plane(vectors[drawn]), [words[number] for number in drawn]
        gc = ((digits[drawn] == 1) | (digits[drawn] == 2)).sum(axis=1)
        distance = edit_distances(digits[drawn], np.zeros_like(digits[drawn]))
        maps = [
            ("gc", gc, "Number of G and C"),
            ("distance", distance, f"Edit distance to {'A' * k}"),
        ]
        drawings = tuple(
            Drawing(
                word_map(points, spelled, classes, key=f"words-{k}-{name}", title=title, alt=f"{title} of words"), ""
            )
            for name, classes, title in maps
        )
        blocks.append(Drawings(drawings))
    rows = [(f"edit distance {distance}", cosine) for distance, cosine in found.by_distance.items()]
    rows += [("one is the other moved by one base", found.overlapping), ("all others", found.others)]
    blocks.append(
        Table(
            "Mean cosine of the vectors of two words. The pictures show the vectors in a plane by t-SNE.",
            (Column("pairs of words", is_number=False), Column("cosine")),
            tuple((Cell(name), Cell(decimal(value))) for name, value in rows if np.isfinite(value)),
        )
    )
    return Section(f"words-{k}", f"Words of {k} bases", tuple(blocks))


def _plane(vectors: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n 2"]:
    """Return places in a plane by t-SNE of cosines; equal vectors lie alike."""
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return tsne(units, perplexity=10.0)
