"""What tests of comparisons read from runs, and what they change in copies of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cislearn as cl
from cislearn.data.sequences import TableSequences
from cislearn.errors import UserError
from cislearn.experiment.comparing.loci import Loci, Windows
from cislearn.schema import DataSpec, TaskSpec


def edit_predictions(experiment, change, method="adversarial"):
    for path in experiment.glob(f"{method}/seed-*/predictions.parquet"):
        change(pd.read_parquet(path)).to_parquet(path, index=False)


def rows_of(found, run, metric="AUROC"):
    table = found.table
    return table[(table["run"] == str(run)) & (table["metric"] == metric)].iloc[0]


def refusal(*runs, **kwargs):
    with pytest.raises(UserError) as caught:
        cl.compare(*runs, **kwargs)
    return str(caught.value)


def words(found, weight):
    return [str(each) for each in found.of_weight(weight)]


def on_target(table):
    return (table["part"] == "test") & (table["domain"] == "hep")


def placed(rows, path, starts):
    spec = DataSpec(tasks=(TaskSpec("bound"),), domains=("a",), length=8)
    loci = pd.DataFrame({"domain": "a", "chrom": "chr1", "start": starts, "end": np.array(starts) + 8})
    data = cl.write_dataset(
        path,
        spec=spec,
        loci=loci,
        labels=np.zeros((len(rows), 1)),
        sequences=TableSequences.of(np.array(rows, np.uint8)),
    )
    return Loci(Windows(data), np.arange(len(rows)))
