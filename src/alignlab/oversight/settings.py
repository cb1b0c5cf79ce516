"""How a review is run: stated when it is made, kept with it, the same for everybody."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["ARMS", "Arm", "Settings"]

Arm = Literal["none", "advice", "confidence", "explanation", "on demand", "own first"]

ARMS: tuple[Arm, ...] = ("none", "advice", "confidence", "explanation", "on demand", "own first")


def _each_once(arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
    if len(set(arms)) < len(arms):
        raise ValueError(f"{', '.join(arms)}: name each arm once.")
    return arms


class Settings(BaseModel):
    """How a review is run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = "Review"
    """What reviewers see above every case."""
    question: str = ""
    """What they are asked, in the owner's words; a plain question of ours where it is empty."""
    overlap: Annotated[int, Field(ge=1)] = 1
    """How many people answer each item."""
    random_share: Annotated[float, Field(ge=0.1, le=1)] = 0.1
    """The share of what is asked that is drawn at random, so that measurements stay unbiased."""
    gold_rate: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    """How often a planted item comes, where there are any."""
    lease_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30.0
    """How long a case is one person's; after it, it is offered to others."""
    arms: Annotated[tuple[Arm, ...], Field(min_length=1), AfterValidator(_each_once)] = (
        "explanation",
    )
    """What is shown beside a case; several make an experiment, balanced in blocks."""
    arms_by: Literal["case", "reviewer"] = "case"
    """Whether arms change from case to case or each person stays in one."""
    confidence: bool = True
    """Whether people are asked how sure they are."""
    reason: bool = True
    """Whether they can give a reason."""
    trust: bool = False
    """Whether the page of the trust questionnaire is offered."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the order, the sides and the arms."""
