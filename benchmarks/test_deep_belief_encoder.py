"""The 4-2-4 encoder by the learning of 1985, for longer than a section can wait: who finds four codes, and who keeps them."""

import numpy as np

from nndl_support import records
from nndl_support.deep_belief.boltzmann_distribution import kl_divergence
from nndl_support.deep_belief.boltzmann_energy import visible_log_probabilities
from nndl_support.deep_belief.boltzmann_gradient import pattern_distribution
from nndl_support.deep_belief.encoder_task import encoder_patterns, learn_encoder

SEEDS, N_MACHINES = (0, 1, 2), 20
CYCLES = np.arange(800)
PROCEDURES = {
    "fixed": {"n_cycles": 1500, "step": 0.2},
    "shrinking": {"n_cycles": 800, "step": np.where(CYCLES < 400, 0.2, 0.2 * 0.99 ** (CYCLES - 400))},
}
COMMAND = "make bench ONLY=benchmarks/test_deep_belief_encoder.py"


def measure(seed, n_cycles, step):
    """First cycle with four codes of each machine, the share that has them every 50 cycles, and the final divergences."""
    run = learn_encoder(N_MACHINES, n_cycles, np.random.default_rng(seed), step=step)
    four, data = run.codes == 4, pattern_distribution(encoder_patterns())
    final = [np.exp(visible_log_probabilities(W, b, 8)) for W, b in zip(run.weights, run.biases)]
    return {
        "seed": seed,
        "first": [int(np.argmax(column)) + 1 if column.any() else None for column in four.T],
        "share": four[49::50].mean(axis=1).round(4).tolist(),
        "four_at_the_end": four[-1].tolist(),
        "divergence": [round(kl_divergence(data, q), 4) for q in final],
    }


def test_machines_find_four_codes_and_keep_them_when_the_steps_shrink():
    figures = {name: [measure(seed, **options) for seed in SEEDS] for name, options in PROCEDURES.items()}
    records.save(
        "deep_belief/boltzmann_encoder",
        records.environment(seeds=list(SEEDS), packages=("numpy",), command=COMMAND)
        | {"n_machines": N_MACHINES, "every": 50, "figures": figures},
    )
    for fixed, shrinking in zip(figures["fixed"], figures["shrinking"]):
        assert sum(cycle is not None for cycle in fixed["first"]) > 0.85 * N_MACHINES
        assert np.mean(shrinking["four_at_the_end"]) > np.mean(fixed["four_at_the_end"]) + 0.2
