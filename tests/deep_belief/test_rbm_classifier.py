import math

import numpy as np
import pytest
import torch
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.data.digits import load_digits
from nndl_support.deep_belief.enumeration import exact_log_likelihood, exact_moments
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import moments
from nndl_support.deep_belief.rbm_classifier import RBMClassifier, class_log_probabilities, label_free_phase
from nndl_support.deep_belief.units import BernoulliUnits, JointUnits, SoftmaxUnits

F64 = torch.float64
B, D, K, H = 7, 5, 3, 2


class SquashedClassifier(RBMClassifier):
    """The classifier for any numbers: the checks feed what lies outside [0, 1]."""

    def _tensor(self, X):
        return super()._tensor(0.5 + np.arctan(X) / np.pi)


@parametrize_with_checks(
    [SquashedClassifier(8, n_epochs=15, batch_size=8), SquashedClassifier(8, generative=0.0, n_epochs=15, batch_size=8)]
)
def test_the_classifier_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def machine(seed=0):
    generator = torch.Generator().manual_seed(seed)
    W, a, b = (torch.randn(s, generator=generator, dtype=F64) for s in ((D + K, H), (D + K,), (H,)))
    return Harmonium(W, a, b, JointUnits([BernoulliUnits(D), SoftmaxUnits(K, K)]))


RBM = machine()
X = torch.randint(0, 2, (B, D), generator=torch.Generator().manual_seed(1)).double()
Y = torch.eye(K, dtype=F64)[torch.arange(B) % K]


def test_class_probabilities_are_those_of_the_enumerated_joint_distribution():
    joint = torch.stack(
        [exact_log_likelihood(RBM, torch.cat([X, torch.eye(K, dtype=F64)[k].expand(B, -1)], 1)) for k in range(K)], 1
    )
    torch.testing.assert_close(class_log_probabilities(RBM, X), joint.log_softmax(1), rtol=1e-10, atol=1e-12)


def test_clamped_minus_label_free_is_the_gradient_of_the_conditional_likelihood():
    v = torch.cat([X, Y], 1)
    gradient = moments(RBM, v).minus(label_free_phase(RBM, X))
    step = 1e-5
    for name in ("W", "a", "b"):
        for place in np.ndindex(*getattr(RBM, name).shape):
            values = []
            for sign in (1, -1):
                moved = {n: getattr(RBM, n).clone() for n in ("W", "a", "b")}
                moved[name][place] += sign * step
                there = Harmonium(**moved, visible=RBM.visible)
                values.append(float((class_log_probabilities(there, X) * Y).sum(1).mean()))
            assert float(getattr(gradient, name)[place]) == pytest.approx(
                (values[0] - values[1]) / (2 * step), abs=2e-9
            )


def test_the_features_biases_have_no_discriminative_gradient():
    gradient = moments(RBM, torch.cat([X, Y], 1)).minus(label_free_phase(RBM, X))
    np.testing.assert_allclose(gradient.a[:D], 0, atol=1e-14)
    assert gradient.a[D:].abs().max() > 0.01


def test_the_label_free_phase_is_an_average_over_labels_drawn_from_their_probabilities():
    p = class_log_probabilities(RBM, X).exp()
    total = [torch.zeros_like(x) for x in (RBM.W, RBM.a, RBM.b)]
    for n in range(B):
        for k in range(K):
            v = torch.cat([X[n], torch.eye(K, dtype=F64)[k]])[None]
            for part, one in zip(total, moments(RBM, v)):
                part += p[n, k] * one / B
    for ours, theirs in zip(label_free_phase(RBM, X), total):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("generative", [0.0, 0.3, math.inf])
def test_learning_is_one_step_of_the_mixed_gradient(generative):
    """One epoch, one batch, the negative phase by enumeration: the update by hand."""
    options = {"generative": generative, "method": "exact", "learning_rate": 0.2, "batch_size": B, "random_state": 0}
    model = RBMClassifier(H, n_epochs=1, weight_decay=0.1, **options).fit(X.numpy(), Y.argmax(1).numpy())
    v = torch.cat([X, Y], 1)
    generator = torch.Generator().manual_seed(int(np.random.RandomState(0).randint(2**31 - 1)))
    start = model._new(v, generator)
    positive = moments(start, v)
    joint, conditional = positive.minus(exact_moments(start)), positive.minus(label_free_phase(start, X))
    for name in ("W", "a", "b"):
        g, c = getattr(joint, name), getattr(conditional, name)
        slope = g if math.isinf(generative) else c + generative * g
        if name == "W":
            slope = slope - 0.1 * start.W
        torch.testing.assert_close(getattr(model.harmonium_, name), getattr(start, name) + 0.2 * slope)


@pytest.mark.parametrize(("generative", "least"), [(0.0, 0.94), (0.01, 0.94), (math.inf, 0.88)])
def test_it_reads_digits(generative, least):
    digits = load_digits()
    options = {"learning_rate": 0.2, "momentum": 0.0} if generative else {}
    if generative == 0.01:
        options = {}
    model = RBMClassifier(60, generative=generative, n_epochs=25, random_state=0, **options)
    assert model.fit(digits.X_train.astype("float32"), digits.y_train).score(digits.X_test, digits.y_test) > least


def test_samples_of_a_label_look_like_its_examples():
    """Two classes of opposite stripes: what is drawn under a label is classified as that label."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    stripes = np.where(y[:, None] == np.arange(6) % 2, 0.95, 0.05)
    x = (rng.random((60, 6)) < stripes).astype(float)
    model = RBMClassifier(4, generative=math.inf, learning_rate=0.5, momentum=0.0, n_epochs=100, random_state=0).fit(
        x, y
    )
    for label in (0, 1):
        drawn = model.sample(label, 50, n_steps=100, random_state=1)
        assert drawn.shape == (50, 6)
        assert (model.predict(drawn) == label).mean() > 0.9


def test_labels_may_be_anything_that_can_be_told_apart():
    y = np.array(["rye", "oat", "rye", "oat", "corn", "corn", "oat"])
    model = RBMClassifier(H, n_epochs=2, random_state=0).fit(X.numpy(), y)
    assert model.classes_.tolist() == ["corn", "oat", "rye"]
    assert set(model.predict(X.numpy())) <= set(y)
    np.testing.assert_allclose(model.predict_proba(X.numpy()).sum(1), 1)
    with pytest.raises(ValueError, match="label 'wheat' is none of the 3 classes"):
        model.sample("wheat")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components is 0; expected at least 1"),
        ({"n_epochs": 0}, "n_epochs is 0; expected at least 1"),
        ({"generative": -1.0}, "generative is -1.0; expected at least 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; expected a finite number > 0"),
        ({"momentum": 1.0}, r"momentum is 1.0; expected a number in \[0, 1\)"),
        ({"method": "sml"}, "method is 'sml'"),
    ],
)
def test_impossible_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        RBMClassifier(**options).fit(X.numpy(), Y.argmax(1).numpy())


def test_impossible_data_are_named():
    with pytest.raises(ValueError, match=r"not values in \[0, 1\]"):
        RBMClassifier().fit(2 * X.numpy(), Y.argmax(1).numpy())
    with pytest.raises(ValueError, match="only one class is present, which is 4"):
        RBMClassifier().fit(X.numpy(), np.full(B, 4))
    with pytest.raises(ValueError, match="x has 8 columns, which leaves no labels among 8 visible units"):
        class_log_probabilities(RBM, torch.zeros(1, D + K, dtype=F64))
