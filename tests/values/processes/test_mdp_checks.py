"""The checks at the door of a decision process keep what is right and name what is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes.mdp_checks import (
    checked_initial,
    checked_transitions,
    reached_from,
    require_distributions,
    without_rows,
)


def test_transitions_are_canonical_and_the_given_matrix_is_left_alone():
    given = sparse.csr_array(
        (np.array([0.5, 0.5, 0.0, 1.0]), np.array([1, 1, 0, 0]), np.array([0, 3, 4])), shape=(2, 2)
    )
    kept = checked_transitions(given)
    assert kept.nnz == 2
    assert kept.toarray().tolist() == [[0, 1], [1, 0]]
    assert given.nnz == 4


def test_a_sparse_matrix_of_any_format_is_read():
    dense = np.array([[0.25, 0.75], [1.0, 0.0]])
    for form in (sparse.csc_array, sparse.coo_array, sparse.csr_matrix, sparse.lil_matrix):
        assert checked_transitions(form(dense)).toarray().tolist() == dense.tolist()


def test_dropped_rows_are_empty_and_the_others_stay():
    matrix = sparse.csr_array(np.array([[0.5, 0.5], [1, 0], [0, 1], [0, 1]]))
    kept = without_rows(matrix, np.array([False, True]), n_actions=2)
    assert kept.toarray().tolist() == [[0.5, 0.5], [1, 0], [0, 0], [0, 0]]
    assert without_rows(matrix, np.array([False, False]), n_actions=2) is matrix


def test_the_place_of_a_wrong_row_is_named_by_its_names():
    matrix = sparse.csr_array(np.array([[0.5, 0.5], [1, 0], [0, 1], [0.25, 0]]))
    with pytest.raises(InputError, match=r"state b, action right sum to 0\.25"):
        require_distributions(matrix, 2, ("a", "b"), ("left", "right"))


def test_a_start_is_never_in_a_terminal_state_unless_it_is_said():
    ends = np.array([False, True, False])
    assert checked_initial(None, ends).tolist() == [0.5, 0, 0.5]
    assert checked_initial(1, ends).tolist() == [0, 1, 0]
    with pytest.raises(InputError, match="nothing to decide"):
        checked_initial(None, np.array([True, True]))


def test_what_can_be_reached_holds_where_it_began():
    # 0 -> 1 -> 2 and 3 -> 0.
    graph = sparse.csr_array(np.eye(4)[[1, 2, 2, 0]] * [[1], [1], [0], [1]])
    begin = np.array([False, True, False, False])
    assert reached_from(graph, begin).tolist() == [False, True, True, False]
    assert not reached_from(graph, np.zeros(4, bool)).any()
