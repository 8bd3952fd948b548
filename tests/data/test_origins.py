from __future__ import annotations

import numpy as np
import pandas as pd

from cislearn.data.origins import SHUFFLE_OF, join_origins, write_origins


def numbers(*values):
    return np.array(values, dtype=np.uint64)


def test_without_shuffles_keys_stay():
    keys = numbers(5, 5, 7)
    for loci in (pd.DataFrame(index=range(3)), pd.DataFrame({SHUFFLE_OF: [""] * 3})):
        np.testing.assert_array_equal(join_origins(keys, numbers(1, 2, 3), loci), keys)


def test_a_shuffle_has_the_key_of_its_positive():
    """Rows 0 and 1 are positives, 2 and 3 shuffles of them, 4 is similar to shuffle 3, 5 to nothing."""
    hashes = numbers(2**63 + 11, 12, 13, 14, 15, 16)
    origin = write_origins(hashes[:2])
    loci = pd.DataFrame({SHUFFLE_OF: ["", "", *origin, "", ""]})
    keys = numbers(30, 20, 10, 40, 40, 50)
    np.testing.assert_array_equal(join_origins(keys, hashes, loci), numbers(10, 20, 10, 20, 20, 50))


def test_shuffles_of_a_window_that_is_not_there_stay_together(rng):
    loci = pd.DataFrame({SHUFFLE_OF: [*write_origins(numbers(99, 99, 98)), ""]})
    keys = join_origins(numbers(1, 2, 3, 4), numbers(5, 6, 7, 8), loci)
    np.testing.assert_array_equal(keys, numbers(1, 1, 3, 4))
