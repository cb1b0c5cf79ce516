from importlib.metadata import version

from alignlab.study.publishing.environment import environment_lock


def test_versions_of_what_is_imported_and_what_that_needs():
    code = {
        "experiment.py": b"from sklearn.svm import SVC\nimport os, helper, nowhere",
        "helper.py": b"import yaml",
        "broken.py": b"import (",
        "data.py": b"\xff",
    }
    lock = environment_lock(code)
    assert lock["packages"]["scikit-learn"] == version("scikit-learn")
    assert lock["packages"]["scipy"] == version("scipy")  # scikit-learn needs it
    assert lock["packages"]["pyyaml"] == version("pyyaml")
    assert "pytest" not in lock["packages"]
    assert lock["unknown"] == ["nowhere"]
    assert environment_lock(dict(reversed(code.items()))) == lock


def test_alignlab_is_always_there():
    assert "alignlab" in environment_lock({})["packages"]
