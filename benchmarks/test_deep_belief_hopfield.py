"""How many random patterns a Hopfield network holds: shares and overlaps of recalled patterns over loads, for four sizes.

Every network stores P = load * N random patterns and starts at each of them. A pattern counts as recalled when the
overlap of the fixed point with it exceeds 0.7: between 0.35, where the lost ones end, and 0.97, where theory puts the
others, few patterns of a large network come to rest.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from nndl_support import records
from nndl_support.deep_belief.hopfield_capacity import crossing_load, extrapolate, load_at, recall_overlaps

LOADS = (0.12, 0.13, 0.138, 0.146, 0.15, 0.16)
NETWORKS = {250: 128, 500: 64, 1000: 36, 2000: 12}
PAIRS = ((250, 500), (500, 1000), (1000, 2000))
RECALLED, LEVEL, EXPONENTS = 0.7, 0.9, (0.5, 1.0)
BARS = {"capacity": (0.13, 0.145), "hebb_overlap": (0.956, 0.02), "pseudo_inverse_overlap": (1.0, 0.02)}
COMMAND = "make bench ONLY=benchmarks/test_deep_belief_hopfield.py"


def scan(n_units, n_networks):
    """Shares of recalled patterns and mean overlaps at all loads, for networks of one size."""
    row = {"n_units": n_units, "n_networks": n_networks}
    row |= {key: [] for key in ("share", "share_error", "overlap", "overlap_of_recalled", "per_network")}
    start = time.perf_counter()
    for load in LOADS:
        rng = np.random.default_rng([n_units, round(1000 * load)])
        m = recall_overlaps(n_units, round(load * n_units), n_networks=n_networks, rng=rng)
        shares = (m > RECALLED).mean(axis=1)
        row["share"].append(shares.mean())
        row["share_error"].append(shares.std(ddof=1) / np.sqrt(n_networks))
        row["overlap"].append(m.mean())
        row["overlap_of_recalled"].append(m[m > RECALLED].mean())
        row["per_network"].append(shares.round(4))
        spent = time.perf_counter() - start
        print(
            n_units,
            load,
            *(np.round(row[k][-1], 4) for k in ("share", "share_error", "overlap")),
            round(spent),
            flush=True,
        )
    return row


def estimates(figures):
    """Two readings of the capacity: where curves of N and 2 N cross, and where a curve passes a level; with their limits.

    How fast the readings approach their limits is not known to us, so both are extrapolated in two powers of the size.
    """
    share = {row["n_units"]: row["share"] for row in figures}
    crossings = {f"{a}-{b}": crossing_load(LOADS, share[a], share[b]) for a, b in PAIRS}
    levels = {str(n): load_at(LOADS, share[n], LEVEL) for n in share}
    limits = {
        str(k): {
            "crossings": extrapolate([b for _, b in PAIRS], list(crossings.values()), k)[0],
            "levels": extrapolate(list(share), list(levels.values()), k)[0],
        }
        for k in EXPONENTS
    }
    return {"crossings": crossings, "level": LEVEL, "loads_at_level": levels, "limits": limits}


def test_capacity_of_hebbs_rule_by_finite_sizes():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(scan, *item) for item in reversed(NETWORKS.items())]
        figures = [job.result() for job in reversed(jobs)]
    exact = recall_overlaps(1000, 138, storage="pseudo_inverse", n_networks=3, rng=np.random.default_rng(0))
    found = estimates(figures)
    print(found, exact.mean())
    records.save(
        "deep_belief/hopfield_capacity",
        records.environment(seeds=[0], packages=("numpy", "scipy"), command=COMMAND)
        | {"loads": LOADS, "recalled": RECALLED, "bars": BARS, "figures": figures}
        | found
        | {"pseudo_inverse_overlap": exact.mean()},
    )
    low, high = BARS["capacity"]
    assert all(low <= value <= high for limit in found["limits"].values() for value in limit.values())
