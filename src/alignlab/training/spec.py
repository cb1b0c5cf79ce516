"""What a training is asked for, as a TOML file says it, each key checked when the file is read.

An error names the file and the key; paths are relative to the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from alignlab.datasets.image_files import IMAGES
from alignlab.errors import AlignlabError, InputError, nearest, require_choice
from alignlab.files import text_of
from alignlab.predictors.importing import MODULE_REFERENCE
from alignlab.predictors.networks import ARCHITECTURES
from alignlab.robustness.stated import norm_and_radius, number_from_0, require_pixels
from alignlab.robustness.threats import Ball, ball
from alignlab.training.objective import Objective, Term
from alignlab.training.terms import term_named

__all__ = ["ThreatSpec", "TrainSpec", "read_train_spec"]


class ThreatSpec(BaseModel):
    """A ball: "linf:8/255", or `{ norm = "linf", radius = 0.1 }` with `low` and `high`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    norm: str
    radius: float
    low: float | None = None
    high: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_a_word(cls, value: Any) -> Any:
        if isinstance(value, str):
            norm, radius = norm_and_radius(value, what="threat")
            return {"norm": norm, "radius": radius}
        if not isinstance(value, Mapping | ThreatSpec):
            raise InputError(f"threat = {value!r}: give a norm and a radius, such as 'linf:0.1'.")
        return value

    @field_validator("radius", mode="before")
    @classmethod
    def _a_fraction(cls, value: Any) -> Any:
        return number_from_0(value, what="radius") if isinstance(value, str) else value

    def threat(self, *, images: bool) -> Ball:
        """Return the threat; pixels lie between 0 and 1, a table's numbers anywhere."""
        if images and self.high is None:
            require_pixels(self.norm, self.radius, what="threat")
        low, high = (0.0, 1.0) if images else (float("-inf"), float("inf"))
        return ball(
            self.norm,
            self.radius,
            low=low if self.low is None else self.low,
            high=high if self.high is None else self.high,
        )


class TrainSpec(BaseModel):
    """One training, stated.

    Attributes
    ----------
    data
        A table's file; images: a `.npz` file, a folder of one folder a class, "digits" or
        "mnist-5k".
    target, features, groups, favourable
        Of a table: the column to learn, the columns to learn from (else all but target and
        groups), the columns to compare in the audit, and the class that people want to receive.
        Images need none; `groups` name their columns.
    model, hidden, channels
        "linear", "mlp" or "cnn" with its widths, or `package.module:Class`.
    start
        The folder of a model to start from.
    objective
        A table of settings for each term, by name.
    test, validation
        The share held out for the audit, and that of the rest held out to choose the epoch by.
    epochs, batch_rows, optimizer, learning_rate, schedule, clip, measure, patience, seed, device
        See `fit`.
    threat
        What robust accuracy is measured under; that of the objective, if left out.
    baseline
        Whether the task alone is trained as well, to compare with.
    out
        The directory of what is written.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=True,
        validate_by_alias=True,
    )

    data: str
    target: str | None = None
    features: list[str] | None = None
    groups: list[str] = Field(default_factory=list)
    favourable: str | bool | int | float | None = None
    model: str = "mlp"
    hidden: list[int] | None = None
    channels: list[int] | None = None
    start: str | None = None
    objective: dict[str, dict[str, Any]] = {"cross_entropy": {}}
    test: float = Field(default=0.2, gt=0, lt=1)
    validation: float = Field(default=0.2, gt=0, lt=1)
    epochs: int = Field(default=20, ge=1)
    batch_rows: int = Field(default=128, ge=1)
    optimizer: str = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    schedule: str = "none"
    clip: float | None = None
    measure: str = "accuracy"
    patience: int | None = Field(default=None, ge=1)
    threat: ThreatSpec | None = None
    baseline: bool = True
    seed: int = Field(default=0, ge=0)
    device: str | None = None
    out: str = Field(default="trained", min_length=1)

    @field_validator("groups", "features", "hidden", "channels", mode="before")
    @classmethod
    def _one_alone(cls, value: Any) -> Any:
        return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value

    @field_validator("model")
    @classmethod
    def _known(cls, value: str) -> str:
        if not MODULE_REFERENCE.fullmatch(value):
            require_choice(value, [*ARCHITECTURES, "package.module:Class"], what="model")
        return value

    def terms(self, *, images: bool) -> Objective:
        """Return the objective.

        Parameters
        ----------
        images
            Whether the rows are images, whose numbers lie between 0 and 1.

        Raises
        ------
        InputError
            If there is no such term or setting, or a setting cannot be used.
        """
        return Objective(
            [_term(name, stated, images=images) for name, stated in self.objective.items()]
        )


def read_train_spec(path: str | Path) -> TrainSpec:
    """Read a training's TOML file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        If it cannot be read, is not TOML, or has an unknown key or a wrong value; the message
        names the file and the key.
    """
    path = Path(path)
    try:
        stated = tomllib.loads(text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not valid TOML: {error}.") from error
    try:
        spec = TrainSpec.model_validate(stated)
        for name in spec.objective:
            term_named(name)
    except ValidationError as error:
        raise InputError(f"{path}: {_one_line(error)}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    near_paths: dict[str, Any] = {
        key: str(path.parent / value)
        for key in ("data", "start", "out")
        if (value := getattr(spec, key)) is not None
        and not (key == "data" and value in IMAGES)
        and key in spec.model_fields_set
    }
    return spec.model_copy(update=near_paths)


def _term(name: str, stated: Mapping[str, Any], *, images: bool) -> Term:
    kind = term_named(name)
    known = {each.name: each for each in fields(kind) if each.init}
    where = f"[objective.{name}]"
    for key in stated:
        if key.replace("-", "_") not in known:
            raise InputError(
                f"{where} has no key {key!r}.{nearest(key, known)} Keys: {', '.join(known)}."
            )
    given = {key.replace("-", "_"): value for key, value in stated.items()}
    for key, value in given.items():
        number = type(known[key].default) in (int, float)
        if number and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(f"{where} {key} = {value!r} is not a number.")
    for key, setting in known.items():
        required = setting.default is MISSING and setting.default_factory is MISSING
        if required and key not in given:
            raise InputError(f"{where} needs the key {key!r}.")
    if "threat" in given:
        try:
            given["threat"] = ThreatSpec.model_validate(given["threat"]).threat(images=images)
        except ValidationError as error:
            raise InputError(f"{where} threat: {_one_line(error, ThreatSpec)}") from error
    try:
        return kind(**given)
    except AlignlabError as error:
        raise InputError(f"{where}: {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where} cannot be used: {' '.join(str(error).split())}.") from error


def _one_line(error: ValidationError, model: type[BaseModel] = TrainSpec) -> str:
    """Return the first thing wrong, in one line that names the key."""
    # A key that is spelled wrong is also one that is missing: the slip is what helps.
    found = error.errors(include_url=False)
    first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    parts = [str(part) for part in first["loc"] if part not in ("str", "bool", "int", "float")]
    key = ".".join(parts)
    if first["type"] == "extra_forbidden":
        inner = ThreatSpec if parts[0] == "threat" and len(parts) > 1 else model
        known = [field.alias or name for name, field in inner.model_fields.items()]
        return f"there is no key {key!r}.{nearest(parts[-1], known)} Keys: {', '.join(known)}."
    if first["type"] == "missing":
        return f"the key {key!r} is missing."
    given = repr(first["input"])
    shown = given if len(given) <= 60 else f"{given[:57]}..."
    if first["type"] == "value_error":  # ours, and it says what was given
        return " ".join(first["msg"].removeprefix("Value error, ").split())
    if key == "objective" or key.startswith("objective."):
        return f"{key} = {shown}: state each term as a table, such as [objective.cross_entropy]."
    message = first["msg"].partition(", unable to parse")[0]
    return f"{key} = {shown}: {message[0].lower()}{message[1:].rstrip('.')}."
