"""What an audit is asked for, as a TOML file says it: the flags of `alignlab audit`, by name.

Every key is checked when the file is read, and an error names the file and the key. Paths are
relative to the file. What would open a model by running code (`allow-pickle`, `trust`) cannot be
said in a file: it takes a person's word on the command line.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from alignlab.datasets import parse_groups
from alignlab.errors import InputError, nearest

__all__ = ["AuditSpec", "parse_limits", "parse_probability", "read_spec"]

Label = str | bool | int | float

TABLES = (".csv", ".tsv", ".parquet", ".pq", ".arrow", ".feather")

ONLY_ON_THE_COMMAND_LINE = ("allow-pickle", "trust")


class AuditSpec(BaseModel):
    """One audit, stated. The keys of the file are the long flags without their dashes in front.

    Attributes
    ----------
    model, predictions
        The model's reference, or the file with its predictions; exactly one of them.
    data
        The file with the rows, or the folder of pictures; may be absent where the predictions hold
        everything.
    reference
        The file with other rows to compare with, or the folder of other pictures.
    review
        The folder of a review: what people decided who were shown this model's decisions.
    target
        The column that holds what happened.
    prediction, probability
        The columns that hold the model's answers. `probability` is one column, a list of columns
        in the order of the sorted classes, or a table from class to column.
    groups, control
        The groupings to compare, and the column within whose levels they are compared.
    favourable
        The target's value that people want to receive.
    weights
        The column of sample weights.
    task, classes
        "classification" or "regression", and all classes in the order of the probabilities, where
        neither the model nor the table shows them.
    features
        The columns that the model reads, in its order, where it does not name them.
    limits, utilities
        Check to limit; decision to outcome to value, and `ask`, the cost of asking a person.
    endpoint
        How to talk to a model behind HTTP.
    checks, fail_on
        Names or pillars: what is run, and what makes the exit code 1.
    level, seed
        The level of the intervals and the root of all randomness.
    rows
        Whether the report keeps each row's outcome, decision, probabilities and groups.
    out
        The directory of the report.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=True,
        validate_by_alias=True,
    )

    model: str | None = None
    predictions: str | None = None
    data: str | None = None
    reference: str | None = None
    review: str | None = None
    target: str | None = None
    prediction: str | None = None
    probability: str | list[str] | dict[str, str] | None = None
    groups: list[str] = Field(default_factory=list)
    control: str | None = None
    favourable: Label | None = None
    weights: str | None = None
    task: Literal["classification", "regression"] | None = None
    classes: list[str] | None = None
    features: list[str] | None = None
    limits: dict[str, float] = Field(default_factory=dict)
    utilities: dict[str, float | dict[str, float]] | None = None
    endpoint: dict[str, Any] | None = None
    checks: list[str] | None = None
    fail_on: list[str] = Field(default_factory=list)
    level: float = 0.95
    seed: int = 0
    rows: bool = True
    out: str = Field(default="alignlab-report", min_length=1)

    @field_validator("groups", mode="before")
    @classmethod
    def _groups_as_list(cls, value: Any) -> Any:
        return list(parse_groups(value)) if isinstance(value, str) else value

    @field_validator("checks", "fail_on", "classes", "features", mode="before")
    @classmethod
    def _names_as_list(cls, value: Any) -> Any:
        return _split(value) if isinstance(value, str) else value

    @field_validator("limits", mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        # TOML reads an unquoted dotted key (fairness.selection_rate = 0.1) as a nested table.
        if not isinstance(value, Mapping):
            return value
        flat: dict[str, Any] = {}
        for name, inner in value.items():
            if isinstance(inner, Mapping):
                flat |= {f"{name}.{word}": limit for word, limit in inner.items()}
            else:
                flat[name] = inner
        return flat

    def overridden(self, flags: Mapping[str, Any], *, limits: Mapping[str, float]) -> AuditSpec:
        """Return this with what the command line says instead.

        Parameters
        ----------
        flags
            Field to value, of what was said.
        limits
            Put beside those of the file; the same check's limit is replaced.

        Raises
        ------
        InputError
            If a flag has a wrong value.
        """
        stated = {name: getattr(self, name) for name in self.model_fields_set}
        if "model" in flags:  # says who answers, instead of what the file says
            for name in ("predictions", "prediction", "probability"):
                stated.pop(name, None)
        if "predictions" in flags:
            stated.pop("model", None)
        limits = {**self.limits, **limits}
        try:
            return AuditSpec.model_validate({**stated, **flags, "limits": limits})
        except ValidationError as error:
            raise InputError(f"--{_one_line(error)}") from error

    def options(self) -> dict[str, Any]:
        """Return the options of `alignlab.audit`."""
        not_options = {"fail_on", "out"}
        return {
            name: getattr(self, name) for name in type(self).model_fields if name not in not_options
        }


def parse_limits(stated: Sequence[str]) -> dict[str, float]:
    """Return the limits that the command line states.

    Examples
    --------
    >>> parse_limits(["fairness.selection_rate=0.1"])
    {'fairness.selection_rate': 0.1}

    Raises
    ------
    InputError
        If one is not CHECK=VALUE, or one check is given two limits.
    """
    limits: dict[str, float] = {}
    for each in stated:
        check, _, value = (part.strip() for part in each.partition("="))
        if check in limits:
            raise InputError(f"--limit states {check} twice: keep the limit that you mean.")
        try:
            limits[check] = float(value)
        except ValueError:
            raise InputError(
                f"--limit {each} is not CHECK=VALUE with a number, such as "
                "--limit fairness.selection_rate=0.1."
            ) from None
    return limits


def parse_probability(stated: str | None) -> str | list[str] | dict[str, str] | None:
    """Return the probability columns that the command line names.

    Examples
    --------
    >>> parse_probability("p"), parse_probability("p_no,p_yes"), parse_probability("yes=p")
    ('p', ['p_no', 'p_yes'], {'yes': 'p'})
    >>> parse_probability("<=50K=p,>50K=q")
    {'<=50K': 'p', '>50K': 'q'}

    Raises
    ------
    InputError
        If some but not all are CLASS=COL.
    """
    if stated is None:
        return None
    parts = _split(stated)
    if not any("=" in part for part in parts):
        return parts[0] if len(parts) == 1 else parts
    pairs = [part.rpartition("=") for part in parts]  # a class may hold one
    if not all(equals and label and column for label, equals, column in pairs):
        raise InputError(f"--probability {stated}: either every part is CLASS=COL, or none.")
    return {label.strip(): column.strip() for label, _, column in pairs}


def read_spec(path: str | Path) -> AuditSpec:
    """Read an audit's TOML file.

    Parameters
    ----------
    path
        The file. Paths in it are relative to its directory.

    Raises
    ------
    InputError
        If the file cannot be read or is not TOML, or a key is unknown or has a wrong value; the
        message names the file and the key.
    """
    path = Path(path)
    if path.suffix.lower() in TABLES and path.exists():
        raise InputError(
            f"{path} is not TOML; if it is a table, give it with --predictions or --data."
        )
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text, so it is not a TOML file.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not valid TOML: {error}.") from error
    for key in ONLY_ON_THE_COMMAND_LINE:
        if key in stated or key.replace("-", "_") in stated:
            raise InputError(
                f"{path}: {key!r} cannot be said in a file, because it lets a model's file run "
                f"code: say --{key} on the command line."
            )
    try:
        spec = AuditSpec.model_validate(stated)
    except ValidationError as error:
        raise InputError(f"{path}: {_one_line(error)}") from error
    near: dict[str, Any] = {
        key: _relative_to(path.parent, value)
        for key in ("model", "predictions", "data", "reference", "review", "out")
        if (value := getattr(spec, key)) is not None and key in spec.model_fields_set
    }
    return spec.model_copy(update=near)


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _one_line(error: ValidationError) -> str:
    """Return the first thing wrong, in one line that names the key."""
    first = error.errors(include_url=False)[0]
    # Positions after a key in a union ("list[str]") are pydantic's own words, not the person's.
    key = ".".join(str(part) for part in first["loc"] if not _is_union_branch(part))
    if first["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in AuditSpec.model_fields.items()]
        return f"there is no key {key!r}.{nearest(key, known)} Keys: {', '.join(known)}."
    given = repr(first["input"])
    shown = given if len(given) <= 60 else f"{given[:57]}..."
    return f"{key} = {shown}: {first['msg'][0].lower()}{first['msg'][1:]}."


def _is_union_branch(part: int | str) -> bool:
    return isinstance(part, str) and (part in {"str", "float", "bool", "int"} or "[" in part)


def _relative_to(directory: Path, reference: str) -> str:
    """Return `reference` from `directory`, if it is a path there and not a module or an address."""
    file, at, of = reference.partition("@")  # weights.safetensors@package.module:Class
    if "://" in reference or (":" in file and not (directory / file).exists()):
        return reference
    return f"{directory / file}{at}{of}"
