"""DANN_TF (Lan et al. 2019): every mode, under the published protocol, under an honest one, and with its known bugs."""

from cislearn.studies.dann_tf.study import DannTf

__all__ = ["DannTf"]
