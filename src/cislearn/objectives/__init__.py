"""One file a way of learning. Importing this package registers all of them."""

from cislearn.objectives import adversarial, supervised

__all__ = ["adversarial", "supervised"]
