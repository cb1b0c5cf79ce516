"""The command `alignlab`: what it is told, which command runs, and how it ends.

Exit codes: 0 fine; 1 a check named by `--fail-on` failed; 2 something given cannot be used;
130 interrupted. What goes wrong is one line on standard error; `--debug` shows where.
"""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from alignlab import __version__
from alignlab.cli.attack import attack
from alignlab.cli.audit import audit
from alignlab.cli.calibrate import calibrate
from alignlab.cli.compare import compare
from alignlab.cli.explain import explain
from alignlab.cli.guide import guide
from alignlab.cli.init import init
from alignlab.cli.predict import predict
from alignlab.cli.review import review
from alignlab.cli.study import study
from alignlab.cli.train import train
from alignlab.cli.values import values
from alignlab.errors import AlignlabError, InputError, ModelError, StoppedError, nearest

__all__ = ["main"]

FINE, USAGE, INTERRUPTED = 0, 2, 130

MEANT = {
    "--gamma": "--discount",
    "--output": "--out",
    "--steps": "--horizon",
    "--eps": "--threat",
    "--epsilon": "--threat",
    "--norm": "--threat",
    "--radius": "--threat",
}
"""What others call an option, and what it is called here."""

INSTEAD = {
    "audit": "A model is named with --model and its rows with --data.",
    "train": "What is trained is said in TRAIN.toml; alignlab train --init FILE writes one.",
}
"""What to do where a command is told something that it does not take there."""

PARSED = {"valid integer": "a whole number", "valid number": "a number"}
"""What a value should have been, in the words of the parser and in ours."""

app = typer.Typer(
    name="alignlab",
    help="Measure how far a model is from what people want of it.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command()(audit)
app.command()(init)
app.command()(compare)
app.command()(attack)
app.command()(train)
app.command()(calibrate)
app.command()(predict)
app.command()(explain)
app.add_typer(values)
app.add_typer(review)
app.add_typer(guide)
app.add_typer(study)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"alignlab {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show where an error came from; after any command."),
    ] = False,
) -> None:
    """Measure how far a model is from what people want of it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv
        The words after `alignlab`; `None` takes the process's own.

    Returns
    -------
    int
        0, 1, 2 or 130.

    Examples
    --------
    >>> main(["--version"])
    alignlab 0.1.0
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words or os.environ.get("ALIGNLAB_DEBUG", "") not in ("", "0")
    words = [word for word in words if word != "--debug"]
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without "≥" gets "?", not a traceback
        sys.stdout.reconfigure(errors="replace")
    with warnings.catch_warnings():
        _show_warnings_as_lines()
        try:
            return _run(words or ["--help"])
        except StoppedError as stopped:
            _say(str(stopped))
            return INTERRUPTED
        except AlignlabError as error:
            if debug:
                raise
            return _say(_as_typed(str(error), words))
        except KeyboardInterrupt:
            _say("stopped; nothing was written.")
            return INTERRUPTED
        except MemoryError as error:
            if debug:
                raise
            return _say(
                f"there is not enough memory for this ({error or 'it is full'}). Give a shorter "
                "--horizon, fewer rows or a smaller process, or run it where there is more."
            )
        except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (closed with the process)
            return FINE
        except Exception as error:
            if debug:
                raise
            return _say(
                f"this is a defect of alignlab, not of your input: {type(error).__name__}: "
                f"{error}. Run it again with --debug and report what it prints."
            )


# Typer carries its own copy of Click or asks for the public one, depending on its version; either
# way its errors descend from these.
CLICK_ERROR: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def _run(words: list[str]) -> int:
    command: Any = typer.main.get_command(app)
    path = _path(command, words)
    if len(path) == len(words) and hasattr(path[-1], "commands"):
        words = [*words, "--help"]
    _refuse_repeats(command, words)
    try:
        code = command.main(args=words, prog_name="alignlab", standalone_mode=False, obj=words)
    except CLICK_ERROR as error:
        return _say(_usage_line(error, words))
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # Typer's answer to a closed pipe
            raise BrokenPipeError from None
        raise ModelError(
            "Code that the audit ran, such as the model's, called sys.exit, so there is no report. "
            "Let it raise an error or return an answer instead; --debug shows where."
        ) from ended
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else FINE


def _path(command: Any, words: list[str]) -> list[Any]:
    """Return the commands that the words name, from the group to the command in it."""
    found: list[Any] = []
    for word in words:
        inside = getattr(command, "commands", None)
        if inside is None or word.startswith("-") or word not in inside:
            break
        command = inside[word]
        found.append(command)
    return found


def _refuse_repeats(command: Any, words: list[str]) -> None:
    """Raise if an option that holds one value is said twice: the first would go unheard."""
    chosen = _path(command, words)
    for each in chosen[-1].params if chosen else []:
        names = [name for name in each.opts if name.startswith("--")]
        if names and not each.multiple and not each.is_flag:
            given = sum(word in names or word.startswith(f"{names[0]}=") for word in words)
            if given > 1:
                raise InputError(f"{names[0]} is said twice, and holds one value: say it once.")


def _usage_line(error: Any, words: list[str]) -> str:
    command: Any = typer.main.get_command(app)
    path = _path(command, words)
    said = " ".join(each.name for each in path)
    message = " ".join(error.format_message().split())
    if message.startswith("No such command"):
        group = path[-1] if path else command
        given = next((word for word in words[len(path) :] if not word.startswith("-")), "")
        whole = " ".join([*said.split(), given])
        near = nearest(given, group.commands) or _inside(group, given)
        return f"there is no command {whole!r}.{near} Commands: {', '.join(group.commands)}."
    instead = INSTEAD.get(said, "")
    if message.startswith("Got unexpected extra argument"):
        more = message.rpartition("(")[2].rstrip(").")
        return f"alignlab {said} does not take {more!r} there. {instead} See: {_help(said)}"
    if (wrong := re.match(r"Invalid value for '([^']+)': (.*)", message)) is not None:
        for parsed, ours in PARSED.items():
            if parsed in wrong[2]:
                return (
                    f"{wrong[1]} {_value_of(wrong[1], words)!r} is not {ours}. See: {_help(said)}"
                )
    option = getattr(error, "option_name", "")
    if message.startswith("No such option"):
        known = [name for each in _options_of(error) for name in each]
        if (meant := MEANT.get(option)) in known:
            return f"there is no option {option}. Did you mean {meant!r}? See: {_help(said)}"
        near = nearest(option, known) or (instead and f" {instead}")
        return f"there is no option {option}.{near} See: {_help(said)}"
    return f"{message[:1].lower()}{message[1:].rstrip('.')}. See: {_help(said)}"


def _as_typed(message: str, words: list[str]) -> str:
    """Return a function's message with the options that were said as they were written.

    >>> _as_typed("level=95.0 is not between 0 and 1.", ["attack", "--level", "95"])
    '--level 95.0 is not between 0 and 1.'
    """
    said = {word.partition("=")[0] for word in words}

    def typed(found: re.Match[str]) -> str:
        option = f"--{found[1].replace('_', '-')}"
        value = found[2] if " " in found[2] else found[2].strip("'")
        return f"{option} {value}" if option in said else found[0]

    return re.sub(r"(?<![\w.(-])([a-z_]+)=('[^']*'|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)", typed, message)


def _value_of(option: str, words: list[str]) -> str:
    """Return what was said for an option."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == option:
            return after
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return ""


def _inside(group: Any, given: str) -> str:
    """Return where a command lies that was asked for without its group, as a question."""
    for name, each in group.commands.items():
        if given in getattr(each, "commands", ()):
            return f" Did you mean '{name} {given}'?"
    return ""


def _options_of(error: Any) -> list[list[str]]:
    context = getattr(error, "ctx", None)
    return [] if context is None else [each.opts for each in context.command.params]


def _help(command: str) -> str:
    return " ".join(["alignlab", *([command] if command else []), "--help"])


def _say(message: str) -> int:
    """Print one line on standard error and return the code for a usage error."""
    print(f"alignlab: {' '.join(message.split())}", file=sys.stderr)
    return USAGE


def _show_warnings_as_lines() -> None:
    """Print what libraries and models warn of, whatever the environment makes of warnings."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"alignlab: warning: {' '.join(str(message).split())}", file=sys.stderr)

    warnings.showwarning = show
    warnings.simplefilter("default")
    # What comes of these is no finite number, and that is an error which names the row.
    warnings.filterwarnings("ignore", r".* encountered in ", RuntimeWarning)
    for for_developers in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
        warnings.simplefilter("ignore", for_developers)
