"""What a review is made from and how it is run, as options say it; each slip by its option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.cli.options import split_names
from alignlab.cli.review.options import typed

if TYPE_CHECKING:
    from alignlab.audit.spec import AuditSpec
    from alignlab.oversight.settings import Settings

__all__ = ["labels_of", "require_free", "settings_of", "spec_of"]


def settings_of(
    stated: Mapping[str, Any], arms: str | None, *, default: Sequence[str], seed: int
) -> Settings:
    """Return how a review is run; what cannot be is said by its option."""
    from pydantic import ValidationError

    from alignlab.errors import InputError, require_choice
    from alignlab.oversight.settings import ARMS, Settings

    given = {name: value for name, value in stated.items() if value is not None}
    named = [each.replace("-", " ") for each in split_names(arms, "--arms") or default]
    for each in named:
        require_choice(each, ARMS, what="--arms")
    try:
        return Settings(**given, arms=tuple(named), seed=seed)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "arms"
        option = {"lease_minutes": "lease"}.get(name, name.replace("_", "-"))
        said = first["msg"].removeprefix("Value error, ")
        raise InputError(
            f"--{option} {first['input']}: {said[:1].lower()}{said[1:].rstrip('.')}."
        ) from None


def require_free(project: Path, database: str | None) -> None:
    """Raise now what making the review would raise after minutes of explaining."""
    from alignlab.errors import InputError, OutputError
    from alignlab.files import require_writable

    if project.is_file():
        raise OutputError(f"Cannot make a review at {project}: it is a file. Name a folder.")
    if project.is_dir() and any(project.iterdir()):
        raise InputError(
            f"{project} is not empty, and a review gets a folder of its own. Name another; a "
            f"review that is there goes on with: {typed('serve', project)}"
        )
    if database is not None:
        from alignlab.oversight.archive.places import url_of

        url_of(database)
    require_writable(project)


def spec_of(path: Path | None, flags: Mapping[str, Any], utilities: str | None) -> AuditSpec:
    """Return what is reviewed, as an audit says it."""
    from alignlab.audit.spec import AuditSpec, parse_probability, read_spec
    from alignlab.errors import InputError

    if path is not None and path.is_dir():
        raise InputError(
            f"{path} is a directory, and a file SPEC.toml stands there. A model is named with "
            "--model and its rows with --data."
        )
    stated = AuditSpec() if path is None else read_spec(path)
    for name, value in flags.items():
        if isinstance(value, str) and not value.strip(" ,"):
            raise InputError(f"--{name.replace('_', '-')} is empty: give it a value.")
    said = {name: value for name, value in flags.items() if value is not None}
    if "probability" in said:
        said["probability"] = parse_probability(said["probability"])
    if utilities is not None:
        said["utilities"] = _utilities(utilities)
    return stated.overridden(said, limits={})


def _utilities(path: str) -> dict[str, Any]:
    """Read the table [utilities] of a file, such as alignlab values elicit writes."""
    import tomllib

    from alignlab.errors import InputError

    try:
        held = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}.") from error
    found = held.get("utilities")
    if not isinstance(found, dict):
        raise InputError(
            f"{path} has no table [utilities], such as: [utilities] no = {{ no = 5, yes = -10 }}."
        )
    return found


def labels_of(given: Sequence[str] | None) -> dict[str, str]:
    """Return what columns and classes are called, by their names."""
    from alignlab.errors import InputError

    found = {}
    for each in given or ():
        name, equals, text = (part.strip() for part in each.partition("="))
        if not (name and equals and text):
            raise InputError(f"--label {each!r} is no NAME=TEXT, such as lvrat='loan to value'.")
        found[name] = text
    return found
