"""Published protocols and our own comparisons: which experiments, which ledger, which table."""

from cislearn.studies.attribution import Attribution
from cislearn.studies.averaging import Averaging
from cislearn.studies.dann_tf import DannTf
from cislearn.studies.dssda import Dssda
from cislearn.studies.gabp_cross_cell import GabpCrossCell
from cislearn.studies.known_motifs import KnownMotifs
from cislearn.studies.negatives import Negatives
from cislearn.studies.pipelines import Defaults, Presets
from cislearn.studies.reverse_complement import ReverseComplement
from cislearn.studies.shifts import Shifts
from cislearn.studies.simulated import SimulatedBenchmark
from cislearn.studies.simulated_profiles import SimulatedProfiles
from cislearn.studies.study import Study
from cislearn.studies.yeast_profiles import YeastProfiles

STUDIES: dict[str, type[Study]] = {
    study.name: study
    for study in (
        SimulatedBenchmark,
        Shifts,
        Defaults,
        Presets,
        DannTf,
        GabpCrossCell,
        Negatives,
        ReverseComplement,
        Dssda,
        Averaging,
        YeastProfiles,
        SimulatedProfiles,
        Attribution,
        KnownMotifs,
    )
}
"""Every study by its name."""
