"""Which JASPAR motifs are those of a factor: its family's, whose members bind the same words."""

from __future__ import annotations

_NAMES = {
    "CTCF": "CTCF CTCFL",
    "GABP": "GABPA ELF1 ELF2 ELF3 ELF4 ELF5 ELK1 ELK3 ELK4 ERF ERG ETS1 ETS2 ETV1 ETV2 ETV3 ETV4 ETV5 ETV6 ETV7 EHF FEV"
    " FLI1 SPDEF SPI1 SPIB SPIC",
    "USF2": "USF1 USF2 MAX MYC MYCN MXI1 MNT MLX MLXIPL MLXIP SREBF1 SREBF2 TFE3 TFEB TFEC MITF TFAP4",
    "JunD": "JUN JUNB JUND FOS FOSB FOSL1 FOSL2 BATF BATF3 ATF3 JDP2",
}
FAMILIES = {factor: frozenset(names.split()) for factor, names in _NAMES.items()}
"""Of each factor the names of its family in TFClass (Wingender et al. 2018), in capitals: CTCF-like, Ets-related,
bHLH-ZIP, and for AP-1 (`JunD` windows) Jun-related and Fos-related without NF-E2."""


def is_of_family(factor: str, name: str) -> bool:
    """Say whether a motif is one of a factor's family; of a dimer (``FOS::JUN``) both halves have to be."""
    return all(half.upper() in FAMILIES[factor] for half in name.split("::"))
