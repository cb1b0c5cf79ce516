from alignlab.study.paper.nodes import Text, Value, plain_text
from alignlab.study.paper.placed_tables import placed_table


def test_numbers_stand_right_and_share_their_decimals():
    table = {
        "title": "A <title>",
        "columns": ["of", "mean", "interval", "n", "kind"],
        "rows": [
            ["a", 0.5, "-0.1 [-0.2, 0.0]", 3, True],
            ["b-1", 0.125, "< 0.001", None, False],
        ],
    }
    grid = placed_table(table, name="main")
    assert grid.align == ("left", "right", "right", "right", "left")
    assert grid.caption == (Text("A <title>"),)
    rows = [[plain_text(cell) for cell in row] for row in grid.rows]
    assert rows == [
        ["a", "0.500", "−0.1 [−0.2, 0.0]", "3", "yes"],
        ["b-1", "0.125", "< 0.001", "–", "no"],
    ]
    assert grid.rows[0][1] == (Value("0.500", "table main"),)


def test_a_table_without_rows_is_a_table():
    grid = placed_table({"title": "T", "columns": ["a"], "rows": []}, name="failures")
    assert grid.rows == ()
