"""What a training measured, epoch by epoch: its terms as it learned, the rest on other rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError, require_choice
from alignlab.files import write_all
from alignlab.plain import plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Epoch", "History"]


@dataclass(frozen=True)
class Epoch:
    """One pass over the rows.

    Attributes
    ----------
    number
        From 1.
    learning_rate
        Of its last step.
    loss
        The objective's mean over the rows, as they were passed.
    terms
        Each term's mean, without its weight, by name.
    validation
        What was measured on the validation rows after it, by name.
    """

    number: int
    learning_rate: float
    loss: float
    terms: Mapping[str, float]
    validation: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return plain(
            {
                "epoch": self.number,
                "learning_rate": self.learning_rate,
                "loss": self.loss,
                "terms": self.terms,
                "validation": self.validation,
            }
        )

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> Epoch:
        """Return the epoch that `to_dict` wrote."""
        terms, validation = (
            {name: float("nan") if value is None else value for name, value in stated[key].items()}
            for key in ("terms", "validation")
        )
        return cls(stated["epoch"], stated["learning_rate"], stated["loss"], terms, validation)


@dataclass(frozen=True)
class History:
    """All epochs of a training.

    Attributes
    ----------
    epochs
        In order.
    """

    epochs: tuple[Epoch, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Any:
        return iter(self.epochs)

    def __getitem__(self, at: int) -> Epoch:
        return self.epochs[at]

    def to_dict(self) -> list[dict[str, Any]]:
        """Return one mapping an epoch."""
        return [each.to_dict() for each in self.epochs]

    def to_frame(self) -> pd.DataFrame:
        """Return one row an epoch as a data frame."""
        import pandas as pd

        return pd.DataFrame([_flat(each) for each in self.epochs])

    def chart(self, measure: str = "accuracy") -> Chart:
        """Draw what was measured on the validation rows against the epochs."""
        known = list(dict.fromkeys(name for each in self.epochs for name in each.validation))
        if not known:
            raise InputError("Nothing was validated, so there is nothing to draw.")
        require_choice(measure, known, what="measure")
        rows = [
            {"epoch": each.number, measure: each.validation[measure]}
            for each in self.epochs
            if measure in each.validation
        ]
        return line_chart(
            f"How does {measure} on validation rows change with training?",
            rows,
            x="epoch",
            y=measure,
            x_title="epochs",
            y_title=f"{measure} on validation rows",
            percent=False,
        )

    def write(self, directory: Path) -> None:
        """Write metrics.csv and metrics.jsonl."""
        rows = [_flat(each) for each in self.epochs]
        table = io.StringIO()
        writer = csv.DictWriter(table, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in self.to_dict())
        write_all(directory, {"metrics.csv": table.getvalue(), "metrics.jsonl": lines})


class Board:
    """TensorBoard, where it is installed and a directory is given; otherwise nothing."""

    def __init__(self, directory: Path | None) -> None:
        self._writer: Any = None
        if directory is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(str(directory / "tensorboard"))

    def show(self, epoch: Epoch) -> None:
        """Add an epoch."""
        if self._writer is None:
            return
        for name, value in _flat(epoch).items():
            if name != "epoch":
                self._writer.add_scalar(name, value, epoch.number)
        self._writer.flush()

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()


def _flat(epoch: Epoch) -> dict[str, Any]:
    return {
        "epoch": epoch.number,
        "learning rate": epoch.learning_rate,
        "objective": epoch.loss,
        **{f"term {name}": value for name, value in epoch.terms.items()},
        **{f"validation {name}": value for name, value in epoch.validation.items()},
    }
