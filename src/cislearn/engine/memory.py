"""Memory that one training step frees is kept for the next, where the system would take it back in between."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT = 2**29
LARGEST = (2**28, 2**25)  # older versions of glibc refuse the first


def keep_freed_memory() -> bool:
    """Have glibc keep up to half a GB that was freed; say whether it does.

    As it is set up it gives large blocks back at once, and each step of a training on the CPU has the same few
    thousand pages cleared and mapped anew: a tenth of the time of a step of `dann_tf`. Other C libraries are left as
    they are. It holds for the process.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return False
    return any(mallopt(M_MMAP_THRESHOLD, size) for size in LARGEST) and bool(mallopt(M_TRIM_THRESHOLD, KEPT))
