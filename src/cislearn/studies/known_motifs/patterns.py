"""What TF-MoDISco makes of attributions of the windows that a factor binds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from cislearn.data.dataset import Dataset
from cislearn.explain.attribute import Attributor
from cislearn.explain.discovered import Attributed
from cislearn.explain.found import Found, attributed_motifs
from cislearn.explain.inputs import inputs_of
from cislearn.explain.methods import Settings
from cislearn.explain.windows import windows_in_memory
from cislearn.motifs.matrix import Motif

METHOD = "gradient_x_input"
"""With the simplex correction: seconds for thousands of windows, where shuffled references take minutes."""
MOST = 2_000
"""Windows, drawn at random where more are bound: TF-MoDISco takes ten minutes for 5,000 of CTCF."""


def patterns_of_bound(members: Sequence[nn.Module], dataset: Dataset, known: Sequence[Motif]) -> Found:
    """Return the motifs of the mean attributions, over members, of bound windows, the most frequent first.

    Windows that were trained on are among them: they say what was learned, and nothing is scored by them.
    """
    bound = np.flatnonzero(dataset.labels_float(np.arange(len(dataset)))[:, 0] == 1)
    first, length = dataset.spec.margin, dataset.spec.length
    windows = windows_in_memory(dataset.sequences.gather(bound)[:, first : first + length]).drawn(MOST)
    tokens = np.ascontiguousarray(windows.read(np.arange(windows.n))[0])
    found = Attributor(members, dataset.spec.tasks[0].name, settings=Settings(METHOD))(tokens)
    assert found.hypothetical is not None
    one_hot = inputs_of(torch.from_numpy(tokens)).x.numpy().astype(np.float32)
    return attributed_motifs(Attributed(found.hypothetical, one_hot), known)
