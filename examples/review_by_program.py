"""A program at the review site: it answers as a person may, and sees no more than one."""

import asyncio
import tempfile
from pathlib import Path

import httpx

from alignlab.oversight import Advice, Item, Review, Settings
from alignlab.web import app

CASES = [
    Item(
        key=f"letter {number}",
        content={"form": "text", "title": f"Letter {number}", "text": text},
        choices=["polite", "rude"],
        advice=Advice("polite", 0.7),
    )
    for number, text in enumerate(["Would you mind?", "Hurry up.", "Many thanks."], 1)
]


async def work(review: Review, token: str) -> None:
    """Answer every case alone first, then with the model's advice in sight."""
    here = httpx.ASGITransport(app(review))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        transport=here, base_url="http://127.0.0.1", headers=headers
    ) as site:
        while case := (await site.post("/api/next")).json()["case"]:
            own = "rude" if "Hurry" in case["content"]["text"] else "polite"
            print(f"{case['content']['title']}: advice before the own answer: {case['advice']}")
            body = {"lease": case["lease"], "said": {"decision": own, "confidence": 0.9}}
            case = (await site.post("/api/step", json=body)).json()["case"]
            print(f"  after it: {case['advice']['decision']}; the person stays with {own}")
            await site.post("/api/submit", json={**body, "lease": case["lease"]})


def main() -> None:
    """Make a review, let the program work, and verify what it left."""
    folder = Path(tempfile.mkdtemp()) / "letters"
    with Review.create(folder, CASES, settings=Settings(arms=["own first"])) as review:
        asyncio.run(work(review, review.invite("a program")))
        overridden = sum(each.answer["verdict"] == "override" for each in review.answers())
        print(f"{overridden} of {review.status().answers} overridden; {review.verify().ok=}")


if __name__ == "__main__":
    main()
