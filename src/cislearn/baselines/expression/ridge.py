"""Ridge regression of many targets at once."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.linalg import solve


def ridge(
    gram: Float64[np.ndarray, "n n"], targets: Float64[np.ndarray, "n t"], penalty: float
) -> Float64[np.ndarray, "n t"]:
    """Solve ``(gram + penalty I) w = targets``.

    With ``gram = X' X`` and targets ``X' y`` the solution are weights of features; with ``X X'`` and ``y`` those of
    rows, by which kernels with them are multiplied. Both predict the same; the smaller one is the faster one.
    """
    return solve(gram + penalty * np.eye(len(gram)), targets, assume_a="pos")
