"""``cislearn variants --region``: every substitution of a stretch of a genome, as a table and a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cislearn.atomic import folder_written_whole, refuse_taken
from cislearn.cli.show import console
from cislearn.reports.saturation import PAGE, write_saturation_page
from cislearn.tables import write_table
from cislearn.variants.saturation import read_region, saturate
from cislearn.variants.score import VariantScorer

TABLE = "saturation.tsv"


def refuse_region(region: str, out: Path, overwrite: bool) -> None:
    """Refuse what is no region and a folder that is taken, before anything is loaded."""
    read_region(region)
    refuse_taken(out, marker=TABLE, overwrite=overwrite)


def write_saturation(scorer: VariantScorer, region: str, out: Path, about: Mapping[str, str], overwrite: bool) -> None:
    """Score the substitutions of a region and write them into a folder, whole or not at all."""
    stretch = read_region(region)
    table = saturate(scorer, stretch)
    facts = {**about, "Genome": scorer.genome.path.name, "Windows": f"{scorer.spec.length:,} bp"}
    with folder_written_whole(out, marker=TABLE, overwrite=overwrite) as folder:
        write_table(folder / TABLE, table)
        write_saturation_page(folder, str(stretch), table, facts)
    print_, reasons = console().print, table["not_scored"].value_counts()
    print_(f"{reasons.get('', 0):,} of {len(table):,} substitutions scored -> {out}")
    for reason, n in reasons.drop("", errors="ignore").head(5).items():
        print_(f"  {n:,} not scored: {reason}")
    print_(f"map: {out / PAGE}")
