"""What each run gave, kept: a log that only grows, and the current results in one sorted file.

    log.jsonl        one line a run, as it ended; flushed to the disk before it counts as done
    results.jsonl    the current runs by configuration and replicate: always the same bytes

A record is filed under the SHA-256 of all that it rests on, so a run that is asked for again is
found, and one whose code, data, measures or seed changed is not. A process that is killed while it
writes leaves the last line without its end: that run never counted, and the line is dropped.
A broken line elsewhere is damage, and is named.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from alignlab.errors import InputError, OutputError
from alignlab.files import write_whole
from alignlab.plain import canonical
from alignlab.study.runs.loading import Sources
from alignlab.study.runs.seeds import Seed, seed_of
from alignlab.study.spec import StudySpec

__all__ = [
    "Fault",
    "Log",
    "Planned",
    "Record",
    "planned_runs",
    "read_log",
    "read_results",
    "write_results",
]

FORMAT = "alignlab run 1"


@dataclass(frozen=True)
class Fault:
    """Why a run failed.

    Attributes
    ----------
    kind, message
        Of the error.
    where
        The line of the experiment, such as `experiment.py:12`; empty where there is none.
    """

    kind: str
    message: str
    where: str

    def __str__(self) -> str:
        """Return the failure on one line."""
        at = f"{self.where}: " if self.where else ""
        return " ".join(f"{at}{self.kind}: {self.message}".split())


@dataclass(frozen=True)
class Planned:
    """A run that the statement asks for.

    Attributes
    ----------
    run
        The address that its record is filed under.
    configuration, replicate, seed
        What it is called with, and which of the replicates it is.
    """

    run: str
    configuration: Mapping[str, Any]
    replicate: int
    seed: Seed


@dataclass(frozen=True)
class Record:
    """What one run gave.

    Attributes
    ----------
    run
        The address: the SHA-256 of all that the run rests on.
    configuration, replicate, seed
        What it was called with.
    status
        "done" or "failed".
    measures
        Name to number; empty where it failed.
    error
        Why it failed, or `None`.
    """

    run: str
    configuration: Mapping[str, Any]
    replicate: int
    seed: int
    status: Literal["done", "failed"]
    measures: Mapping[str, float]
    error: Fault | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "run": self.run,
            "configuration": dict(self.configuration),
            "replicate": self.replicate,
            "seed": int(self.seed),
            "status": self.status,
            "measures": dict(self.measures),
            "error": None if self.error is None else vars(self.error).copy(),
        }

    @classmethod
    def from_dict(cls, held: Mapping[str, Any]) -> Record:
        """Return the record that a line holds; further keys, such as times, are left out.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is none.
        """
        if held["status"] not in ("done", "failed"):
            raise ValueError(f"status {held['status']!r}")
        return cls(
            run=str(held["run"]),
            configuration=dict(held["configuration"]),
            replicate=int(held["replicate"]),
            seed=int(held["seed"]),
            status=held["status"],
            measures={name: float(value) for name, value in held["measures"].items()},
            error=None if held["error"] is None else Fault(**held["error"]),
        )


def planned_runs(spec: StudySpec, sources: Sources) -> tuple[Planned, ...]:
    """Return all runs that a statement asks for, by configuration and then by replicate.

    Parameters
    ----------
    spec
        The statement.
    sources
        What the runs rest on, digested.
    """
    basis = {
        "format": FORMAT,
        "function": spec.run,
        **sources.to_dict(),
        "measures": {name: [each.low, each.high] for name, each in spec.measures.items()},
    }
    return tuple(
        Planned(_address(basis, configuration, replicate, seed), configuration, replicate, seed)
        for configuration in spec.configurations()
        for replicate in range(spec.seeds)
        for seed in [seed_of(spec.study, configuration, replicate)]
    )


def read_log(path: Path) -> dict[str, Record]:
    """Return the last record of each run in a log; a torn last line is none.

    Parameters
    ----------
    path
        The log; one that does not exist is empty.

    Raises
    ------
    InputError
        If a line other than a torn last one is broken.
    """
    return {record.run: record for record in _records(path, torn=True)}


def read_results(path: Path) -> tuple[Record, ...]:
    """Return the records of `results.jsonl`.

    Raises
    ------
    InputError
        If there is no such file, or a line is broken.
    """
    if not path.exists():
        raise InputError(f"There is no {path}: alignlab study run {path.parent} makes it.")
    return tuple(_records(path, torn=False))


def write_results(path: Path, planned: Iterable[Planned], held: Mapping[str, Record]) -> None:
    """Write the records of the planned runs that there are, in the plan's order.

    Parameters
    ----------
    path
        Of `results.jsonl`.
    planned
        The runs that the statement asks for.
    held
        Address to record.

    Raises
    ------
    OutputError
        If it cannot be written; the file that stood there is untouched.
    """
    current = (held[each.run] for each in planned if each.run in held)
    write_whole(path, "".join(line(record.to_dict()) for record in current))


class Log:
    """The log of a study, opened by one process alone.

    Parameters
    ----------
    path
        Made if it does not exist. A torn last line is cut off.

    Raises
    ------
    InputError
        If another process runs the study, or a line is broken.
    OutputError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from error
        try:
            # The lock ends with the process, however that ends; nothing is left to clear away.
            _lock(self._file, path)
            self._cut_torn()
            self.held = read_log(path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let others have it."""
        os.close(self._file)

    def append(self, record: Record, **more: Any) -> None:
        """Add a line, and return when it is on the disk.

        Parameters
        ----------
        record
            What the run gave.
        **more
            What else the line says, such as when it ended.

        Raises
        ------
        OutputError
            If the disk is full or fails: this run is not kept, and all before it are.
        """
        size = os.fstat(self._file).st_size
        rest = line({**record.to_dict(), **more}).encode()
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            remedy = "Free some space" if full else "Mend that"
            raise OutputError(
                f"Cannot write {self.path}: {error.strerror or error}. The {len(self.held)} runs "
                f"before are kept, this one is not. {remedy} and run it again: it goes on there."
            ) from error
        self.held[record.run] = record

    def _cut_torn(self) -> None:
        end = os.fstat(self._file).st_size
        with open(self.path, "rb") as stream:
            kept = _whole_lines(stream.read())
        if kept < end:
            os.ftruncate(self._file, kept)
            os.fsync(self._file)


def line(held: Mapping[str, Any]) -> str:
    """Return one line of JSON; the same values give the same bytes."""
    return json.dumps(held, ensure_ascii=False, allow_nan=False) + "\n"


def _whole_lines(content: bytes) -> int:
    return content.rfind(b"\n") + 1


def _records(path: Path, *, torn: bool) -> Iterator[Record]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    if torn:
        content = content[: _whole_lines(content)]
    for number, each in enumerate(content.splitlines(), start=1):
        try:
            yield Record.from_dict(json.loads(each))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{path}:{number}: this line is no record of a run ({type(error).__name__}: "
                f"{error!s:.80}), and it is not the last one, torn by a kill: the file was "
                "damaged. Put it back from a copy, or take the line out, and that run is run again."
            ) from error


def _address(
    basis: Mapping[str, Any], configuration: Mapping[str, Any], replicate: int, seed: Seed
) -> str:
    whole = {
        **basis,
        "configuration": dict(configuration),
        "replicate": replicate,
        "seed": int(seed),
    }
    return hashlib.sha256(canonical(whole).encode()).hexdigest()


def _lock(file: int, path: Path) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, 0, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            raise OutputError(f"Cannot lock {path}: {error.strerror or error}.") from error
        raise InputError(
            f"Another process is running the study in {path.parent}. Wait until it ends, or stop "
            "it; what it has done is kept."
        ) from None
