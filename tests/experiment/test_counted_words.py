from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

import cislearn as cl
from cislearn.data.dataset import read_dataset
from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc
from cislearn.experiment.battery import read_windows
from cislearn.experiment.claim import run_identity
from cislearn.experiment.composition import compose_methods
from cislearn.experiment.reading import make_config
from cislearn.models.encoder import encoders
from cislearn.models.network import output
from cislearn.prediction.loading import load_model, load_network
from cislearn.sequence.tokens import decode

SMALL = {"model.encoder": {"name": "motif_cnn", "motifs": 4, "pairs": 4}, "training.epochs": 2, "battery": False}
WORDS = ("GATTACA", "CCGGAAG", "TTGCGCA", "ACCACAG", "GGTCATG", "TAATCCC")


def table_of_words(n: int = 1200, length: int = 60) -> pd.DataFrame:
    """Windows whose positives hold one of several words, on either strand: much for so small a network."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 4, size=(n, length), dtype=np.uint8)
    text, labels = [decode(window) for window in tokens], rng.integers(0, 2, size=n)
    for i in np.flatnonzero(labels):
        word, at = WORDS[rng.integers(len(WORDS))], rng.integers(length - 7)
        word = word if rng.random() < 0.5 else word[::-1].translate(str.maketrans("ACGT", "TGCA"))
        text[i] = text[i][:at] + word + text[i][at + 7 :]
    return pd.DataFrame({"sequence": text, "bound": labels})


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    table_of_words().to_csv(folder / "words.tsv", sep="\t", index=False)
    return cl.prepare(folder / "data", tables=[folder / "words.tsv"], label_columns=["bound"])


@pytest.fixture(scope="module")
def joined(words, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "joined"
    return cl.train(words, seeds=1, out=out, settings=SMALL | {"model.kmer_counts": 7})


def told_of(experiment):
    return json.loads((experiment.path / "supervised" / "seed-0" / "run.json").read_text())["kmer_counts"]


def rows_tested(experiment):
    predicted = pd.read_parquet(experiment.path / "supervised" / "seed-0" / "predictions.parquet")
    return predicted[predicted["part"] == "test"]


def parts_of(experiment, n):
    predicted = pd.read_parquet(experiment.path / "supervised" / "seed-0" / "predictions.parquet")
    parts = np.full(n, "train", dtype=object)
    parts[predicted["row"]] = predicted["part"]
    return parts


def test_counts_find_what_the_network_misses_and_test_windows_say_so(words, joined, tmp_path):
    told = told_of(joined)["bound"]
    assert told["joined"] > told["alone"] + 0.05
    assert told["words"] > 0 and told["network"] > 0
    alone = cl.train(words, seeds=1, out=tmp_path / "alone", settings=SMALL | {"model.kmer_counts": 0})
    assert told_of(alone) == {}
    scores = [
        auroc(rows["label_bound"].to_numpy(), rows["logit_bound"].to_numpy())
        for rows in (rows_tested(joined), rows_tested(alone))
    ]
    assert scores[0] > scores[1] + 0.05


def test_the_heaviest_words_are_those_that_were_planted(joined):
    def either(word):
        return min(word, word[::-1].translate(str.maketrans("ACGT", "TGCA")))

    heaviest = {either(word) for word, _ in told_of(joined)["bound"]["heaviest"][: len(WORDS)]}
    assert heaviest == {either(word) for word in WORDS}


def test_the_network_itself_is_trained_as_without(words, joined, tmp_path):
    alone = cl.train(words, seeds=1, out=tmp_path / "alone", settings=SMALL | {"model.kmer_counts": 0})
    one, other = (load_network(each.path / "supervised" / "seed-0").state_dict() for each in (joined, alone))
    assert {name for name in one if name not in other} == {f"kmer_counts.{n}" for n in ("table", "scale", "offset")}
    assert all(torch.equal(one[name], value) for name, value in other.items())


def test_saved_predictions_are_those_of_the_loaded_model_and_of_predict(words, joined, tmp_path):
    rows = rows_tested(joined)["row"].to_numpy()
    tokens = read_windows(read_dataset(words.path), rows).tokens
    model = load_model(joined.path)
    with torch.no_grad():
        logits = model(model.embed(torch.from_numpy(tokens)))[:, 0].numpy()
    np.testing.assert_allclose(logits, rows_tested(joined)["logit_bound"], atol=1e-5)
    fasta = tmp_path / "windows.fa"
    fasta.write_text("".join(f">{i}\n{decode(window)}\n" for i, window in enumerate(tokens)))
    np.testing.assert_allclose(joined.predict(fasta)["logit_bound"], logits, atol=1e-4)


def test_attributions_are_of_the_networks_share(joined):
    model = load_model(joined.path)
    told = told_of(joined)["bound"]
    x = model.embed(torch.randint(0, 4, (5, 60), dtype=torch.uint8))
    share = output(model, "bound")(x)[:, 0]
    model.model.kmer_counts = None
    torch.testing.assert_close(share, told["network"] * model(x)[:, 0])


def test_where_words_say_nothing_the_network_stays_alone(tmp_path):
    rng = np.random.default_rng(3)
    tokens = rng.integers(0, 4, size=(600, 40), dtype=np.uint8)
    table = pd.DataFrame({"sequence": [decode(row) for row in tokens], "bound": rng.integers(0, 2, size=600)})
    table.to_csv(tmp_path / "noise.tsv", sep="\t", index=False)
    data = cl.prepare(tmp_path / "data", tables=[tmp_path / "noise.tsv"], label_columns=["bound"])
    experiment = cl.train(data, seeds=1, out=tmp_path / "run", settings=SMALL)
    assert told_of(experiment) == {}
    assert load_network(experiment.path / "supervised" / "seed-0").kmer_counts is None


def test_no_test_label_has_a_part_in_them(words, joined, tmp_path):
    """Trap 16: with all test labels turned round, tables and weights are the same."""
    dataset = read_dataset(words.path)
    table = table_of_words()
    test = set(rows_tested(joined)["row"])
    table = table.assign(part=parts_of(joined, len(table)))
    assert len(dataset) == len(table)
    turned = table.assign(bound=[1 - y if i in test else y for i, y in enumerate(table["bound"])])
    found = []
    for name, each in (("as_is", table), ("turned", turned)):
        each.to_csv(tmp_path / f"{name}.tsv", sep="\t", index=False)
        data = cl.prepare(tmp_path / name, tables=[tmp_path / f"{name}.tsv"], label_columns=["bound"])
        found.append(told_of(cl.train(data, seeds=1, out=tmp_path / f"run_{name}", settings=SMALL)))
    assert found[0] == found[1] != {}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([], 8),
        (["model.encoder=wide"], 8),
        (["model.encoder=basset"], 0),
        (["model.kmer_counts=0"], 0),
        (["model.encoder=basset", "model.kmer_counts=6"], 6),
        (["data.target=hep"], 0),
        (["data.target=hep", "model.kmer_counts=6"], 6),
    ],
)
def test_who_has_counts_without_being_asked(settings, expected):
    assert make_config({"data": {"path": "data"}}, settings).words_counted == expected


def test_a_run_without_counts_is_known_as_before_there_were_any():
    """Ledgers stand: what a study runs has the identity that it had."""
    config = make_config({"data": {"path": "data"}, "methods": ["supervised"]}, ["model.kmer_counts=0"])
    older = make_config({"data": {"path": "data", "target": "hep"}, "methods": ["source_only"]})
    (method,), (other,) = compose_methods(config), compose_methods(older)
    encoder = encoders.get("motif_cnn")
    assert run_identity(config, method, encoder, "hash") == "2de3b30d5842fb5054065c9446d89f82"
    assert run_identity(older, other, encoder, "hash") == "6d5fceb8d8b1938f6b6129b44b2db03f"


@pytest.mark.parametrize(
    ("column", "length", "settings", "problem"),
    [
        ("score", 40, ["model.kmer_counts=6"], "needs binary tasks"),
        ("bound", 7, ["model.kmer_counts=8"], "windows have 7 bp, and its words 8"),
    ],
)
def test_counts_that_do_not_suit_the_data_are_refused_where_asked_for(tmp_path, column, length, settings, problem):
    rng = np.random.default_rng(3)
    tokens = rng.integers(0, 4, size=(300, length), dtype=np.uint8)
    values = rng.integers(0, 2, size=300) if column == "bound" else rng.normal(size=300)
    table = pd.DataFrame({"sequence": [decode(row) for row in tokens], column: values})
    table.drop_duplicates("sequence").to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    data = cl.prepare(tmp_path / "data", tables=[tmp_path / "t.tsv"], label_columns=[column])
    with pytest.raises(UserError, match=problem):
        cl.train(data, seeds=1, out=tmp_path / "run", settings=SMALL | dict(each.split("=") for each in settings))


def test_a_training_that_begins_at_a_joined_run_takes_its_network_alone(words, joined, tmp_path):
    begins = {"training.init_from": str(joined.path), "training.train_only": "head"}
    begun = cl.train(words, seeds=1, out=tmp_path / "run", settings=SMALL | begins | {"model.kmer_counts": 0})
    network, before = (load_network(each.path / "supervised" / "seed-0") for each in (begun, joined))
    assert network.kmer_counts is None
    assert all(
        torch.equal(value, before.encoder.state_dict()[name]) for name, value in network.encoder.state_dict().items()
    )


def test_the_report_lists_what_the_logits_are_joined_of(joined):
    page = (joined.path / "report.html").read_text(encoding="utf-8")
    told = told_of(joined)["bound"]
    assert "Counts of words" in page and told["heaviest"][0][0] in page
    assert "counts of 7-mers beside it" in (joined.path / "supervised" / "model_card.md").read_text(encoding="utf-8")
