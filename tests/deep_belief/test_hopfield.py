import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support.data.letters import load_letters
from nndl_support.deep_belief import hopfield, modern_hopfield
from nndl_support.deep_belief.hopfield import HopfieldNetwork
from nndl_support.deep_belief.hopfield_dynamics import asynchronous_recall, energy, synchronous_recall
from nndl_support.deep_belief.hopfield_storage import hebb_weights, projection_weights

P, N = 3, 23
RNG = np.random.default_rng(0)
X = RNG.choice([-1.0, 1.0], (P, N))
LETTERS = 2.0 * (load_letters(["DejaVuSans"]).X > 0.5) - 1.0
RULES = {"hebb": hebb_weights, "pseudo_inverse": projection_weights}


class SignHopfieldNetwork(HopfieldNetwork):
    """A network of the signs of any numbers: the checks feed what is neither -1 nor 1."""

    def _check_values(self, X):
        return super()._check_values(np.where(X > 0, 1.0, -1.0))


@parametrize_with_checks(
    [
        SignHopfieldNetwork(),
        SignHopfieldNetwork(storage="pseudo_inverse", update="synchronous"),
        SignHopfieldNetwork(fit_thresholds=True),
    ]
)
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("storage", RULES)
def test_it_stores_by_the_rule_of_that_name(storage):
    memory = HopfieldNetwork(storage=storage).fit(X)
    np.testing.assert_array_equal(memory.weights_, RULES[storage](X))
    np.testing.assert_array_equal(memory.thresholds_, np.zeros(N))
    np.testing.assert_array_equal(memory.energy(X), energy(RULES[storage](X), X))


def test_it_recalls_by_the_dynamics_of_that_name():
    noisy = np.where(RNG.random((11, N)) < 0.2, -1.0, 1.0) * X[np.arange(11) % P]
    memory = HopfieldNetwork(update="synchronous").fit(X)
    np.testing.assert_array_equal(memory.predict(noisy), synchronous_recall(memory.weights_, noisy).states)
    memory = HopfieldNetwork(random_state=3).fit(X)
    seed = np.random.RandomState(3).randint(2**31)
    expected = asynchronous_recall(memory.weights_, noisy, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(memory.predict(noisy), expected.states)
    np.testing.assert_array_equal(memory.recall(noisy).energies, expected.energies)


def test_all_units_at_once_see_their_thresholds():
    memory = HopfieldNetwork(update="synchronous", fit_thresholds=True, max_iter=1).fit(X)
    probes = np.random.default_rng(1).choice([-1.0, 1.0], (53, N))
    fields = probes @ memory.weights_
    expected = np.where(fields - memory.thresholds_ >= -1e-9, 1.0, -1.0)
    np.testing.assert_array_equal(memory.predict(probes), expected)
    assert (expected != np.where(fields >= -1e-9, 1.0, -1.0)).any()


@pytest.mark.parametrize("storage", RULES)
def test_thresholds_are_the_weights_of_a_unit_that_is_always_on(storage):
    memory = HopfieldNetwork(storage=storage, fit_thresholds=True).fit(X)
    whole = RULES[storage](np.hstack([X, np.ones((P, 1))]))
    probes = RNG.choice([-1.0, 1.0], (7, N))
    ours = memory.energy(probes)
    theirs = energy(whole, np.hstack([probes, np.ones((7, 1))]))
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_thresholds_take_the_reversed_patterns_away():
    for storage in RULES:
        plain, with_thresholds = (
            HopfieldNetwork(storage=storage, fit_thresholds=f, random_state=0).fit(LETTERS) for f in (False, True)
        )
        gap = with_thresholds.energy(-LETTERS) - with_thresholds.energy(LETTERS)
        assert (gap > 0).all()
        np.testing.assert_allclose(plain.energy(-LETTERS), plain.energy(LETTERS))


@pytest.mark.parametrize("seed", range(4))
def test_three_random_patterns_are_recalled_from_a_quarter_of_errors(seed):
    rng = np.random.default_rng(seed)
    patterns = rng.choice([-1.0, 1.0], (3, 149))
    noisy = patterns * np.where(rng.random(patterns.shape) < 0.25, -1.0, 1.0)
    for storage in RULES:
        memory = HopfieldNetwork(storage=storage, random_state=seed).fit(patterns)
        assert memory.identify(noisy).tolist() == [0, 1, 2]


def test_letters_are_too_much_alike_for_hebb_and_not_for_the_projection():
    hebb, projection = (HopfieldNetwork(storage=s, random_state=0).fit(LETTERS) for s in RULES)
    assert (hebb.identify(LETTERS) >= 0).mean() < 0.1
    np.testing.assert_array_equal(projection.identify(LETTERS), np.arange(26))
    assert projection.recall(LETTERS).n_steps.max() == 0


def test_identify_says_minus_one_to_a_reversed_pattern():
    memory = HopfieldNetwork(random_state=0).fit(X)
    assert memory.identify(np.vstack([X, -X])).tolist() == [0, 1, 2, -1, -1, -1]


def test_the_same_random_state_recalls_the_same_way_and_fit_forgets():
    memory = HopfieldNetwork(random_state=1).fit(X)
    probes = RNG.choice([-1.0, 1.0], (31, N))
    np.testing.assert_array_equal(memory.predict(probes), memory.predict(probes))
    again = clone(memory).fit(-X[:1]).fit(X)
    np.testing.assert_array_equal(again.weights_, memory.weights_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"storage": "storkey"}, "storage is 'storkey'; expected one of hebb, pseudo_inverse"),
        ({"update": "random"}, "update is 'random'; expected one of asynchronous, synchronous"),
        ({"max_iter": 0}, "max_iter must be at least 1 and whole, got 0"),
        ({"max_iter": 1.5}, "max_iter must be at least 1 and whole, got 1.5"),
    ],
)
def test_parameters_that_do_not_exist_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        HopfieldNetwork(**parameters).fit(X)
    with pytest.raises(ValueError, match=message):
        HopfieldNetwork().fit(X).set_params(**parameters).predict(X)


def test_states_that_are_none_are_named_everywhere():
    memory = HopfieldNetwork().fit(X)
    for method in (memory.fit, memory.predict, memory.recall, memory.identify, memory.energy):
        with pytest.raises(ValueError, match="states are -1 or 1, but"):
            method((X + 1) / 2)
        with pytest.raises(ValueError, match="NaN"):
            method(np.where(X > 0, np.nan, -1.0))
    with pytest.raises(ValueError, match="X has 22 features, but HopfieldNetwork is expecting 23 features"):
        memory.predict(X[:, 1:])


def test_the_modern_network_may_be_imported_from_here():
    assert hopfield.ModernHopfieldNetwork is modern_hopfield.ModernHopfieldNetwork
    assert set(hopfield.__all__) == {"HopfieldNetwork", "ModernHopfieldNetwork"}
