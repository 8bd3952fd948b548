"""``cislearn doctor``: what this machine offers and what is missing."""

from __future__ import annotations


def doctor() -> None:
    """Show device, threads, versions and what is missing or could be faster."""
    from cislearn.cli.show import console
    from cislearn.engine.devices import choose_device
    from cislearn.engine.environment import describe_environment

    found = describe_environment(choose_device())
    print_ = console().print
    for name in ("device", "cpu", "cores", "threads", "system", "python"):
        print_(f"{name:<10} {found[name]}")
    print_(
        f"{'bf16':<10} {'in the CPU' if found['cpu_bf16'] else 'not in the CPU: precision bf16-mixed would be slow'}"
    )
    for name, version in found["packages"].items():
        print_(f"{name:<14} {version or 'missing: pip install ' + name}")
