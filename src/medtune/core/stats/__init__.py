"""Statistics of verdicts: intervals, paired comparisons, clusters, several builds at once, sample sizes, detectors.

scipy's special functions where it has them; each file names the source of its formulas.
"""

from medtune.core.stats.bootstrap import BootstrapInterval, cluster_bootstrap
from medtune.core.stats.detector import CorrectedRate, rogan_gladen
from medtune.core.stats.intervals import Rate, clopper_pearson, wilson
from medtune.core.stats.multiple import holm
from medtune.core.stats.paired import (
    NonInferiority,
    PairedDifference,
    difference_of_cells,
    mcnemar_exact,
    non_inferiority,
    paired_difference,
)
from medtune.core.stats.samplesize import (
    cases_for_limit,
    design_effect,
    pairs_for_difference,
    pairs_for_margin,
    smallest_difference,
)

__all__ = [
    "BootstrapInterval",
    "CorrectedRate",
    "NonInferiority",
    "PairedDifference",
    "Rate",
    "cases_for_limit",
    "clopper_pearson",
    "cluster_bootstrap",
    "design_effect",
    "difference_of_cells",
    "holm",
    "mcnemar_exact",
    "non_inferiority",
    "paired_difference",
    "pairs_for_difference",
    "pairs_for_margin",
    "rogan_gladen",
    "smallest_difference",
    "wilson",
]
