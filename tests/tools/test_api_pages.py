"""The pages of the package describe every name once, where it is written, and lead there from where it is passed on."""

from tools.sphinx_ext.nndl_book import links_to, modules_of, passed_on


def test_a_module_that_passes_on_names_leads_to_their_homes():
    homes = passed_on("nndl_support.optimization.optimizers")
    assert "nndl_support.optimization.sgd.SGD" in homes
    assert "nndl_support.optimization.lbfgs.LBFGS" in homes
    assert "{py:obj}`~nndl_support.optimization.sgd.SGD`" in links_to(homes)


def test_a_module_with_names_of_its_own_leads_nowhere():
    assert passed_on("nndl_support.optimization.sgd") == []
    assert passed_on("nndl_support.records") == []
    assert links_to([]) == ""


def test_all_modules_of_a_package_are_found():
    names = modules_of("nndl_support.optimization")
    assert names == sorted(names)
    assert "nndl_support.optimization.search" in names
