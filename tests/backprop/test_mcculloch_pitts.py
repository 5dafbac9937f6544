import numpy as np
import pytest

from nndl_support.backprop import mcculloch_pitts as mp
from nndl_support.backprop.network import forward

AND = np.array([0.0, 0.0, 0.0, 1.0])
OR = np.array([0.0, 1.0, 1.0, 1.0])
XOR = np.array([0.0, 1.0, 1.0, 0.0])


def test_step_fires_at_its_threshold_and_not_below_it():  # I1
    np.testing.assert_array_equal(mp.step([-1e-300, -0.0, 0.0, 1e-300]), [0, 1, 1, 1])


def test_gates_by_hand_have_the_truth_tables_of_and_or_not():  # I2
    np.testing.assert_array_equal(mp.fire(mp.truth_table(2), *mp.AND), AND)
    np.testing.assert_array_equal(mp.fire(mp.truth_table(2), *mp.OR), OR)
    np.testing.assert_array_equal(mp.fire(mp.truth_table(1), *mp.NOT), [1, 0])


def test_a_layer_is_a_column_of_single_neurons():
    rng = np.random.default_rng(0)
    X, W, theta = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    one_by_one = np.column_stack([mp.fire(X, W[:, j], theta[j]) for j in range(2)])
    np.testing.assert_array_equal(mp.fire(X, W, theta), one_by_one)


def test_dummy_node_turns_the_threshold_into_a_weight():  # I3
    rng = np.random.default_rng(1)
    X, w, theta = rng.normal(size=(7, 3)), rng.normal(size=3), 0.4
    np.testing.assert_allclose(mp.append_dummy(X) @ np.append(w, theta), X @ w - theta, atol=1e-15)


def test_truth_table_has_every_row_once():
    table = mp.truth_table(5)
    assert table.shape == (32, 5)
    np.testing.assert_array_equal(table @ 2.0 ** np.arange(5)[::-1], np.arange(32))


def test_rule_leaves_a_right_answer_alone_and_moves_a_wrong_score_towards_the_target():
    w, x = np.array([0.5, -0.2, 0.1]), np.array([1.0, 2.0, -1.0])
    answer = mp.step(w @ x)
    np.testing.assert_array_equal(mp.learning_rule(w, x, answer), w)
    moved = mp.learning_rule(w, x, 1 - answer, learning_rate=0.3)
    np.testing.assert_allclose((moved - w) @ x, 0.3 * (1 - 2 * answer) * (x @ x))


@pytest.mark.parametrize("target", [AND, OR, 1 - AND, 1 - OR])
@pytest.mark.parametrize("learning_rate", [0.1, 1.0, 3.0])
def test_rule_learns_every_gate_that_a_line_separates(target, learning_rate):  # I3
    path, epochs = mp.learn(mp.truth_table(2), target, learning_rate=learning_rate)
    assert epochs < 20
    np.testing.assert_array_equal(mp.fire(mp.truth_table(2), path[-1, :2], path[-1, 2]), target)


def test_rule_never_stops_on_xor_and_its_weights_come_round_again():  # I3
    path, epochs = mp.learn(mp.truth_table(2), XOR, max_epochs=60)
    assert epochs == 60
    at_epoch_end = path[::4]
    period = np.flatnonzero((at_epoch_end[21:] == at_epoch_end[20]).all(axis=1))[0] + 1
    np.testing.assert_array_equal(at_epoch_end[20 : 60 - period], at_epoch_end[20 + period : 60])
    assert len(np.unique(path, axis=0)) < 20


def test_sixteen_functions_of_two_bits_and_only_xor_and_its_complement_defeat_one_neuron():
    defeated = [t for t in mp.truth_table(4) if mp.learn(mp.truth_table(2), t, max_epochs=100)[1] == 100]
    np.testing.assert_array_equal(defeated, [XOR, 1 - XOR])


def test_two_layers_of_hand_set_neurons_compute_xor():  # I4
    np.testing.assert_array_equal(mp.two_layer_xor(mp.truth_table(2)), XOR)


def relu_network(b1, b2):
    weights = [np.ones((2, 2)), np.array([[1.0], [-2.0]])]
    biases = [np.array(b1, dtype=float), np.atleast_1d(np.array(b2, dtype=float))]
    return forward(mp.truth_table(2), weights, biases, ["relu", "identity"])[1][-1]


def test_two_relu_units_compute_xor_with_the_bias_in_the_hidden_layer():  # D31
    np.testing.assert_array_equal(relu_network([0, -1], 0)[:, 0], XOR)


def test_xor_is_lost_when_the_bias_vector_is_put_into_the_output_layer():  # D31, the answer first given to exercise 4-2
    with pytest.raises(ValueError, match=r"\(4,1\) doesn't match the broadcast shape \(4,2\)"):
        relu_network([0, 0], [0, -1])  # two biases for one output
    without = relu_network([0, 0], 0)[:, 0]
    assert without[3] - without[0] == -2  # both should be 0, and no output bias changes the difference


def test_targets_of_the_posted_xor_script_are_xnor():  # D31
    posted_inputs, posted_targets = [[0, 0], [1, 0], [1, 1], [0, 1]], [1, 0, 1, 0]
    np.testing.assert_array_equal(mp.two_layer_xor(posted_inputs), 1 - np.array(posted_targets))


def test_wrong_width_is_named():
    with pytest.raises(ValueError, match="X has 3 columns, but the neuron has 2 weights"):
        mp.fire(mp.truth_table(3), *mp.AND)
