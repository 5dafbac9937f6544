import hashlib
from pathlib import Path

import numpy as np
import pytest

from nndl_support.data import sunspots
from nndl_support.data.sunspots import lagged, load_sunspots

pytest.importorskip("statsmodels")


@pytest.fixture(scope="module")
def bunch():
    return load_sunspots()


def test_every_year_from_1700_to_2008_is_there_once(bunch):
    np.testing.assert_array_equal(bunch.years, np.arange(1700, 2009))
    assert bunch.numbers.shape == (309,)
    assert bunch.numbers.dtype == np.float64
    assert bunch.numbers.min() == 0.0
    assert bunch.years[bunch.numbers.argmin()] == 1711  # in the middle of a cycle that hardly rose
    assert bunch.years[bunch.numbers.argmax()] == 1957


def test_the_numbers_are_those_that_statsmodels_loads(bunch):
    from statsmodels.datasets import sunspots as theirs

    table = theirs.load_pandas().data
    np.testing.assert_array_equal(bunch.years, table["YEAR"])
    np.testing.assert_array_equal(bunch.numbers, table["SUNACTIVITY"])


def test_the_last_sixty_years_are_the_test_and_nothing_is_shuffled(bunch):
    np.testing.assert_array_equal(bunch.years_test, np.arange(1949, 2009))
    np.testing.assert_array_equal(bunch.years_train, np.arange(1700, 1949))
    np.testing.assert_array_equal(np.concatenate([bunch.y_train, bunch.y_test]), bunch.numbers)


def test_a_cycle_lasts_eleven_years(bunch):
    centred = bunch.numbers - bunch.numbers.mean()
    power = np.abs(np.fft.rfft(centred)) ** 2
    period = len(centred) / np.arange(1, len(power))[power[1:].argmax()]
    assert 10.5 < period < 11.5


def least_squares_error(bunch, n_lags):
    """Mean absolute error of one-step predictions over the test years, coefficients from the training years."""
    X, y = lagged(bunch.numbers, n_lags)
    X = np.column_stack([X, np.ones(len(X))])
    n = len(bunch.y_train) - n_lags
    coefficients = np.linalg.lstsq(X[:n], y[:n])[0]
    return np.abs(X[n:] @ coefficients - bunch.y_test).mean(), coefficients


def test_naive_and_autoregressive_forecasts_have_the_errors_that_are_known(bunch):
    naive = np.abs(np.diff(bunch.numbers)[-60:]).mean()
    assert round(naive, 1) == 25.1
    assert round(least_squares_error(bunch, 9)[0], 1) == 14.8


@pytest.mark.parametrize("n_lags", [1, 2, 9])
def test_the_coefficients_are_those_of_statsmodels(bunch, n_lags):
    from statsmodels.tsa.ar_model import AutoReg

    error, coefficients = least_squares_error(bunch, n_lags)
    fitted = AutoReg(bunch.y_train, lags=n_lags).fit()
    np.testing.assert_allclose(np.append(coefficients[-1], coefficients[:-1]), fitted.params, rtol=1e-8)
    whole = AutoReg(bunch.numbers, lags=n_lags)
    theirs = whole.predict(fitted.params, start=249, end=308)
    np.testing.assert_allclose(np.abs(theirs - bunch.y_test).mean(), error, rtol=1e-8)


def test_the_bunch_says_what_it_is_whose_it_is_and_where_it_is_from(bunch):
    assert "309" in bunch.DESCR
    assert bunch.licence == "public domain"
    assert "statsmodels" in bunch.source


def test_loading_prints_nothing(capfd):
    load_sunspots()
    assert capfd.readouterr() == ("", "")


def fake_package(monkeypatch, folder: Path):
    monkeypatch.setattr(sunspots.resources, "files", lambda name: folder)


def test_a_changed_file_is_named(monkeypatch, tmp_path):
    file = tmp_path / "datasets" / "sunspots" / "sunspots.csv"
    file.parent.mkdir(parents=True)
    file.write_text('"YEAR","SUNACTIVITY"\n1700,6\n')
    fake_package(monkeypatch, tmp_path)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=f"sunspots.csv has sha256 {found}, but f67889b1"):
        load_sunspots()


def test_windows_line_ends_do_not_matter(monkeypatch, tmp_path, bunch):
    file = tmp_path / "datasets" / "sunspots" / "sunspots.csv"
    file.parent.mkdir(parents=True)
    lines = "".join(f"{year},{number:g}\r\n" for year, number in zip(bunch.years, bunch.numbers))
    file.write_bytes(('"YEAR","SUNACTIVITY"\r\n' + lines).encode())
    fake_package(monkeypatch, tmp_path)
    np.testing.assert_array_equal(load_sunspots().numbers, bunch.numbers)


def test_a_missing_file_and_a_missing_package_are_named(monkeypatch, tmp_path):
    fake_package(monkeypatch, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"its file datasets/sunspots/sunspots\.csv is not at"):
        load_sunspots()

    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(sunspots.resources, "files", absent)
    with pytest.raises(ModuleNotFoundError, match="pip install statsmodels"):
        load_sunspots()


@pytest.mark.parametrize("n_lags", [1, 3, 10])
def test_a_row_holds_the_values_before_its_target_the_latest_first(n_lags):
    series = np.random.default_rng(0).normal(size=11)
    X, y = lagged(series, n_lags)
    assert X.shape == (11 - n_lags, n_lags)
    for i, (row, target) in enumerate(zip(X, y)):
        assert target == series[i + n_lags]
        np.testing.assert_array_equal(row, [series[i + n_lags - k] for k in range(1, n_lags + 1)])


def test_lags_do_not_share_memory_with_the_series():
    series = np.arange(5.0)
    X, y = lagged(series, 2)
    X[0, 0] = y[0] = -1
    np.testing.assert_array_equal(series, np.arange(5.0))


def test_impossible_lags_are_named():
    with pytest.raises(ValueError, match="a series of 5 values has 1 to 4 lags, not 5"):
        lagged(np.zeros(5), 5)
    with pytest.raises(ValueError, match="has 1 to 4 lags, not 0"):
        lagged(np.zeros(5), 0)
    with pytest.raises(ValueError, match=r"series must be a vector, but has shape \(5, 1\)"):
        lagged(np.zeros((5, 1)), 1)
