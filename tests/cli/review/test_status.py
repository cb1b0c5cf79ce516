import json

from alignlab.oversight.review import Review


def test_how_far_it_is(alignlab, small):
    assert "Nobody is invited yet." in alignlab("review status r")[1]
    with Review.open("r") as review:
        review.invite("ana")
        review.invite("ben", role="owner")
        case = review.next("ana")
        review.submit_and_next("ana", case.lease, {"decision": case.choices[0]})
        review.revoke("ben")
        head = review.head.hash
    code, out, err = alignlab("review status r")
    assert (code, err) == (0, "")
    told = " ".join(out.split())
    assert "1 of 10 complete (10%); 1 answer; 1 being looked at; 0 wait for a colleague." in told
    assert "ana reviewer 1 yes" in told
    assert "ben owner, revoked 0" in told
    assert f":{head}" in told
    stated = json.loads(alignlab("review status r --json")[1])
    assert (stated["items"], stated["answers"], stated["head"]["hash"]) == (10, 1, head)
