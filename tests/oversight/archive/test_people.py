import hashlib

from alignlab.oversight.archive.people import csrf_of, hash_of
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review


def test_what_is_stored_of_a_secret_does_not_give_it_back():
    assert hash_of("secret") == hashlib.sha256(b"secret").hexdigest()
    assert csrf_of("secret") not in ("secret", hash_of("secret"))
    assert csrf_of("secret") == csrf_of("secret") != csrf_of("Secret")


def test_tokens_and_secrets_are_long_and_never_twice(tmp_path):
    item = Item(key="a", content={"form": "text", "text": "x"}, choices=["yes", "no"])
    with Review.create(tmp_path / "r", [item]) as review:
        tokens = [review.invite(f"p{n}") for n in range(20)]
        secrets = [review.begin_session(tokens[0])[0] for _ in range(20)]
    assert len({*tokens, *secrets}) == 40
    assert min(map(len, [*tokens, *secrets])) >= 43  # 32 bytes
