"""What the records of the flow past a cylinder claim, evaluated again."""

import numpy as np
import pytest

from nndl_support import records
from nndl_support.pinn.fixed_point_text import from_text
from nndl_support.pinn.wake_problem import restore, wake_problem
from nndl_support.pinn.wake_samples import relative_errors


@pytest.fixture(scope="module")
def samples():
    record = records.load("pinn/cylinder_samples")
    return from_text(record["points"]), from_text(record["values"])


@pytest.fixture(scope="module")
def truth():
    record = records.load("pinn/cylinder_truth")
    return {name: from_text(record[name]) for name in ("x", "y", "t", "u", "v", "p")}


@pytest.fixture(scope="module")
def inverse():
    record = records.load("pinn/cylinder_inverse")
    return record["setting"] | {"runs": record["runs"]}


@pytest.fixture(scope="module")
def kept(inverse, samples):
    """The runs whose weights the record keeps, with their networks."""
    options = {key: inverse[key] for key in ("length", "hidden", "data_weight")}
    runs = [run for run in inverse["runs"] if run["weights"]]
    return [
        (run, restore(wake_problem(*samples, **options), from_text(run["weights"]), run["parameters"])) for run in runs
    ]


def places_and_fields(truth, k):
    y, x = np.meshgrid(truth["y"], truth["x"], indexing="ij")
    places = np.stack([x.ravel(), y.ravel(), np.full(x.size, truth["t"][k])], axis=1)
    return places, np.stack([truth[name][k].ravel() for name in "uvp"], axis=1)


def test_the_channel_meets_the_intervals_of_1996_and_the_staircase_is_worse():
    figures = records.load("pinn/cylinder_channel")["figures"]
    smooth, staircase = (figures[kind][-1] for kind in ("interpolated", "staircase"))
    assert 0.295 <= smooth["strouhal"] <= 0.305
    assert 0.99 <= smooth["lift_max"] <= 1.01
    assert smooth["drag_max"] == pytest.approx(3.23, rel=0.005)
    assert abs(staircase["drag_max"] - 3.23) > 2 * abs(smooth["drag_max"] - 3.23)


def test_the_beat_tends_to_that_of_an_unbounded_stream():
    rows = records.load("pinn/cylinder_blockage")["figures"]
    assert rows[-1]["strouhal"] == pytest.approx(0.1644, rel=0.03)
    assert all(row["irregularity"] < 0.005 for row in rows)


def test_the_finest_wake_obeys_the_equations_to_half_a_per_cent_and_grids_converge():
    rows = [row for row in records.load("pinn/cylinder_samples")["figures"] if row["velocity"] == 0.05]
    errors = np.array(
        [
            [row[form][f"lambda_{k}"] * s - 1 for form in ("momentum", "vorticity") for k, s in ((1, 1), (2, 100))]
            for row in rows
        ]
    )
    assert np.abs(errors[-1]).max() < 0.006
    assert (np.abs(errors[-1]) < np.abs(errors[0])).all()
    assert rows[-1]["strouhal"] == pytest.approx(0.1644, rel=0.05)


def test_samples_lie_in_the_window_and_belong_to_the_truth(samples, truth):
    points, values = samples
    assert points.shape == values.shape == (5000, 3)
    assert (points.min(axis=0) >= [1, -2, 0]).all()
    assert (points.max(axis=0) <= [8, 2, 8]).all()
    # the nearest node of the truth is at most an eighth of a diameter and a twentieth of a time unit away
    for k, moment in enumerate(truth["t"]):
        near = np.abs(points[:, 2] - moment) < 0.051
        assert near.sum() > 30
        i, j = (np.abs(truth[name] - points[near, c, None]).argmin(axis=1) for c, name in enumerate("xy"))
        nodes = np.stack([truth[name][k, j, i] for name in "uvp"], axis=1)
        np.testing.assert_allclose(values[near], nodes, atol=0.15)
        # much closer than two random places of the wake
        assert (np.abs(values[near] - nodes).mean(axis=0) < 0.1 * values.std(axis=0)).all()


def test_parameters_were_recovered_within_the_bars(inverse):
    for noise, bar in ((0.0, 0.04), (0.01, 0.05)):
        found = np.array([list(run["parameters"].values()) for run in inverse["runs"] if run["noise"] == noise])
        assert found.shape == (3, 2)
        errors = np.median(np.abs(found / [1.0, 0.01] - 1), axis=0)
        assert errors[0] <= 0.005
        assert errors[1] <= bar


def test_every_run_ended_where_its_history_ends(inverse):
    assert sorted({run["noise"] for run in inverse["runs"]}) == [0.0, 0.01, 0.05]
    for run in inverse["runs"]:
        history = run["history"]
        assert history["iteration"][-1] == inverse["iterations"] * len(inverse["stages"])
        assert history["lambda1"][-1] == pytest.approx(run["trained"]["lambda1"], abs=2e-6)
        assert history["lambda2"][-1] == pytest.approx(run["trained"]["lambda2"], abs=2e-7)


def test_the_recorded_networks_have_the_errors_recorded(inverse, kept, truth):
    assert [run["noise"] for run, _ in kept] == [0.0, 0.01, 0.05]
    for run, solution in kept:
        for k, moment in enumerate(truth["t"]):
            places, fields = places_and_fields(truth, k)
            found = relative_errors(solution.predict(places), fields)
            np.testing.assert_allclose(found, run["errors"][f"{moment:g}"], atol=2e-3)


def test_the_recorded_networks_obey_the_equations_with_their_parameters_and_no_others(kept):
    places = np.random.default_rng(0).random((400, 3)) * [6.0, 3.0, 5.0] + [1.5, -1.5, 0.5]

    def sizes(solution, l1, l2):
        """Root mean square of both momentum equations, and of the continuity equation."""
        along_x = solution.evaluate(
            places, lambda f: f.u_t + l1 * (f.u * f.u_x + f.v * f.u_y) + f.p_x - l2 * (f.u_xx + f.u_yy)
        )
        along_y = solution.evaluate(
            places, lambda f: f.v_t + l1 * (f.u * f.v_x + f.v * f.v_y) + f.p_y - l2 * (f.v_xx + f.v_yy)
        )
        divergence = solution.evaluate(places, lambda f: f.u_x + f.v_y)
        return np.sqrt((along_x**2 + along_y**2).mean()), np.sqrt((divergence**2).mean())

    for _, solution in kept:
        l1, l2 = solution.parameters.values()
        convection = solution.evaluate(places, lambda f: f.u * f.u_x + f.v * f.u_y)
        momentum, divergence = sizes(solution, l1, l2)
        assert momentum < 0.1 * np.sqrt((convection**2).mean())
        assert divergence < 0.03
        assert sizes(solution, l1 - 0.1, l2)[0] > 1.5 * momentum
        assert sizes(solution, l1, 2 * l2)[0] > 1.1 * momentum
