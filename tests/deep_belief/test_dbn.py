import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.data.digits import load_digits
from nndl_support.deep_belief import dbn_bound, enumeration, wake_sleep
from nndl_support.deep_belief.dbn import DeepBeliefNetwork
from nndl_support.deep_belief.partition import annealed_importance_sampling


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


# --- the estimator -----------------------------------------------------------------------------------------------------


def test_pretrain_is_fit_and_a_fit_is_repeatable():
    X, _ = stripes()
    options = {"n_epochs": 3, "random_state": 0}
    one, two = DeepBeliefNetwork((5, 3), **options).fit(X), DeepBeliefNetwork((5, 3), **options).pretrain(X)
    np.testing.assert_array_equal(one.top_weights_, two.top_weights_)
    np.testing.assert_array_equal(one.sample(7, n_steps=5), two.sample(7, n_steps=5))
    for network in (one, two):
        network.wake_sleep(X, n_epochs=2)
    np.testing.assert_array_equal(one.recognition_weights_[0], two.recognition_weights_[0])
    copied = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(copied.log_likelihood_bound(X), one.log_likelihood_bound(X))
    assert clone(one).hidden_layer_sizes == (5, 3)


def test_after_pretraining_the_way_down_is_the_way_up_transposed():
    X, _ = stripes()
    dbn = DeepBeliefNetwork((5, 3, 7), n_epochs=2, random_state=0).fit(X)
    for up, down, rbm in zip(dbn.recognition_weights_, dbn.generative_weights_, dbn.rbms_, strict=False):
        np.testing.assert_array_equal(up, down.T)
        np.testing.assert_array_equal(up, rbm.components_.T)
    assert [w.shape for w in dbn.recognition_weights_] == [(6, 5), (5, 3)]
    assert dbn.top_weights_.shape == (3, 7)
    dbn.wake_sleep(X, n_epochs=1)
    assert np.abs(dbn.recognition_weights_[0] - dbn.generative_weights_[0].T).max() > 0
    np.testing.assert_array_equal(
        dbn.rbms_[0].components_.T, dbn.rbms_[0].harmonium_.W
    )  # the machines stay as they were


def test_a_layer_learns_from_the_hidden_means_of_the_one_below():
    X, _ = stripes()
    dbn = DeepBeliefNetwork((5, 3), n_epochs=3, redraw=False, random_state=0).fit(X)
    first, second = dbn.rbms_
    again = clone(second).fit(first.transform(X))
    np.testing.assert_allclose(again.components_, second.components_, atol=1e-12)


def test_hidden_units_are_drawn_anew_and_pixels_are_not():
    X = np.clip(stripes()[0], 0.1, 0.9)
    drawn, means = (
        DeepBeliefNetwork((5, 3), n_epochs=3, redraw=redraw, random_state=0).fit(X) for redraw in (True, False)
    )
    np.testing.assert_array_equal(drawn.rbms_[0].components_, means.rbms_[0].components_)
    assert np.abs(drawn.rbms_[1].components_ - means.rbms_[1].components_).max() > 1e-4


def test_one_layer_is_a_restricted_boltzmann_machine():
    X, _ = stripes()
    dbn = DeepBeliefNetwork((3,), n_epochs=5, random_state=0).fit(X)
    np.testing.assert_allclose(dbn.log_likelihood_bound(X, n_samples=1), dbn.rbms_[0].score_samples(X), atol=1e-10)
    assert dbn.sample(4, n_steps=3, probabilities=True).shape == (4, 6)
    assert DeepBeliefNetwork(3, n_epochs=1).fit(X).transform(X).shape == (60, 3)


def test_options_may_be_given_for_every_layer():
    X, _ = stripes()
    dbn = DeepBeliefNetwork((5, 3), method=("cd", "exact"), n_epochs=(1, 2), learning_rate=[0.1, 0.2]).fit(X)
    assert [(r.method, r.n_epochs, r.learning_rate) for r in dbn.rbms_] == [("cd", 1, 0.1), ("exact", 2, 0.2)]
    with pytest.raises(ValueError, match="n_epochs has 3 entries, but there are 2 layers"):
        DeepBeliefNetwork((5, 3), n_epochs=(1, 2, 3)).fit(X)


def test_single_precision_stays_single():
    X = stripes()[0].astype(np.float32)
    dbn = DeepBeliefNetwork((5, 3), n_epochs=1, random_state=0).fit(X).wake_sleep(X, n_epochs=1)
    assert {dbn.transform(X).dtype, dbn.top_weights_.dtype, dbn.generative_biases_[0].dtype} == {np.dtype("float32")}


@pytest.mark.parametrize("seed", range(2))
def test_on_digits_the_stack_beats_its_first_machine_and_wake_sleep_adds_to_it(seed):
    digits = load_digits()
    X = (digits.X_train > 0.5).astype(float)
    options = {"method": "pcd", "n_chains": 100, "batch_size": 50, "schedule": "linear", "random_state": seed}
    dbn = DeepBeliefNetwork((11, 64), start="transpose", n_epochs=(30, 15), learning_rate=(0.3, 0.2), **options).fit(X)
    machine, greedy = dbn.rbms_[0].score(X), dbn.score(X)
    refined = dbn.wake_sleep(X, n_epochs=15, learning_rate=0.02).score(X)
    assert machine + 0.01 < greedy
    assert greedy + 0.01 < refined
    random_start = DeepBeliefNetwork((11, 7), n_epochs=(30, 15), learning_rate=(0.3, 0.2), **options).fit(X)
    assert random_start.score(X) < machine - 0.2


def test_samples_look_like_the_data():
    X, _ = stripes(200)
    dbn = DeepBeliefNetwork(
        (5, 6), method="exact", n_epochs=150, learning_rate=0.5, batch_size=200, random_state=0
    ).fit(X)
    drawn = dbn.sample(400, n_steps=100, random_state=1)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    halves = drawn.reshape(400, 2, 3).mean(2)
    assert (np.abs(halves[:, 0] - halves[:, 1]) > 0.5).mean() > 0.8
    from_data = dbn.sample(60, n_steps=1, start=X[:60], probabilities=True)
    assert ((from_data > 0.5) == (X[:60] > 0.5)).mean() > 0.6


# --- labels ------------------------------------------------------------------------------------------------------------


def labelled(seed=0):
    X, side = stripes(200, seed=seed)
    options = {"method": "exact", "n_epochs": 150, "learning_rate": 0.5, "batch_size": 200, "random_state": seed}
    names = np.array(["left", "right"])[side]
    return DeepBeliefNetwork((5, 4), use_labels=True, **options).fit(X, names), X, names


@pytest.mark.parametrize("seed", range(3))
def test_with_labels_it_classifies_and_draws_what_it_is_asked_for(seed):
    dbn, X, names = labelled(seed)
    assert (dbn.predict(X) == names).mean() > 0.95
    np.testing.assert_allclose(dbn.predict_proba(X).sum(1), 1, rtol=1e-12)
    wanted = np.array(["right", "left"] * 100)
    drawn = dbn.sample(200, label=wanted, n_steps=60, probabilities=True)
    left = drawn[:, :3].mean(1) > drawn[:, 3:].mean(1)
    assert (np.where(left, "left", "right") == wanted).mean() > 0.85
    dbn.wake_sleep(X, names, n_epochs=2)
    assert (dbn.predict(X) == names).mean() > 0.9
    assert dbn.to_classifier(2)[2].weight.shape == (4, 5)  # without the labels


def test_label_probabilities_are_those_of_the_top_machine():
    dbn, X, _ = labelled()
    stack = dbn.stack_
    h = stack.means_up(torch.tensor(X))[0]
    weight = torch.stack([-stack.top.free_energy(torch.cat([h, torch.eye(2)[k].expand(200, 2)], 1)) for k in (0, 1)], 1)
    np.testing.assert_allclose(dbn.predict_proba(X), weight.softmax(1), rtol=1e-10)


def test_errors_about_labels():
    dbn, X, names = labelled()
    with pytest.raises(ValueError, match="use_labels is True, but y is None"):
        DeepBeliefNetwork((5, 3), use_labels=True).fit(X)
    with pytest.raises(ValueError, match="y has 3 entries; expected 200"):
        DeepBeliefNetwork((5, 3), use_labels=True).fit(X, names[:3])
    with pytest.raises(ValueError, match="y has the single class 'a'; expected at least 2"):
        DeepBeliefNetwork((5, 3), use_labels=True).fit(X, ["a"] * 200)
    with pytest.raises(ValueError, match=r"label 'up' is none of the classes \['left', 'right'\]"):
        dbn.sample(3, label="up")
    plain = DeepBeliefNetwork((5, 3), n_epochs=0).fit(X)
    with pytest.raises(ValueError, match="label is given, but the network was fitted without labels"):
        plain.sample(3, label="left")
    assert not hasattr(plain, "predict")


# --- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_layer_sizes": ()}, "at least one layer of at least 1 unit"),
        ({"hidden_layer_sizes": (3, 0)}, "at least one layer of at least 1 unit"),
        ({"start": "zero"}, "start is 'zero'; expected one of random, transpose"),
        ({"start": "transpose"}, "layer 2 has 3 units and layer 0 has 6: start='transpose' needs as many"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DeepBeliefNetwork(**({"hidden_layer_sizes": (5, 3)} | options)).fit(stripes()[0])


def test_data_outside_of_the_unit_interval_are_refused():
    X, _ = stripes()
    for bad, message in ((1.5, "1 of 360 entries are not values in"), (-0.1, "1 of 360"), (np.nan, "NaN")):
        wrong = X.copy()
        wrong[3, 2] = bad
        with pytest.raises(ValueError, match=message):
            DeepBeliefNetwork((5, 3)).fit(wrong)


def test_wake_sleep_is_a_plain_loop_over_shuffled_rows_each_with_its_own_label():
    X, y = stripes(n=23)
    dbn = DeepBeliefNetwork((5, 3), n_epochs=1, use_labels=True, random_state=0).fit(X, y)
    g, stack, v = torch.Generator(), dbn.stack_, torch.tensor(X)
    g.set_state(dbn._generator.get_state())
    one_hot = torch.eye(2, dtype=torch.float64)[torch.tensor(y)]
    for _ in range(2):
        for rows in torch.randperm(23, generator=g).split(7):
            step = wake_sleep.contrastive_wake_sleep(stack, v[rows], 3, g, labels=one_hot[rows])
            stack = wake_sleep.moved(stack, step, 0.1)
    dbn.wake_sleep(X, y, n_epochs=2, learning_rate=0.1, n_steps=3, batch_size=7)
    for found, expected in zip(wake_sleep.parameters(dbn.stack_), wake_sleep.parameters(stack), strict=True):
        torch.testing.assert_close(found, expected)


def test_every_layer_and_every_random_state_begins_at_weights_of_its_own():
    X, _ = stripes(n=11)
    starts = [
        rbm.components_
        for seed in (1, 2)
        for rbm in DeepBeliefNetwork((6, 6), n_epochs=0, random_state=seed).fit(X).rbms_
    ]
    assert all(abs(starts[i] - starts[j]).max() > 1e-4 for i in range(4) for j in range(i))


def test_where_no_layer_can_be_listed_annealing_starts_from_the_means_of_the_hidden_states():
    X, _ = stripes(n=11)
    dbn = DeepBeliefNetwork((21, 22), n_epochs=2, learning_rate=0.5, random_state=0).fit(X)
    options = {"n_chains": 5, "n_temperatures": 7, "random_state": 3}
    expected, _ = annealed_importance_sampling(dbn.stack_.top, base_bias=dbn.rbms_[-1].base_bias_, **options)
    assert dbn.log_partition(**options) == expected
    assert abs(dbn.rbms_[-1].base_bias_).max() > 0.1


def test_wake_sleep_refuses_what_it_cannot_do():
    X, _ = stripes()
    with pytest.raises(NotFittedError):
        DeepBeliefNetwork((5, 3)).wake_sleep(X)
    dbn = DeepBeliefNetwork((5, 3), n_epochs=0).fit(X)
    with pytest.raises(ValueError, match="learning_rate is 0; expected a finite number > 0"):
        dbn.wake_sleep(X, learning_rate=0)
    with pytest.raises(ValueError, match="n_epochs is -1 and n_steps 1"):
        dbn.wake_sleep(X, n_epochs=-1)
    with pytest.raises(ValueError, match="n_classes is 1; expected at least 2"):
        dbn.to_classifier(1)


def test_a_partition_function_too_large_to_list_is_estimated():
    X = np.repeat(stripes()[0], 4, axis=1)
    dbn = DeepBeliefNetwork((23, 21), n_epochs=2, random_state=0).fit(X)
    estimate = dbn.log_partition(n_temperatures=300)
    assert estimate == dbn.log_partition(n_temperatures=300)
    small = DeepBeliefNetwork((23, 7), n_epochs=2, random_state=0).fit(X)
    assert small.log_partition() == pytest.approx(enumeration.log_z(small.stack_.top).item(), abs=1e-12)
    assert np.isfinite(dbn.log_likelihood_bound(X, n_temperatures=100)).all()
