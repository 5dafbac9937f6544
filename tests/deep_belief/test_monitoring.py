import numpy as np
import pytest
import torch

from nndl_support.deep_belief.enumeration import exact_log_likelihood
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.monitoring import free_energy_gap, reconstruction_error, saturation

B, V, H = 7, 5, 3
generator = torch.Generator().manual_seed(0)
RBM = Harmonium(*(torch.randn(s, generator=generator, dtype=torch.float64) for s in ((V, H), (V,), (H,))))
DATA = torch.randint(0, 2, (B, V), generator=generator).double()
OTHER = torch.randint(0, 2, (11, V), generator=generator).double()


def logistic(x):
    return 1 / (1 + np.exp(-x))


def test_reconstruction_error_in_numpy():
    v, W = DATA.numpy(), RBM.W.numpy()
    again = logistic(RBM.a.numpy() + logistic(RBM.b.numpy() + v @ W) @ W.T)
    np.testing.assert_allclose(reconstruction_error(RBM, DATA), np.mean((again - v) ** 2, axis=1), rtol=1e-12)


def test_the_gap_is_a_difference_of_log_likelihoods_without_their_partition_function():
    exact = exact_log_likelihood(RBM, DATA).mean() - exact_log_likelihood(RBM, OTHER).mean()
    assert free_energy_gap(RBM, DATA, OTHER) == pytest.approx(float(exact), abs=1e-12)
    assert free_energy_gap(RBM, DATA, DATA) == 0.0


def test_saturation_counts_units_that_have_stopped_being_random():
    p = logistic(RBM.b.numpy() + DATA.numpy() @ RBM.W.numpy())
    for margin in (0.01, 0.2):
        expected = np.mean((p < margin) | (p > 1 - margin))
        assert saturation(RBM, DATA, margin=margin) == pytest.approx(expected)
    strong = Harmonium(1e3 * RBM.W, RBM.a, 1e3 * RBM.b)
    assert saturation(strong, DATA) == 1.0
