import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.data.digits import load_digits
from nndl_support.deep_belief import dbn_bound, enumeration
from nndl_support.deep_belief.dbn import DeepBeliefNetwork

RNG = np.random.default_rng(0)


def stripes(n=60, seed=0):
    """Rows of 6 pixels, the left half or the right half on, each pixel wrong with probability 0.05; and which half."""
    rng = np.random.default_rng(seed)
    side = rng.integers(2, size=n)
    X = np.repeat(np.eye(2)[side], 3, axis=1)
    return np.abs(X - (rng.random(X.shape) < 0.05)), side


class SquashedNetwork(DeepBeliefNetwork):
    """A deep belief network of any numbers: the checks feed what lies outside [0, 1]."""

    def _checked(self, v):
        return super()._checked(torch.sigmoid(v))


@parametrize_with_checks(
    [
        SquashedNetwork((5, 3), n_epochs=2, random_state=0),
        SquashedNetwork((5, 3), n_epochs=1, method="pcd", redraw=False, random_state=0),
    ]
)
def test_the_network_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


# --- the bound, exactly ------------------------------------------------------------------------------------------------


def test_with_the_second_machine_upside_down_the_bound_is_the_first_machines_likelihood():
    X, _ = stripes()
    dbn = DeepBeliefNetwork((5, 6), start="transpose", n_epochs=(30, 0), learning_rate=0.2, random_state=0).fit(X)
    exact = enumeration.exact_log_likelihood(dbn.rbms_[0].harmonium_, torch.tensor(X))
    np.testing.assert_allclose(dbn_bound.exact_bound(dbn.stack_, torch.tensor(X)), exact, atol=1e-10)
    np.testing.assert_allclose(dbn_bound.exact_log_likelihood(dbn.stack_, torch.tensor(X)), exact, atol=1e-10)
    # each single draw already gives it
    np.testing.assert_allclose(dbn.log_likelihood_bound(X, n_samples=1), exact, atol=1e-10)


def test_the_classifier_is_the_way_up():
    X, _ = stripes()
    dbn = DeepBeliefNetwork((5, 3, 7), n_epochs=5, random_state=0).fit(X)
    classifier = dbn.to_classifier(4)
    hidden = classifier[:-1](torch.tensor(X, dtype=torch.float32)).detach()
    np.testing.assert_allclose(hidden, dbn.transform(X), atol=1e-6)
    assert [type(m).__name__ for m in classifier] == ["Linear", "Sigmoid"] * 3 + ["Linear"]
    assert classifier(torch.zeros(2, 6)).shape == (2, 4)
    again = dbn.to_classifier(4)
    assert all(torch.equal(p, q) for p, q in zip(classifier.parameters(), again.parameters(), strict=True))
    with torch.no_grad():
        classifier[0].weight.zero_()
    assert np.abs(dbn.recognition_weights_[0]).min() > 0  # nothing is shared
