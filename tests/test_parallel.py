import os
import threading
import time

import joblib
import pytest

from alignlab.parallel import each_result, map_tasks
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


def waited(seconds):
    time.sleep(seconds)
    return seconds


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_each_result_comes_with_its_number(n_jobs):
    tasks = [f"task {n}" for n in range(20)]
    with joblib.parallel_config("threading"):
        found = dict(each_result(draw, tasks, n_jobs=n_jobs))
    assert found == {n: draw(task) for n, task in enumerate(tasks)}


def test_results_come_as_they_end():
    with joblib.parallel_config("threading", n_jobs=2):
        found = list(each_result(waited, [0.5, 0, 0.01]))
    assert [number for number, _ in found] == [1, 2, 0]


def test_one_worker_works_when_it_is_asked():
    begun = []
    results = each_result(begun.append, range(5))
    next(results)
    next(results)
    results.close()
    assert begun == [0, 1]


def test_who_stops_listening_stops_the_work():
    begun = []
    with joblib.parallel_config("threading", n_jobs=2):
        results = each_result(lambda n: (begun.append(n), time.sleep(0.01)), range(200))
        next(results)
        results.close()
    assert len(begun) < 20


def test_a_back_end_that_hands_out_all_at_once_gets_rounds():
    begun = []

    with joblib.parallel_config("multiprocessing", n_jobs=2):
        results = each_result(abs, (begun.append(n) or -n for n in range(10)))
        found = [next(results) for _ in range(4)]
        assert found == [(0, 0), (1, 1), (2, 2), (3, 3)]
        assert list(results) == [(n, n) for n in range(4, 10)]


def test_libraries_in_workers_have_one_thread():
    assert set(dict(each_result(os.getenv, ["OMP_NUM_THREADS"] * 2, n_jobs=2)).values()) == {"1"}


def test_an_error_of_a_task_reaches_who_listens():
    with pytest.raises(ZeroDivisionError):
        list(each_result(lambda n: 1 / n, [1, 0]))


LEAVES = "__import__('threading').Timer(0.2, __import__('os')._exit, (3,)).start()"
WAITS = "__import__('time').sleep(0.6)"
DIES = "__import__('os')._exit(3)"
PRINTS = "__import__('os').write(1, b'past Python')"
SET = "'-'.join({'one', 'two', 'three', 'four'})"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_ends_its_process_costs_no_other(workers, capfd):
    tasks = [LEAVES, WAITS, DIES, PRINTS, SET, SET]
    found = dict(each_result(eval, tasks, n_jobs=workers, died=lambda task: f"died: {task}"))
    # What a task left behind may end the next one's process; that one is then made again.
    assert [found[n] for n in range(4)] == [None, None, f"died: {DIES}", 11]
    assert found[4] == found[5]
    assert capfd.readouterr().out == ""


def test_a_task_that_cannot_reach_a_worker_is_an_error():
    with pytest.raises(Exception, match="pickle"):
        list(each_result(len, [threading.Lock()], n_jobs=1, died=lambda task: "died"))
