import threading

import joblib
import pytest

from alignlab.parallel import map_tasks
from alignlab.random import as_generator


def draw(purpose):
    return as_generator(0, purpose).random()


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_the_number_of_workers_never_changes_a_result(n_jobs):
    tasks = [f"task {n}" for n in range(20)]
    with joblib.parallel_config("threading"):
        assert map_tasks(draw, tasks, n_jobs=n_jobs) == [draw(task) for task in tasks]


def test_a_persons_configuration_is_followed():
    with joblib.parallel_config("threading", n_jobs=2):
        threads = set(map_tasks(lambda _: threading.current_thread().name, range(20)))
    assert threading.main_thread().name not in threads
    assert map_tasks(lambda _: threading.current_thread(), [0]) == [threading.main_thread()]


def test_no_task_gives_no_result():
    assert map_tasks(draw, []) == []


def test_an_error_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        map_tasks(lambda n: 1 / n, [1, 0])
