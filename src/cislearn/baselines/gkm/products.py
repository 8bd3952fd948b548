"""Inner products of rows of sparse counts, tile by tile, on as many threads as torch is given."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float32, Float64

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ROWS = 1_024
"""Rows of a tile: the product of two tiles has 4 MB."""

DENSE = 0.12
"""Share of counts that are not 0 above which dense matrices are faster: words of six bases in 600 bp, not of seven."""

Multiply = Callable[[int, int], Float32[np.ndarray, "a b"]]
"""Inner products of the rows of two tiles, by their numbers."""


def gram(n: int, terms: Iterable[tuple[csr_array, float]]) -> Float64[np.ndarray, "n n"]:
    """Return the sum, over terms of counts (n, any) and a weight, of the weighted inner products of the rows.

    Products are float32, so those of whole numbers are exact up to 2^24; sums are float64.
    """
    sums = np.zeros((n, n))
    tiles = [slice(first, first + ROWS) for first in range(0, n, ROWS)]
    pairs = [(i, j) for i in range(len(tiles)) for j in range(i + 1)]
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        for counts, weight in terms:
            rows = [counts[tile] for tile in tiles]
            multiply = fastest(counts)(rows)

            def add(pair: tuple[int, int], weight: float = weight, multiply: Multiply = multiply) -> None:
                i, j = pair
                sums[tiles[i], tiles[j]] += weight * multiply(i, j).astype(np.float64)

            list(threads.map(add, pairs))
    for i, j in pairs:
        sums[tiles[j], tiles[i]] = sums[tiles[i], tiles[j]].T
    return sums


def fastest(counts: csr_array) -> Callable[[Sequence[csr_array]], Multiply]:
    """Return what multiplies such counts fastest here."""
    if counts.nnz > DENSE * counts.shape[0] * counts.shape[1]:
        return with_blas
    return with_mkl if torch.backends.mkl.is_available() else with_scipy  # type: ignore[no-untyped-call]


def with_blas(rows: Sequence[csr_array]) -> Multiply:
    """Multiply as dense matrices."""
    dense = [torch.from_numpy(tile.toarray()) for tile in rows]
    return lambda i, j: (dense[i] @ dense[j].T).numpy()


def with_mkl(rows: Sequence[csr_array]) -> Multiply:
    """Multiply by MKL, which writes products as they are, dense: two to four times as fast as `with_scipy`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        left, right = ([_tensor(tile) for tile in tiles] for tiles in (rows, _turned(rows)))

    def multiply(i: int, j: int) -> Float32[np.ndarray, "a b"]:
        return torch.addmm(torch.zeros(left[i].shape[0], right[j].shape[1]), left[i], right[j]).numpy()

    return multiply


def with_scipy(rows: Sequence[csr_array]) -> Multiply:
    """Multiply by scipy, where torch has no MKL."""
    right = _turned(rows)
    return lambda i, j: (rows[i] @ right[j]).toarray()


def _turned(tiles: Sequence[csr_array]) -> list[csr_array]:
    return [tile.T.tocsr() for tile in tiles]


def _tensor(tile: csr_array) -> torch.Tensor:
    starts, columns, values = (torch.from_numpy(part) for part in (tile.indptr, tile.indices, tile.data))
    return torch.sparse_csr_tensor(starts, columns, values, size=tile.shape, check_invariants=False)
