"""Fuzzy ART, ART1 and fuzzy ARTMAP beside artlib: the same labels, the same weights, and how long each takes.

The peer of the bar is the class that users meet first, ``artlib.FuzzyART`` (NumPy with numba for the inner formulas). Its
compiled backend in C++ is timed as well and reported, not judged. ART1 is measured on binarised digits with complements,
where ``artlib.FuzzyART`` with alpha = L - 1 is the same algorithm: ``artlib.ART1`` departs from the paper, which the tests
show, but its time is recorded too.
"""

import time

import numpy as np
from artlib import ART1 as PeerART1
from artlib import FuzzyART as PeerFuzzyART
from artlib import SimpleARTMAP
from artlib.optimized.backends.cpp.FuzzyART import FuzzyART as CompiledFuzzyART
from sklearn.datasets import load_digits

from nndl_support import records
from nndl_support.classical.art import ART1, FuzzyART, FuzzyARTMAP
from nndl_support.classical.complement_coding import complement_code

ROUNDS, REPETITIONS = 7, 3
CHOICE, L = 0.01, 2.0
VIGILANCES = (0.5, 0.6, 0.7, 0.8, 0.9)
BARS = {"speedup": 20.0, "vigilances": [0.7, 0.8, 0.9]}


def race(contestants):
    """Return the smallest seconds of each contestant over interleaved rounds, after one round to warm up."""
    seconds = {name: [] for name in contestants}
    for _ in range(ROUNDS + 1):
        for name, fit in contestants.items():
            start = time.perf_counter()
            fit()
            seconds[name].append(time.perf_counter() - start)
    return {name: min(values[1:]) for name, values in seconds.items()}


def compare(contestants, ours, labels, weights):
    """Race three times; put the times beside the count of identical labels."""
    repetitions = [race(contestants) for _ in range(REPETITIONS)]
    ratios = [times["peer"] / times["ours"] for times in repetitions]
    result = {
        "categories": ours.n_categories_,
        "identical_labels": int(np.sum(ours.labels_ == labels)),
        "identical_weights": np.array_equal(ours.weights_, weights),
        "seconds": repetitions,
        "speedup": ratios,
        "median_speedup": float(np.median(ratios)),
    }
    if "compiled" in contestants:
        result["compiled_over_ours"] = float(np.median([t["compiled"] / t["ours"] for t in repetitions]))
    return result


def test_art_is_artlib_to_the_last_bit_and_faster():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    coded, binary = complement_code(X), complement_code((X > 0.5).astype(float))
    integers = binary.astype(np.int16)
    figures = {"fuzzy_art": {}, "art1": {}, "fuzzy_artmap": {}}
    for v in VIGILANCES:
        peer = PeerFuzzyART(v, CHOICE, 1.0).fit(coded)
        contestants = {
            "ours": lambda v=v: FuzzyART(v, CHOICE).fit(X),
            "peer": lambda v=v: PeerFuzzyART(v, CHOICE, 1.0).fit(coded),
            "compiled": lambda v=v: CompiledFuzzyART(v, CHOICE, 1.0).fit(coded),
        }
        figures["fuzzy_art"][str(v)] = compare(contestants, FuzzyART(v, CHOICE).fit(X), peer.labels_, peer.W)
        peer = PeerFuzzyART(v, L - 1.0, 1.0).fit(binary)
        contestants = {
            "ours": lambda v=v: ART1(v, L).fit(binary),
            "peer": lambda v=v: PeerFuzzyART(v, L - 1.0, 1.0).fit(binary),
            "peer_art1": lambda v=v: PeerART1(v / 2, L).fit(integers),  # its match is divided by 2 D and not by D
        }
        figures["art1"][str(v)] = compare(contestants, ART1(v, L).fit(binary), peer.labels_, peer.W)
        for name in ("fuzzy_art", "art1"):
            print(v, name, figures[name][str(v)])
    for v in (0.0, 0.7):
        peer = SimpleARTMAP(PeerFuzzyART(v, CHOICE, 1.0)).fit(coded, y)
        contestants = {
            "ours": lambda v=v: FuzzyARTMAP(v, CHOICE).fit(X, y),
            "peer": lambda v=v: SimpleARTMAP(PeerFuzzyART(v, CHOICE, 1.0)).fit(coded, y),
        }
        ours = FuzzyARTMAP(v, CHOICE).fit(X, y)
        figures["fuzzy_artmap"][str(v)] = compare(contestants, ours, peer.module_a.labels_, peer.module_a.W)
        print(v, "fuzzy_artmap", figures["fuzzy_artmap"][str(v)])
    record = records.environment(
        packages=("numpy", "scipy", "scikit-learn", "artlib", "numba"),
        command="make bench ONLY=benchmarks/test_classical_art.py",
    )
    settings = {"choice": CHOICE, "L": L, "rounds": ROUNDS, "bars": BARS, "figures": figures}
    records.save("classical/art_vs_artlib", record | settings)
    for results in figures.values():
        for result in results.values():
            assert result["identical_labels"] == len(X)
            assert result["identical_weights"]
    for v in BARS["vigilances"]:
        for name in ("fuzzy_art", "art1"):
            assert figures[name][str(v)]["median_speedup"] >= BARS["speedup"]
