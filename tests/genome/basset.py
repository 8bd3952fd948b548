"""Basset's merge, slowly and plainly, written from its description: the oracle of `cislearn.genome.merging`."""

from __future__ import annotations


def merge_slowly(
    peaks: list[tuple[int, int, int]], *, length: int, overlap: int, size: int
) -> list[tuple[int, set[int]]]:
    """Return start and active cells of the merged windows of ``(start, end, cell)`` on one strand of a chromosome."""
    windows = sorted((_extend((start + end) // 2, length, size), cell) for start, end, cell in peaks)
    merged: list[tuple[int, set[int]]] = []
    chain: list[tuple[int, set[int]]] = []
    chain_end = 0
    for start, cell in windows:
        if chain and chain_end - overlap <= start:
            merged += _merge_chain(chain, length, overlap, size)
            chain = []
        chain.append((start, {cell}))
        chain_end = start + length
    return merged + _merge_chain(chain, length, overlap, size)


def _extend(middle: int, length: int, size: int) -> int:
    start = max(0, middle - length // 2)
    return size - length if start + length > size else start


def _merge_chain(chain, length, overlap, size):
    chain = list(chain)
    while len(chain) > 1:
        overlaps = [chain[k][0] + length - chain[k + 1][0] for k in range(len(chain) - 1)]
        most = max(overlaps)
        if most < overlap:
            break
        k = overlaps.index(most)
        (a, active_a), (b, active_b) = chain[k], chain[k + 1]
        weights = 1 + len(active_a), 1 + len(active_b)
        middles = (a + a + length) // 2, (b + b + length) // 2
        mean = (middles[0] * weights[0] + middles[1] * weights[1]) / sum(weights)
        chain[k : k + 2] = [(_extend(int(0.5 + mean), length, size), active_a | active_b)]
    return chain
