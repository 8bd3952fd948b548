"""The configuration of an experiment: typed, with a default for every key, and nothing unknown accepted."""

from __future__ import annotations

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
from cislearn.experiment.recipes import with_recipe

EACH = "each"
"""The word for every labelled domain in turn, in the place of a target's name."""

Fraction = Annotated[float, Field(gt=0.0, lt=1.0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("one of them is there twice")
    return values


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class FoldConfig(_Section):
    """Names of the chromosomes of each part."""

    train: Annotated[list[str], Field(min_length=1)]
    valid: Annotated[list[str], Field(min_length=1)]
    test: Annotated[list[str], Field(min_length=1)]


class KFoldConfig(_Section):
    """One fold of a cross-validation: over all of them every row that is dealt is tested exactly once."""

    folds: Annotated[int, Field(ge=3, le=100)] = Field(10, description="how many")
    fold: NonNegativeInt = Field(0, description="which one is test, from 0; the next one is valid, all others train")


def _folds(value: Any) -> Any:
    if value is None or isinstance(value, FoldConfig):
        return value
    return read_folds(Path(value)) if isinstance(value, str | Path) else check_folds(value, "data.split.folds")


class SplitConfig(_Section):
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


class LabelsConfig(_Section):
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


class DataConfig(_Section):
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
    split: SplitConfig = SplitConfig()


class ReverseComplementConfig(_Section):
    """What is done about the second strand."""

    train: Literal["forward", "augment"] = Field("augment", description="augment: each window on a strand drawn for it")
    predict: Literal["forward", "average"] = Field("average", description="average: mean of the logits of both strands")


STRAND_PRESETS = {
    "none": {"train": "forward", "predict": "forward"},
    "augmented": {"train": "augment", "predict": "forward"},
    "post_hoc": {"train": "augment", "predict": "average"},
}


def _strands(value: Any) -> Any:
    if isinstance(value, str):
        if value not in STRAND_PRESETS:
            raise ValueError(f"{value!r} is no preset; known: {', '.join(STRAND_PRESETS)}")
        return STRAND_PRESETS[value]
    return value


class EncoderConfig(BaseModel):
    """An encoder by name; every further key is an option of that encoder."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str = "motif_cnn"

    @property
    def options(self) -> dict[str, Any]:
        """The encoder's options."""
        return dict(self.model_extra or {})


class ModelConfig(_Section):
    """Which network."""

    encoder: Annotated[EncoderConfig, BeforeValidator(_named)] = Field(
        EncoderConfig(), description="a name, {name: ..., option: ...}, package.module:Class or file.py:Class"
    )
    reverse_complement: Annotated[ReverseComplementConfig, BeforeValidator(_strands)] = Field(
        ReverseComplementConfig(), description="{train: ..., predict: ...}, or none, augmented, post_hoc"
    )


class MethodConfig(BaseModel):
    """A method by name; every further key is an option of its objective."""

    model_config = ConfigDict(extra="allow", frozen=True)
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


class OptimiserConfig(_Section):
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


class AugmentConfig(_Section):
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


class TrainingConfig(_Section):
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


class ExperimentConfig(_Section):
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
        description="also fit simple models (composition, k-mers, known motifs) to the sources; for binary tasks",
    )
    out: Path | None = Field(None, description="the folder of the experiment; by default runs/<name of this file>")

    @model_validator(mode="before")
    @classmethod
    def _by_recipe(cls, values: Any) -> Any:
        return with_recipe(values)
