from pathlib import Path


def test_a_study_is_made_and_what_is_next_is_said(alignlab):
    code, out, err = alignlab("study new who-labels --question 'Who labels best?'")
    assert (code, err) == (0, "")
    assert out.startswith("Made who-labels: Who labels best?")
    assert "  alignlab study plan who-labels" in out
    assert 'question: "Who labels best?"' in Path("who-labels/study.yaml").read_text()
    assert alignlab("study plan who-labels")[0] == 0


def test_a_second_one_is_refused_in_one_line(alignlab):
    alignlab("study new mine")
    before = Path("mine/study.yaml").read_bytes()
    code, out, err = alignlab("study new mine --question 'Another?'")
    assert (code, out) == (2, "")
    assert err == (
        "alignlab: mine holds a study already (study.yaml): one folder holds one study. Name "
        "another.\n"
    )
    assert Path("mine/study.yaml").read_bytes() == before


def test_bad_words_are_refused(alignlab):
    for line, said in (
        ("study new", "missing argument"),
        ("study new Mine", "such as mine"),
        ("study new 'Größe Älter'", "such as grosse-alter"),
        ("study new mine --question ''", "--question is empty"),
        ("study new mine --template x", "There is no template 'x'"),
    ):
        code, out, err = alignlab(line)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert said.lower() in err.lower()
    assert not Path("mine").exists()
