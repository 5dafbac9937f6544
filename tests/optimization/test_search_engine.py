"""The loop: order, workers, failures, resuming after a real kill, bad input. Judged with plans that are written here."""

import json
import os
import signal
import subprocess
import sys
import time

import joblib
import numpy as np
import pytest

from nndl_support.optimization.search_engine import Proposal, Search, SearchResult, SequentialSearch, Trial

SPACE = {"x": (-1.0, 1.0), "n": (1, 7), "kind": ["a", "b"]}


def bowl(config):
    return (config["x"] - 0.3) ** 2 + config["n"] / 7


class Draws(Search):
    """Random draws in batches of a given size."""

    def __init__(self, batch=100):
        self.batch = batch

    def _plan(self, space, budget, rng, batch_size):
        while budget > 0:
            n = min(budget, self.batch)
            yield [Proposal(space.sample(rng)) for _ in range(n)]
            budget -= n


class Ladder(Search):
    """The better half again, with twice the resource."""

    takes_resource = True

    def _plan(self, space, budget, rng, batch_size):
        configs, resource = [space.sample(rng) for _ in range(8)], 1
        while configs:
            trials = yield [Proposal(config, resource) for config in configs]
            configs = [trial.config for trial in sorted(trials, key=lambda t: t.value)[: len(configs) // 2]]
            resource *= 2


class Walk(SequentialSearch):
    """A step away from the best so far; remembers what it was told."""

    def _propose(self, space, trials, rng, n):
        if not trials:
            return [space.sample(rng) for _ in range(n)]
        centre = space.encode(min(trials, key=lambda t: t.value).config)
        return [space.decode(np.clip(centre + rng.normal(0, 0.2, len(space)), 0, 1)) for _ in range(n)]


def test_the_best_trial_is_the_smallest_value_and_trials_are_in_order():
    result = Draws().minimize(bowl, SPACE, budget=23, random_state=1)
    assert [trial.number for trial in result.trials] == list(range(23))
    assert [trial.value for trial in result.trials] == [bowl(trial.config) for trial in result.trials]
    assert result.best_value == min(trial.value for trial in result.trials) == bowl(result.best_config)
    np.testing.assert_array_equal(result.best_so_far(), np.minimum.accumulate([t.value for t in result.trials]))
    np.testing.assert_array_equal(result.resource_spent(), np.arange(1, 24))


def test_a_plan_is_sent_the_trials_of_its_batch_in_the_order_of_its_proposals():
    seen = []

    class Listening(Search):
        def _plan(self, space, budget, rng, batch_size):
            for size in (3, 1, 2):
                proposals = [Proposal(space.sample(rng)) for _ in range(size)]
                trials = yield proposals
                seen.append([t.config for t in trials] == [p.config for p in proposals])

    assert len(Listening().minimize(bowl, SPACE, budget=1, n_jobs=2).trials) == 6
    assert seen == [True, True, True]


def test_the_same_seed_gives_the_same_search_and_another_seed_another():
    runs = [Walk().minimize(bowl, SPACE, budget=11, random_state=seed).trials for seed in (5, 5, 6)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    fresh = [Draws().minimize(bowl, SPACE, budget=3).trials for _ in range(2)]
    assert fresh[0] != fresh[1]


def test_a_generator_as_random_state_moves_on_from_search_to_search():
    rng = np.random.default_rng(0)
    first, second = (Draws().minimize(bowl, SPACE, budget=3, random_state=rng).trials for _ in range(2))
    assert first != second
    assert first == Draws().minimize(bowl, SPACE, budget=3, random_state=np.random.default_rng(0)).trials


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_neither_workers_nor_backend_change_the_result(backend):
    alone = Ladder().minimize(lambda config, r: bowl(config) / r, SPACE, budget=1, random_state=2)
    with joblib.parallel_config(backend):
        # multiprocessing knows functions by name only, and gives results only when the batch is done.
        many = Ladder().minimize(bowl_by_resource, SPACE, budget=1, random_state=2, n_jobs=2)
    assert many.trials == alone.trials
    assert many.best_trial == alone.best_trial


def bowl_by_resource(config, resource):
    return bowl(config) / resource


def test_workers_do_run_at_the_same_time():
    start = time.perf_counter()
    with joblib.parallel_config("threading"):
        result = Draws().minimize(lambda config: time.sleep(0.2) or 0.0, SPACE, budget=8, n_jobs=8)
    assert time.perf_counter() - start < 0.2 * 8 / 2
    assert min(trial.seconds for trial in result.trials) >= 0.19


def test_a_sequential_search_is_asked_for_as_many_proposals_as_there_are_workers():
    asked = []

    class Asked(Walk):
        def _propose(self, space, trials, rng, n):
            asked.append((len(trials), n))
            return super()._propose(space, trials, rng, n)

    with joblib.parallel_config("threading"):
        Asked().minimize(bowl, SPACE, budget=7, random_state=0, n_jobs=3)
    assert asked == [(0, 3), (3, 3), (6, 1)]


def test_a_trial_that_fails_is_recorded_with_its_message_and_the_search_goes_on():
    def fragile(config):
        if config["kind"] == "a":
            raise ZeroDivisionError("a is not allowed")
        return bowl(config)

    trials = Draws().minimize(fragile, SPACE, budget=19, random_state=0).trials
    failed = [trial for trial in trials if trial.config["kind"] == "a"]
    assert 0 < len(failed) < 19
    assert {trial.error for trial in failed} == {"ZeroDivisionError: a is not allowed"}
    assert all(np.isinf(trial.value) for trial in failed)
    assert [trial for trial in trials if trial.error] == failed


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (float("nan"), "ValueError: the objective returned nan; expected a finite number"),
        (-np.inf, "ValueError: the objective returned -inf"),
        ("0.5", "TypeError: the objective returned '0.5' of type str; expected a number"),
        (None, "TypeError: the objective returned None of type NoneType"),
        (np.array([1.0, 2.0]), r"TypeError: the objective returned array\(\[1., 2.\]\)"),
        (True, "TypeError: the objective returned True of type bool"),
        (1j, "TypeError: the objective returned 1j of type complex"),
    ],
)
def test_what_is_no_finite_number_counts_as_a_failure(returned, message):
    trials = Draws().minimize(lambda c: returned if c["kind"] == "a" else 1.0, SPACE, budget=9, random_state=0).trials
    for trial in trials:
        assert (trial.error is None) == (trial.config["kind"] == "b")
    with pytest.raises(RuntimeError, match=f"all 3 trials failed; the first: {message}"):
        Draws().minimize(lambda config: returned, SPACE, budget=3)


def test_numbers_of_numpy_and_torch_become_floats():
    import torch

    for one in (1, np.float32(1.0), np.int64(1), np.array(1.0), np.array([1.0]), torch.tensor(1.0)):
        value = Draws().minimize(lambda config, one=one: one, SPACE, budget=1).best_value
        assert (type(value), value) == (float, 1.0)


def test_an_objective_that_spoils_its_argument_spoils_no_record():
    def rude(config):
        config.clear()
        return 0.0

    assert set(Draws().minimize(rude, SPACE, budget=2).best_config) == set(SPACE)


# Resuming ------------------------------------------------------------------------------------------------------------


class Counting:
    """The bowl, which counts its calls and may stop the search like a Ctrl-C."""

    def __init__(self, stop_at=None):
        self.calls, self.stop_at = 0, stop_at

    def __call__(self, config, resource=1):
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.calls += 1
        if config["n"] == 3:
            raise ValueError("three")
        return bowl(config) / resource


@pytest.mark.parametrize("search", [Draws(4), Ladder(), Walk()], ids=lambda search: type(search).__name__)
@pytest.mark.parametrize("stop_at", [0, 1, 5, 9])
def test_a_search_that_was_stopped_goes_on_without_repeating_and_ends_the_same(tmp_path, search, stop_at):
    expected = search.minimize(Counting(), SPACE, budget=13, random_state=4)
    arguments = {"space": SPACE, "budget": 13, "random_state": 4, "resume": tmp_path / "journal"}
    with pytest.raises(KeyboardInterrupt):
        search.minimize(Counting(stop_at), **arguments)
    rest = Counting()
    result = search.minimize(rest, **arguments)
    assert result.trials == expected.trials
    assert result.best_trial == expected.best_trial
    assert rest.calls == len(expected.trials) - stop_at
    idle = Counting()
    assert search.minimize(idle, **arguments).trials == expected.trials
    assert idle.calls == 0


def test_without_a_seed_the_journal_keeps_the_one_that_was_drawn(tmp_path):
    first, second = (Draws().minimize(bowl, SPACE, budget=4, resume=tmp_path / "journal").trials for _ in range(2))
    assert first == second


KILLED = """
import os, sys, time
from nndl_support.optimization.search_engine import Proposal, Search

class Draws(Search):
    def __init__(self, batch=100):
        self.batch = batch

    def _plan(self, space, budget, rng, batch_size):
        yield [Proposal(space.sample(rng)) for _ in range(budget)]

def slow(config):
    time.sleep(0.02)
    return config["x"] ** 2

Draws().minimize(slow, {"x": (-1.0, 1.0)}, budget=500, random_state=9, resume=sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is known to POSIX systems only")
def test_a_process_that_is_killed_without_warning_loses_no_finished_trial(tmp_path):
    journal = tmp_path / "journal"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(journal)])
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not journal.exists() or journal.read_bytes().count(b"\n") < 6):
            time.sleep(0.01)
    finally:
        os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    survived = journal.read_bytes().count(b"\n") - 1
    assert 5 <= survived < 500

    calls = []

    def quick(config):
        calls.append(config)
        return config["x"] ** 2

    arguments = {"space": {"x": (-1.0, 1.0)}, "budget": 500, "random_state": 9}
    result = Draws().minimize(quick, resume=journal, **arguments)
    assert len(calls) == 500 - survived
    assert result.trials == Draws().minimize(quick, **arguments).trials


def test_a_journal_of_a_different_search_is_refused(tmp_path):
    arguments = {"objective": bowl, "space": SPACE, "budget": 4, "random_state": 0, "resume": tmp_path / "journal"}
    Draws(batch=2).minimize(**arguments)
    for search, change, what in [
        (Draws(batch=3), {}, "search"),
        (Walk(), {}, "search"),
        (Draws(batch=2), {"budget": 5}, "budget"),
        (Draws(batch=2), {"random_state": 1}, "seed"),
        (Draws(batch=2), {"space": {"x": (-1.0, 2.0)}}, "space"),
    ]:
        with pytest.raises(ValueError, match=f"belongs to another search: its {what}"):
            search.minimize(**(arguments | change))


def test_a_sequential_search_does_not_go_on_with_another_number_of_workers(tmp_path):
    arguments = {"objective": bowl, "space": SPACE, "budget": 4, "random_state": 0, "resume": tmp_path / "journal"}
    Walk().minimize(**arguments)
    with (
        joblib.parallel_config("threading"),
        pytest.raises(ValueError, match="its batch_size is 1, but this one's is 2"),
    ):
        Walk().minimize(n_jobs=2, **arguments)


def test_a_journal_whose_trials_are_not_those_proposed_is_refused(tmp_path):
    path = tmp_path / "journal"
    arguments = {"objective": bowl, "space": SPACE, "budget": 2, "random_state": 0, "resume": path}
    Draws().minimize(**arguments)
    header, first, second = path.read_text("utf8").splitlines()
    line = json.loads(first) | {"config": json.loads(second)["config"]}
    path.write_text("\n".join([header, json.dumps(line), second, ""]), "utf8")
    with pytest.raises(ValueError, match=r"trial 0 of .* but this search proposes .*: it is not the same search"):
        Draws().minimize(**arguments)


# Bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"budget": 0}, ValueError, "budget is 0; expected a whole number of at least 1"),
        ({"budget": 2.5}, ValueError, "budget is 2.5"),
        ({"budget": True}, ValueError, "budget is True"),
        ({"n_jobs": 0}, ValueError, "n_jobs is 0; expected a whole number other than 0"),
        ({"n_jobs": 1.5}, ValueError, "n_jobs is 1.5"),
        ({"random_state": -1}, ValueError, "random_state is -1"),
        ({"random_state": "x"}, ValueError, "random_state is 'x'"),
        ({"objective": 3}, TypeError, "objective is of type int; expected a function"),
        ({"space": {"x": (1.0, 0.0)}}, ValueError, "the bounds are reversed"),
        ({"space": None}, TypeError, "expected a dict"),
    ],
)
def test_impossible_arguments_are_refused(change, error, message):
    arguments = {"objective": bowl, "space": SPACE, "budget": 3, "n_jobs": 1, "random_state": 0} | change
    with pytest.raises(error, match=message):
        Draws().minimize(**arguments)


def test_results_can_be_made_by_hand():
    trials = [Trial(0, {"x": 1}, 3.0, 2), Trial(1, {"x": 2}, 1.0, 5)]
    result = SearchResult(trials[1], trials)
    assert (result.best_value, result.best_config) == (1.0, {"x": 2})
    np.testing.assert_array_equal(result.resource_spent(), [2, 7])


def test_a_journal_line_with_another_resource_is_refused(tmp_path):
    file, arguments = tmp_path / "search.jsonl", {"space": SPACE, "budget": 1, "random_state": 2}
    Ladder().minimize(bowl_by_resource, resume=file, **arguments)
    header, first, *rest = file.read_text(encoding="utf-8").splitlines()
    altered = json.dumps(json.loads(first) | {"resource": 7})
    file.write_text("\n".join([header, altered, *rest]) + "\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"trial 0 of the journal .* with resource 7, but this search proposes .* with 1: it is not"
    ):
        Ladder().minimize(bowl_by_resource, resume=file, **arguments)


def test_an_objective_with_a_resource_that_changes_its_configuration_changes_no_record():
    def greedy(config, resource):
        value = bowl_by_resource(config, resource)
        config.clear()
        return value

    expected = Ladder().minimize(bowl_by_resource, SPACE, budget=1, random_state=2)
    assert Ladder().minimize(greedy, SPACE, budget=1, random_state=2).trials == expected.trials
