"""The configuration of an experiment: typed, with a default for every key, and nothing unknown accepted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from cislearn.data.folds import check_folds, read_folds
from cislearn.errors import UserError
from cislearn.experiment.recipes import COUNTED, with_recipe
from cislearn.models.kmer_counts import LONGEST
from cislearn.schema import StrandReading

EACH = "each"
"""The word for every labelled domain in turn, in the place of a target's name."""

Fraction = Annotated[float, Field(gt=0.0, lt=1.0)]


class Section(BaseModel):
    """A part of the configuration that is always there, and whose keys are set one by one."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("one of them is there twice")
    return values


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class FoldConfig(Section):
    """Names of the chromosomes of each part."""

    train: Annotated[list[str], Field(min_length=1)]
    valid: Annotated[list[str], Field(min_length=1)]
    test: Annotated[list[str], Field(min_length=1)]


class KFoldConfig(Section):
    """One fold of a cross-validation: over all of them every row that is dealt is tested exactly once."""

    folds: Annotated[int, Field(ge=3, le=100)] = Field(10, description="how many")
    fold: NonNegativeInt = Field(0, description="which one is test, from 0; the next one is valid, all others train")


def _folds(value: Any) -> Any:
    if value is None or isinstance(value, FoldConfig):
        return value
    return read_folds(Path(value)) if isinstance(value, str | Path) else check_folds(value, "data.split.folds")


class SplitConfig(Section):
    """Which loci are for training, validation and testing, across all domains at once."""

    by: Literal["auto", "given", "chromosome", "block", "similarity", "sequence", "random"] = Field(
        "auto", description="what is kept together; auto says in the report what it took and why"
    )
    folds: Annotated[FoldConfig | None, BeforeValidator(_folds)] = Field(
        None, description="a JSON file {train: [chr1, ...], valid: [...], test: [...]}, or the same in place"
    )
    valid: Fraction | list[str] = Field(0.1, description="share of the rows, or chromosome names")
    test: Fraction | list[str] = Field(0.2, description="share of the rows, or chromosome names")
    block: PositiveInt = Field(5_000_000, description="bp, for by: block")
    seed: NonNegativeInt = Field(0, description="of the choice of blocks, clusters and rows")
    deal: Literal["all", "target"] = Field(
        "all", description="target: every row of the sources is for training, as published protocols have it"
    )
    k_fold: KFoldConfig | None = Field(
        None, description="{folds: 10, fold: 0}: one fold of a cross-validation, in the place of the two shares"
    )
    leaks: Literal["drop", "keep"] = Field(
        "drop", description="rows of training that share a sequence or a locus with test; keep says what they buy"
    )


class LabelsConfig(Section):
    """How many labels training may see: drawn once, the same share of each class, and stored."""

    target: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        0.0, description="share of the labels of the target's training and validation windows; 0 for none of them"
    )
    sources: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        1.0,
        description="share of the labels of the sources' training and validation windows; the other windows are"
        " unlabelled, for everything but the split",
    )
    seed: NonNegativeInt = Field(0, description="of the draw; a smaller share is part of a greater one")


class DataConfig(Section):
    """Which examples."""

    path: Path = Field(description="a dataset folder, as `cislearn prepare` or `simulate` makes it")
    target: str | None = Field(
        None,
        description="the domain adapted to; training sees none of its labels but the share that `labels` gives."
        " `each`: every labelled domain in turn",
    )
    sources: Annotated[list[str], Field(min_length=1), AfterValidator(_distinct)] | None = Field(
        None, description="labelled domains; by default all but the target and those of `unlabelled`"
    )
    unlabelled: Annotated[list[str], Field(min_length=1), AfterValidator(_distinct)] | None = Field(
        None,
        description="domains whose windows are learned from without labels; by default the target, else the sources",
    )
    labels: LabelsConfig = LabelsConfig()
    tracks: bool = Field(
        True, description="let the model read the tracks of the dataset, where it has some; false: sequence alone"
    )
    regions: Literal["all", "peaks", "background"] = Field(
        "all", description="of profiles: learn from and score all windows, or peaks or background alone"
    )
    split: SplitConfig = SplitConfig()


class ReverseComplementConfig(Section):
    """What is done about the second strand."""

    train: Literal["forward", "augment", "conjoined", "equivariant"] = Field(
        "augment",
        description="augment: each window on a strand drawn for it; conjoined: the loss is on the joined logits"
        " of both strands; equivariant: layers that read both strands alike",
    )
    predict: StrandReading = Field(
        "average",
        description="average: mean of the logits of both strands; average_probabilities: of their probabilities;"
        " maximum: the greater logit. A conjoined network predicts as it joins; where training is equivariant the"
        " default is forward, since both are equal",
    )
    join: Literal["average", "maximum"] = Field(
        "average", description="how a conjoined network joins the logits of the two strands: their mean, or the greater"
    )
    filters: Literal["pairs", "half"] = Field(
        "pairs",
        description="of equivariant layers: so many filters, each with its reverse complement, or half of them",
    )
    merge: Literal["sum", "average", "weighted_sum"] = Field(
        "sum", description="of equivariant layers: how the strands come together after the convolutions"
    )

    @model_validator(mode="before")
    @classmethod
    def _predict_as_trained(cls, values: Any) -> Any:
        train = values.get("train") if isinstance(values, Mapping) else None
        if train == "equivariant":
            return {"predict": "forward", **values}
        if train == "conjoined":
            return {"predict": values.get("join", "average"), **values}
        return values

    @model_validator(mode="after")
    def _goes_together(self) -> ReverseComplementConfig:
        if self.train != "equivariant" and (self.filters, self.merge) != ("pairs", "sum"):
            raise ValueError("filters and merge are of equivariant layers; take train: equivariant")
        if self.train != "conjoined" and self.join != "average":
            raise ValueError(f"join is of conjoined networks, and train is {self.train}")
        if self.train == "conjoined" and self.predict != self.join:
            raise ValueError(
                f"a conjoined network predicts as it joins, so predict is {self.join} or left out"
                " (once trained, `cislearn predict --reverse-complement` reads it in any other way)"
            )
        return self

    @property
    def layers(self) -> dict[str, Any]:
        """The option of an encoder that makes it equivariant, or none."""
        if self.train != "equivariant":
            return {}
        return {"layers": {"name": self.train, "filters": self.filters, "merge": self.merge}}

    @property
    def view(self) -> Literal["forward", "augment"]:
        """The strand on which training sees windows; to turn them would change nothing for what reads both strands."""
        return "augment" if self.train == "augment" else "forward"


STRAND_PRESETS = {
    "none": {"train": "forward", "predict": "forward"},
    "augmented": {"train": "augment", "predict": "forward"},
    "post_hoc": {"train": "augment", "predict": "average"},
    "post_hoc_probabilities": {"train": "augment", "predict": "average_probabilities"},
    "post_hoc_unaugmented": {"train": "forward", "predict": "average"},
    "conjoined": {"train": "conjoined", "join": "average"},
    "conjoined_max": {"train": "conjoined", "join": "maximum"},
    "rcps": {"train": "equivariant", "predict": "forward"},
    "rcps_half": {"train": "equivariant", "predict": "forward", "filters": "half"},
}


def _strands(value: Any) -> Any:
    if isinstance(value, str):
        if value not in STRAND_PRESETS:
            raise ValueError(f"{value!r} is no preset; known: {', '.join(STRAND_PRESETS)}")
        return STRAND_PRESETS[value]
    return value


def _finite(value: Any) -> Any:
    """Pass on what holds no number that is infinite or none: these have no place in JSON either."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a finite number was expected")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _finite(inner)
    return value


Options = dict[str, Annotated[Any, AfterValidator(_finite)]]
"""Keys that the part which is named knows, and checks when it is made."""


class EncoderConfig(BaseModel):
    """An encoder by name; every further key is an option of that encoder."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: Options = Field(init=False)
    name: str = "motif_cnn"

    @property
    def options(self) -> dict[str, Any]:
        """The encoder's options."""
        return dict(self.model_extra or {})


def _lengths(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) and all(isinstance(k, int) for k in value) else value


class InputConfig(Section):
    """What the encoder reads: bases, or vectors of the words of k bases about each base."""

    name: Literal["one_hot", "kmers"] = Field("one_hot", description="`input: kmers` alone takes words of 3, random")
    k: Annotated[
        list[Annotated[int, Field(ge=1, le=8)]],
        Field(min_length=1),
        BeforeValidator(lambda value: [value] if isinstance(value, int) else _lengths(value)),
        AfterValidator(_distinct),
    ] = Field([3], description="bases of a word; of several lengths, [2, 3, 4, 6], the vectors stand side by side")
    dim: PositiveInt = Field(16, description="length of a vector, for each k")
    vectors: Path | None = Field(
        None, description="a folder of `cislearn embed`, whose vectors are the beginning; by default they are random"
    )
    frozen: bool = Field(False, description="leave the vectors as they are; else they are trained with the encoder")

    @model_validator(mode="after")
    def _has_words(self) -> InputConfig:
        if self.name == "one_hot" and self.model_fields_set - {"name"} and self != InputConfig():
            raise ValueError("k, dim, vectors and frozen are of words; take {name: kmers, ...}")
        return self

    @property
    def kmers(self) -> dict[str, Any]:
        """The words that a network reads, as `build_network` takes them; nothing for bases."""
        return {} if self.name == "one_hot" else {"k": self.k, "dim": self.dim, "frozen": self.frozen}


class ModelConfig(Section):
    """Which network."""

    encoder: Annotated[EncoderConfig, BeforeValidator(_named)] = Field(
        EncoderConfig(), description="a name, {name: ..., option: ...}, package.module:Class or file.py:Class"
    )
    input: Annotated[InputConfig, BeforeValidator(_named)] = Field(
        InputConfig(),
        description="one_hot, or vectors of words: {name: kmers, k: 3, dim: 16, vectors: FOLDER, frozen: false}",
    )
    kmer_counts: Annotated[int, Field(ge=0, le=LONGEST)] | None = Field(
        None,
        description="bases of words whose counts stand beside the trained network, weighed on validation windows; 0 for"
        " none, null for 8 with motif_cnn and wide where there is no target and at most 32 binary tasks",
    )
    reverse_complement: Annotated[ReverseComplementConfig, BeforeValidator(_strands)] = Field(
        ReverseComplementConfig(), description=f"{{train: ..., predict: ...}}, or a preset: {', '.join(STRAND_PRESETS)}"
    )

    @model_validator(mode="after")
    def _check_layers(self) -> ModelConfig:
        if "layers" in self.encoder.options and self.reverse_complement.layers:
            raise ValueError("encoder.layers and reverse_complement.train: equivariant both say which layers; take one")
        return self


class MethodConfig(BaseModel):
    """A method by name; every further key is an option of its objective."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: Options = Field(init=False)
    name: str
    label: str | None = Field(None, description="its name in folders and tables, where one method is listed twice")

    @property
    def options(self) -> dict[str, Any]:
        """The objective's options."""
        return dict(self.model_extra or {})

    @property
    def title(self) -> str:
        """Its name in folders and tables: of ``file.py:Class`` the class."""
        return self.label or self.name.rpartition(":")[2]


class OptimiserConfig(Section):
    """How weights are updated."""

    name: Literal["adamw", "adam", "sgd", "rmsprop"] = "adamw"
    learning_rate: PositiveFloat = Field(5e-3, description="at its greatest")
    weight_decay: Annotated[float, Field(ge=0)] = Field(0.01, description="an L2 penalty for all but adamw")
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(0.9, description="for sgd")
    alpha: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.99, description="for rmsprop: what its mean of squared gradients keeps at each step"
    )
    decay: Literal["cosine", "constant", "ganin"] = Field(
        "cosine", description="of the rate: half a cosine down to 0, none, or 1 / (1 + 10 p) ** 0.75"
    )
    warmup: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.05, description="share of the training in which it rises from 0"
    )
    max_weight_norm: PositiveFloat | None = Field(
        None, description="greatest norm of the weights of one filter or unit, kept at each step; null for any"
    )


class AugmentConfig(Section):
    """How windows are changed at random in training (EvoAug); 0 leaves a change out."""

    mutate: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="share of the bases that become another one")
    delete: NonNegativeInt = Field(0, description="bp of the longest stretch that is taken out, new bases at both ends")
    insert: NonNegativeInt = Field(0, description="bp of the longest stretch of new bases that is put in")
    translocate: NonNegativeInt = Field(0, description="bp by which a window is rolled round at most")
    invert: NonNegativeInt = Field(0, description="bp of the longest stretch that is reverse-complemented")
    most: PositiveInt = Field(2, description="changes that each window gets, drawn for it from those above")
    until: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8, description="share of the training after which windows stay as they are"
    )


class TrainingConfig(Section):
    """How long and how."""

    epochs: PositiveInt = Field(
        20, description="passes over the labelled rows; those whose labels `data.labels.sources` hides count as well"
    )
    batch_size: PositiveInt = Field(
        128, description="labelled rows in a batch; methods add unlabelled rows of their own"
    )
    accumulate: PositiveInt = Field(
        1, description="pieces of the same composition in which each batch is worked through, where memory is short"
    )
    balance: Literal["none", "domain", "class", "domain_and_class"] = Field(
        "none", description="what each batch holds equal shares of"
    )
    max_shift: NonNegativeInt = Field(4, description="bp by which windows move at random in training")
    hidden_bases: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="share of the bases that training sees as N in half of the windows, drawn anew each time"
    )
    augment: AugmentConfig = AugmentConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    patience: PositiveInt | None = Field(None, description="stop after so many validations without a better score")
    patience_of: Literal["score", "loss"] = Field(
        "score", description="what has to get better; the weights kept are those of the best score either way"
    )
    validate_every: PositiveInt | None = Field(None, description="steps between validations; by default one epoch")
    gradient_clip: PositiveFloat | None = Field(1.0, description="greatest norm of the gradient; null for none")
    weight_average: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.99, description="decay of the mean of the weights that is judged and kept; 0 keeps the last weights"
    )
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        "32-true", description="as Lightning names it; auto: bf16-mixed where the device computes in bfloat16 itself"
    )
    device: Literal["auto", "cpu", "gpu"] = Field("auto", description="auto takes a GPU where there is one")
    seeds: Annotated[list[NonNegativeInt], Field(min_length=1), AfterValidator(_distinct)] = Field(
        [0, 1, 2], description="one run each"
    )
    init_from: Path | None = Field(None, description="a finished run whose encoder is the beginning")
    log_strand_gradients: bool = Field(
        False, description="log how far the gradients of the two strands agree, on one batch at each validation"
    )
    processes: PositiveInt = Field(
        1, description="that share each batch: `cislearn train --processes N`, torchrun or srun starts them"
    )
    sync_every: PositiveInt = Field(
        1,
        description="with several processes: steps that each takes on its own rows between averages of the weights; 1:"
        " gradients are averaged at every step",
    )
    sync_warmup: NonNegativeInt = Field(0, description="first steps at which gradients are averaged in any case")
    sync_optimiser: bool = Field(True, description="whether the state of the optimiser is averaged with the weights")
    train_only: Literal["head"] | None = Field(
        None, description="head: the encoder of that run stays as it is, its running statistics too"
    )


class GkmConfig(Section):
    """A gkm-SVM among the simple models. Its time and memory go with the square of the windows."""

    kernel: Literal["gapped", "truncated", "centred"] = "centred"
    l: PositiveInt = 11  # noqa: E741
    k: PositiveInt = 7
    d: NonNegativeInt = 3
    c: PositiveFloat = 1.0
    most_windows: Annotated[int, Field(ge=2, le=20_000)] = 4_000

    @model_validator(mode="after")
    def _go_together(self) -> GkmConfig:
        from cislearn.baselines.gkm import GkmKernel

        try:
            GkmKernel(self.kernel, self.l, self.k, self.d)
        except UserError as error:
            raise ValueError(error.problem) from error
        return self


def _switched(value: Any) -> Any:
    return {True: {}, False: None}[value] if isinstance(value, bool) else value


class ExperimentConfig(Section):
    """A whole experiment. What `training` does not say is taken from the recipe of the encoder."""

    data: DataConfig
    model: ModelConfig = ModelConfig()
    methods: Annotated[list[Annotated[MethodConfig, BeforeValidator(_named)]], Field(min_length=1)] = Field(
        [MethodConfig(name="source_only"), MethodConfig(name="adversarial")],
        description="trained side by side and compared on the same loci; the first is the baseline",
    )
    training: TrainingConfig = TrainingConfig()
    selection: Literal["source_validation", "target_validation", "last", "oracle"] = Field(
        "source_validation",
        description="which weights are kept: best on the sources' validation part, on that share of the target's whose"
        " labels `data.labels` gives, last, or (oracle, stamped on every number) best on all the target's validation"
        " labels",
    )
    leave_one_out: bool = Field(
        True,
        description="where the target has no label, also leave each source out in turn, for the estimate reported",
    )
    battery: bool = Field(
        True,
        description="also fit simple models (composition, k-mers, known motifs) to the labels that may be seen; for"
        " binary tasks",
    )
    gkm_svm: Annotated[GkmConfig | None, BeforeValidator(_switched)] = Field(
        None,
        description="true: also a gkm-SVM; or with its options, {kernel: centred (or truncated, gapped), l: 11, k: 7,"
        " d: 3, c: 1.0, most_windows: 4000}; its time and memory go with the square of the windows",
    )
    out: Path | None = Field(None, description="the folder of the experiment; by default runs/<name of this file>")

    @model_validator(mode="before")
    @classmethod
    def _by_recipe(cls, values: Any) -> Any:
        return with_recipe(values)

    @property
    def words_counted(self) -> int:
        """Bases of the words whose counts stand beside the networks (`ModelConfig.kmer_counts`), 0 for none."""
        if self.model.kmer_counts is not None:
            return self.model.kmer_counts
        return COUNTED.get(self.model.encoder.name, 0) if self.data.target is None else 0
