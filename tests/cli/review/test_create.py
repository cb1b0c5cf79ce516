import json
from pathlib import Path

import pytest

from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings

MODEL = "--model repaid.skops --data loans.csv --target repaid"


def test_an_audits_model_and_data_become_cases_with_cards(alignlab, loans, contents, answered):
    code, out, err = alignlab(
        f"review create r {MODEL} --groups sex --favourable yes --explain --alternatives 0 "
        "--most 4 --case Loan --label yes=repay --label no='not repay' "
        "--label debt_share='share of debt' --title Loans --question 'Will they repay?' "
        "--overlap 2 --seed 3"
    )
    assert (code, err) == (0, "")
    assert "Made r: 4 cases, each for 2." in out
    assert "the 4 of 120 cases in which an answer is worth most" in " ".join(out.split())
    assert "alignlab review serve r" in out
    with Review.open("r") as review:
        assert review.settings == Settings(
            title="Loans", question="Will they repay?", overlap=2, arms=("explanation",), seed=3
        )
    for case in contents("r"):
        assert case.content["title"] == f"Loan {case.key}"
        assert [name for name, _ in case.content["cells"]] == ["income", "share of debt"]
        assert set(case.choices) == {"repay", "not repay"}
        assert case.card["row"] == int(case.key)
    for each in answered("r").values():
        assert each.truth in each.choices
        assert each.group in ("sex m", "sex f")
        assert each.source["classes"] == {"not repay": "no", "repay": "yes"}


def test_no_card_tells_what_happened_in_its_case(alignlab, loans, contents):
    alignlab(f"review create r {MODEL} --explain --alternatives 0 --most 3")
    cards = [case.card for case in contents("r")]
    assert len(cards) == 3
    for card in cards:
        assert card["happened"] is None
        assert "What happened is" not in json.dumps(card["sections"])
        assert card["similar"] is not None  # how other cases went is no secret


def test_an_audits_file_says_the_same(alignlab, loans):
    Path("spec.toml").write_text(
        'model = "repaid.skops"\ndata = "loans.csv"\ntarget = "repaid"\ngroups = ["sex"]\n'
        "[utilities]\nyes = { yes = 5, no = -10 }\nno = { yes = -5, no = 0 }\nask = 1\n",
        encoding="utf-8",
    )
    code, out, err = alignlab("review create r spec.toml")
    assert (code, err) == (0, "")
    assert "Made r: 120 cases" in out
    told = " ".join(out.split())
    assert "by the stated utilities, come first" in told
    assert "it gains more than the 1 that asking costs" in told


def test_predictions_whose_outcome_nobody_knows(alignlab, loans, contents):
    code, out, err = alignlab(
        "review create r --predictions said.csv --prediction decided --probability yes=p "
        "--show income,debt_share --id number --most 5"
    )
    assert (code, err) == (0, "")
    assert "least sure of come first" in out
    cases = contents("r")
    assert len(cases) == 5
    assert all(int(case.key) >= 1000 for case in cases)
    assert all(case.advice.confidence < 0.75 for case in cases)


def test_a_model_without_an_outcome(alignlab, loans, answered, contents):
    assert alignlab("review create r --model repaid.skops --data loans.csv --most 2")[0] == 0
    contents("r")
    assert {each.truth for each in answered("r").values()} == {None}


def test_an_experiment_is_balanced_over_the_four_cells(alignlab, loans, contents, answered):
    code, out, _ = alignlab(
        f"review create r {MODEL} --balanced 12 --arms none,advice,own-first --label yes=repays"
    )
    assert code == 0
    assert "Their shares as cases come are advice right, truth no: " in " ".join(out.split())
    contents("r")
    found = answered("r").values()
    strata = [each.stratum for each in found]
    assert {strata.count(name) for name in strata} == {3}
    assert "advice wrong, truth repays" in strata
    assert sum({each.stratum: each.source["share"] for each in found}.values()) == pytest.approx(1)


@pytest.mark.parametrize("gold", ["checked", "gold.csv"])
def test_gold_is_planted_beside_the_cases(alignlab, loans, contents, answered, gold):
    Path("gold.csv").write_text("key,answer\n5,no\n9,yes\n", encoding="utf-8")
    code, out, err = alignlab(f"review create r {MODEL} --most 4 --gold {gold} --gold-rate 0.5")
    assert (code, err) == (0, "")
    assert "planted, each for 1" in " ".join(out.split())
    shown = contents("r")
    found = answered("r")
    planted = {key: each.gold for key, each in found.items() if each.gold}
    assert planted.items() <= {"5": "no", "9": "yes"}.items()
    assert not any("checked" in str(case.content) for case in shown)


def test_a_text_is_the_case(alignlab, loans, contents):
    assert alignlab(f"review create r {MODEL} --text letter --most 1")[0] == 0
    (case,) = contents("r")
    assert case.content["text"] == f"Applicant {case.key} writes."


def test_slices_take_turns(alignlab, loans, contents, answered):
    assert alignlab(f"review create r {MODEL} --groups sex --groups-in-turn --most 8")[0] == 0
    contents("r")
    groups = [each.group for each in answered("r").values()]
    assert groups.count("sex f") == groups.count("sex m") == 4


def test_a_deferral_policy_chooses_within_what_people_can_do(alignlab, loans, answered, contents):
    import numpy as np
    import pandas as pd

    from alignlab.predictors import load_model
    from alignlab.uncertainty import fit_deferral

    frame = pd.read_csv("loans.csv")
    rng = np.random.default_rng(0)
    knows = np.where(frame["sex"] == "f", 0.99, 0.5)
    other = np.where(frame["repaid"] == "yes", "no", "yes")
    person = np.where(rng.random(len(frame)) < knows, frame["repaid"], other)
    found = fit_deferral(
        load_model("repaid.skops"), frame[["income", "debt_share", "sex"]], frame["repaid"],
        person, budget=0.5, method="post-hoc", features=["sex"],
    )  # fmt: skip
    found.policy.save("policy.json")
    code, out, err = alignlab(f"review create r {MODEL} --policy policy.json --capacity 6")
    assert (code, err) == (0, "")
    told = " ".join(out.split())
    if found.policy.rule == "post-hoc":
        assert "Made r: 6 cases" in told
        assert "sends 6 of 120 cases to people within the 6 that fit" in told


def test_pairs(alignlab, here, contents):
    Path("pairs.jsonl").write_text(
        '{"prompt": "2 + 2?", "first": "4", "second": "5"}\n{"first": "a", "second": "b"}\n',
        encoding="utf-8",
    )
    code, out, err = alignlab("review create r --pairs pairs.jsonl --overlap 3")
    assert (code, err) == (0, "")
    assert "Made r: 2 pairs, each for 3." in out
    assert {case.kind for case in contents("r")} == {"prefer"}


def test_pairs_of_behaviour_are_drawn_as_was_said(alignlab, here, contents):
    from alignlab.datasets import PreferenceDataset, Trajectory, write_preferences

    walks = [Trajectory([[at / 10] * 4 for at in range(n)], [1] * (n - 1)) for n in (3, 4)]
    write_preferences(PreferenceDataset.from_pairs(walks, [0], [1], [1]), "said.jsonl")
    assert alignlab("review create r --pairs said.jsonl --scene cartpole")[0] == 0
    (case,) = contents("r")
    assert case.content["first"]["trajectory"]["scene"] == "cartpole"
    code, _, err = alignlab("review create no --pairs said.jsonl --scene cart")
    assert code == 2
    assert "Did you mean 'cartpole'?" in err


def test_images(alignlab, here, contents):
    import numpy as np

    from alignlab.datasets import ImageData, write_images

    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    write_images("few.npz", ImageData(pixels, ["cat", "dog"] * 3))
    Path("eye.py").write_text(
        "import numpy as np\ndef look(x):\n"
        "    p = np.asarray(x).reshape(len(x), -1).mean(1)\n    return np.c_[1 - p, p]\n"
    )
    code, out, err = alignlab("review create r --model eye:look --data few.npz --most 3")
    assert (code, err) == (0, "")
    assert "Made r: 3 cases" in out
    assert all(case.content["image"]["media"].endswith(".png") for case in contents("r"))


WRONG = {
    "": "a review is about a model (--model) or its predictions (--predictions), and neither",
    f"{MODEL} --predictions said.csv": "and both are given",
    "--model repaid.skops": "give them with --data FILE",
    "--predictions said.csv": "with --prediction or --probability",
    "--predictions said.csv --prediction decide": "Did you mean 'decided'?",
    "--predictions said.csv --prediction decided --favourable maybe": (
        "--favourable maybe is none of the classes 'no', 'yes'."
    ),
    f"{MODEL} --title ''": "--title is empty: give it words, or leave it out.",
    f"{MODEL} --question ' '": "--question is empty: give it words",
    f"{MODEL} --case ''": "--case is empty: give it words",
    f"{MODEL} --arms explanation": "--arms explanation: no cards are made; add --explain",
    f"{MODEL} --arms adviec": "--arms='adviec' is not one of",
    f"{MODEL} --arms none,none": "name each arm once",
    f"{MODEL} --random-share 0.05": "--random-share 0.05: input should be greater than",
    f"{MODEL} --overlap 0": "--overlap 0:",
    f"{MODEL} --lease 0": "--lease 0",
    f"{MODEL} --arms-by person": "--arms-by person:",
    f"{MODEL} --gold-rate 0.9": "--gold-rate 0.9:",
    f"{MODEL} --most 0": "--most 0 is not a whole number from 1",
    f"{MODEL} --balanced 9999": "Ask for at most",
    f"{MODEL} --balanced 8 --most 3": "give one of them",
    "--model repaid.skops --data loans.csv --balanced 8": "give --target COL",
    f"{MODEL} --groups-in-turn": "name them with --groups COL",
    f"{MODEL} --groups sx": "Did you mean 'sex'?",
    f"{MODEL} --capacity 5": "--capacity goes with --policy FILE",
    f"{MODEL} --policy none.json": "Cannot open none.json",
    f"{MODEL} --label x": "is no NAME=TEXT",
    f"{MODEL} --label incom=x": "Did you mean 'income'?",
    f"{MODEL} --show repaid": "that is what happened",
    f"{MODEL} --show incom": "Did you mean 'income'?",
    f"{MODEL} --show income --text letter": "give one of them",
    f"{MODEL} --text lettr": "Did you mean 'letter'?",
    f"{MODEL} --id sex": "holds 'm' twice",
    f"{MODEL} --gold checkd": "Did you mean 'checked'?",
    f"{MODEL} --gold sex": "which is none of the classes 'no', 'yes'",
    f"{MODEL} --utilities loans.csv": "is not valid TOML",
    f"{MODEL} --asking-cost -1": "asking a person costs nothing or more",
    f"{MODEL} --scene cartpole": "how trajectories of --pairs are drawn",
    f"{MODEL} --database mysql://x": "--database mysql://x is no address of PostgreSQL",
    "--model repaid.skops --data loans.csv --target income": "",
    "--predictions said.csv --prediction decided --explain": "give it with --model",
    "--predictions said.csv --prediction decided --policy p.json": "give it with --model",
    "--pairs loans.csv --model repaid.skops": "--model is about cases to decide",
    "--pairs loans.csv": "loans.csv has neither",
    "--pairs none.jsonl": "There is no file 'none.jsonl'",
    "none.toml": "Cannot read none.toml",
    ".": "is a directory",
}


@pytest.mark.parametrize("said", WRONG)
def test_what_cannot_be_used_is_one_line_and_nothing_is_made(alignlab, loans, said):
    code, out, err = alignlab(f"review create r {said}")
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "defect" not in err
    assert WRONG[said] in err
    assert not Path("r").exists()


def test_a_place_that_is_taken_is_left_as_it_is(alignlab, loans):
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    code, _, err = alignlab(f"review create full {MODEL}")
    assert code == 2
    assert "full is not empty" in err
    assert [each.name for each in Path("full").iterdir()] == ["mine.txt"]
    code, _, err = alignlab(f"review create loans.csv {MODEL}")
    assert code == 2
    assert "it is a file" in err


def test_the_same_words_make_the_same_review(alignlab, loans):
    for name in ("one", "two"):
        alignlab(f"review create {name} {MODEL} --most 7")
    with Review.open("one") as one, Review.open("two") as two:
        for review in (one, two):
            review.invite("ana")
        assert one.next("ana").key == two.next("ana").key
