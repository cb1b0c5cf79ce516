"""Find what has been written on a question, and cite it in a paper.

Run it: python examples/find_and_cite.py
"""

from __future__ import annotations

from alignlab.guide import cite, corrections_of, search


def main() -> None:
    found = search("inner optimization risks") or search("learned optimization")
    print(found[0])
    print(f"Verified: {found[0].verified} ({found[0].as_of})")
    for each in corrections_of(found[0].key):
        print(f"Often said: {each.said}")
        print(f"In truth: {each.truth}")
    print(cite(found[0].key, "bibtex"))


if __name__ == "__main__":
    main()
