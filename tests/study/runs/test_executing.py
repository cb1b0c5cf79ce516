import math
import sys

import pytest

from alignlab.errors import InputError
from alignlab.study.runs.executing import Frame, died, execute, function_of
from alignlab.study.runs.loading import study_sources
from alignlab.study.runs.records import planned_runs


def tasks(folder):
    sources = study_sources(folder.root, folder.spec)
    frame = Frame(str(folder.root.resolve()), folder.spec.run, sources.code, folder.spec.measures)
    return [(frame, each) for each in planned_runs(folder.spec, sources)]


def outcome(folder, at=0):
    return execute(tasks(folder)[at])


def test_a_run_is_the_function_called_with_its_configuration_and_seed(made_study):
    folder = made_study(
        "def run(config, seed):\n"
        "    assert config == {'x': 'plain', 'data': 'b'}, config\n"
        "    return {'score': seed.of('a') / 2**31, 'cost': seed.shared('b')}\n"
    )
    found = outcome(folder, 7)
    seed = tasks(folder)[7][1].seed
    assert found.record.measures == {"cost": float(seed.shared("b")), "score": seed.of("a") / 2**31}
    assert found.record.status == "done"
    assert set(found.more) == {"seconds", "ended", "worker"}


def test_numbers_of_numpy_and_torch_are_numbers(made_study):
    folder = made_study(
        "import numpy as np, torch\n"
        "def run(config, seed):\n"
        "    return {'score': torch.tensor(0.5), 'cost': np.float32(2)}\n"
    )
    assert outcome(folder).record.measures == {"cost": 2.0, "score": 0.5}


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("{'score': 0.5}", "cost is missing from what it returned"),
        ("{'score': float('nan'), 'cost': 1}", "score is not a number (NaN)"),
        ("{'score': 0.5, 'cost': -float('inf')}", "cost is infinite"),
        ("{'score': 0.5, 'cost': 10**400}", "cost is infinite"),
        ("{'score': '0.5', 'cost': 1}", "score is a value of type str, not a number"),
        ("{'score': True, 'cost': 1}", "score is a value of type bool, not a number"),
        ("{'score': None, 'cost': 1}", "score is nothing, not a number"),
        ("{'score': [0.5], 'cost': 1}", "score is a value of type list, not a number"),
        ("{'score': 1j, 'cost': 1}", "score is a value of type complex, not a number"),
        ("{'score': 1.5, 'cost': 1}", "score is 1.5, above its high, 1.0"),
        ("{'score': -0.5, 'cost': 1}", "score is -0.5, below its low, 0.0"),
        (
            "{'scor': 0.5, 'cost': 1}",
            "it returned 'scor', which is no measure of study.yaml. Did you mean 'score'?",
        ),
        ("None", "it returned nothing, not a mapping with a number for each of score, cost"),
        (
            "0.5",
            "it returned a value of type float, not a mapping with a number for each of "
            "score, cost",
        ),
    ],
)
def test_what_is_not_measured_is_a_failed_run_that_says_which(made_study, returned, said):
    folder = made_study(f"import math\n\ndef run(config, seed):\n    return {returned}\n")
    found = outcome(folder).record
    assert (found.status, dict(found.measures)) == ("failed", {})
    assert (found.error.kind, found.error.message) == ("Measure", said)
    assert found.error.where == "experiment.py:3"


def test_an_error_is_kept_with_the_line_of_the_experiment(made_study):
    folder = made_study(
        "import helper\ndef run(config, seed):\n    print('before')\n    return helper.half('a')\n",
        text=made_study().statement_path.read_text() + "code: [helper.py]\n",
    )
    (folder.root / "helper.py").write_text("def half(x):\n    return int(x, 3)\n")
    found = outcome(folder)
    assert found.record.error.kind == "ValueError"
    assert found.record.error.message == "invalid literal for int() with base 3: 'a'"
    assert found.record.error.where == "helper.py:2"
    assert found.more["printed"].startswith("before\nTraceback")


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ("sys.exit('enough')", "SystemExit", "enough"),
        ("raise MemoryError", "MemoryError", ""),
        ("run(config, seed)", "RecursionError", None),
        (
            "raise OSError(f'{__file__} {object()}')",
            "OSError",
            "experiment.py <object object at 0x…>",
        ),
        ("raise ValueError('\\ud800 x')", "ValueError", "? x"),
        ("raise Odd", "Odd", ""),
        ("raise ValueError('x' * 9999)", "ValueError", "x" * 500),
    ],
)
def test_whatever_is_raised_is_kept_and_the_same_each_time(made_study, line, kind, message):
    folder = made_study(
        "import sys\n"
        "class Odd(Exception):\n"
        "    def __str__(self):\n"
        "        raise ValueError\n"
        f"def run(config, seed):\n    {line}\n"
    )
    found = outcome(folder).record.error
    assert found.kind == kind
    assert message is None or found.message == message
    assert found.where == "experiment.py:6"


def test_a_persons_interrupt_is_not_a_failure(made_study):
    with pytest.raises(KeyboardInterrupt):
        outcome(made_study("def run(config, seed):\n    raise KeyboardInterrupt\n"))


def test_what_a_module_draws_while_it_is_loaded_does_not_depend_on_the_first_run(made_study):
    code = "import random\nDRAWN = random.random()\n"
    code += "def run(config, seed):\n    return {'score': DRAWN, 'cost': 1}\n"
    one, two = made_study(code, name="one"), made_study(code, name="two")
    assert outcome(one, 3).record.measures == outcome(two, 4).record.measures


def test_the_module_is_loaded_once(made_study, tmp_path):
    folder = made_study(
        f"open({str(tmp_path / 'loads')!r}, 'a').write('x')\n"
        "def run(config, seed):\n    return {'score': 0, 'cost': 0}\n"
    )
    for at in range(3):
        outcome(folder, at)
    assert (tmp_path / "loads").read_text() == "x"


def test_a_file_changed_under_the_runs_ends_the_study(made_study):
    folder = made_study()
    task = tasks(folder)[0]
    (folder.root / "experiment.py").write_text("def run(config, seed): ...\n")
    with pytest.raises(InputError, match="was changed while the study ran"):
        execute(task)


@pytest.mark.parametrize(
    "place", ["import helper\ndef run(c, s):\n    {}", "def run(c, s):\n    import helper\n    {}"]
)
def test_code_that_results_would_rest_on_unseen_is_refused(made_study, place):
    folder = made_study(place.format("return {'score': 0, 'cost': 0}"))
    (folder.root / "helper.py").write_text("")
    with pytest.raises(InputError, match=r"imports helper.py.*Add to study.yaml: code: \[helper"):
        execute(tasks(folder)[0])


def test_a_run_whose_process_died_is_a_failure(made_study):
    found = died(tasks(made_study())[0][1])
    assert str(found.record.error) == "WorkerDied: its process was killed, or memory ran out"


def test_a_function_of_c_can_be_run(made_study, small_text):
    folder = made_study(text=small_text.replace("experiment:run", "math:hypot"))
    assert function_of(tasks(folder)[0][0]) is math.hypot
    assert outcome(folder).record.error.kind == "TypeError"


@pytest.mark.parametrize(
    ("mess", "kind"),
    [
        ("class Panic(BaseException): pass\n    raise Panic", "Panic"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("import torch\n    return {'score': torch.empty((), device='meta'), 'cost': 1}",
         "RuntimeError"),
        ("import collections\n    return type('Odd', (dict,), {'__iter__': None})()", "TypeError"),
        ("import sys\n    sys.stdout.close()", None),
        ("import sys\n    sys.path = []", None),
        ("import sys\n    sys.path.clear()", None),
        ("import sys\n    sys.meta_path = list(sys.meta_path)", None),
        ("import os\n    os.fork()", None),
    ],
)  # fmt: skip
def test_whatever_an_experiment_does_is_its_runs_outcome(made_study, mess, kind):
    folder = made_study(
        f"def run(config, seed):\n    {mess}\n    return {{'score': 0, 'cost': 1}}\n"
    )
    before = list(sys.path)
    record = outcome(folder).record
    assert (record.status, record.error and record.error.kind) == (
        "failed" if kind else "done",
        kind,
    )
    assert sys.path == before
