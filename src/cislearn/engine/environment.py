"""The record of versions, processor and source that a result was made with."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from cislearn.engine.devices import Device

PACKAGES = ("cislearn", "torch", "lightning", "numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "pydantic")


def describe_environment(device: Device) -> dict[str, Any]:
    """Return versions, device, processor and its bf16, threads and the git commit of the working folder, for JSON."""
    return {
        "device": str(device),
        "cpu": cpu_name(),
        "cpu_bf16": cpu_has_bf16(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: package_version(name) for name in PACKAGES},
        "git": git_commit(),
    }


def package_version(name: str) -> str | None:
    """Return the installed version of a package, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def cpu_name() -> str:
    """Return the processor's name as the system gives it."""
    for line in _cpu_lines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def cpu_has_bf16() -> bool:
    """Return whether the processor computes in bfloat16 itself."""
    return any(line.startswith("flags") and ("avx512_bf16" in line or "amx_bf16" in line) for line in _cpu_lines())


def git_commit() -> str | None:
    """Return the commit of the working folder, with ``+`` if it has changes, or None outside of a repository."""
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


def _cpu_lines() -> list[str]:
    listing = Path("/proc/cpuinfo")
    return listing.read_text().splitlines() if listing.is_file() else []
