"""A torch.export archive (.pt2), run as what it is: a list of tensor operators and their weights.

torch's own loader unpickles parts of such an archive, evaluates its symbolic sizes and looks up
whatever function a node names; torch says so itself and advises against foreign files. None of that
is needed to run one. Here the graph is read as JSON and the weights as bytes, and each node is one
of torch's `aten` operators or arithmetic on sizes; anything else is refused.
"""

from __future__ import annotations

import json
import operator
import zipfile
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.errors import ModelError, UnsafeModelError, listed
from alignlab.predictors.modules import from_module
from alignlab.predictors.predictor import Predictor, Task

if TYPE_CHECKING:
    import torch

__all__ = ["from_exported"]

SCHEMA_MAJOR = 8
"""The version of the graph's JSON that is read; a new major number may change its meaning."""

UNDERSCORED = (
    "_adaptive_avg_pool2d", "_log_softmax", "_native_batch_norm_legit_no_training", "_softmax",
    "_to_copy", "_unsafe_view",
)  # fmt: skip
"""Operators that exported graphs hold although their names mark them as torch's own; other such
operators may read memory unchecked."""

ARITHMETIC = {
    f"_operator.{name}": getattr(operator, name)
    for name in ("add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "eq", "ne", "lt", "le",
                 "gt", "ge")
}  # fmt: skip
"""What graphs compute with sizes."""

DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32",
    8: "float64", 12: "bool", 13: "bfloat16",
}  # fmt: skip

MEMORY_FORMATS = {
    1: "contiguous_format", 2: "channels_last", 3: "channels_last_3d", 4: "preserve_format",
}  # fmt: skip


def from_exported(
    path: Path, *, task: Task | None = None, classes: Sequence[Hashable] | None = None
) -> Predictor:
    """Return a Predictor that asks an exported program.

    Parameters
    ----------
    path
        Written by `torch.export.save`. The program takes one tensor of rows and returns logits,
        or values for regression.
    task, classes
        See `from_module`.

    Raises
    ------
    InputError
        If neither classes nor `task="regression"` is given.
    ModelError
        If the file is no such archive, or takes or returns something else.
    UnsafeModelError
        If it holds anything but tensors and operators. Nothing has run.
    """
    archive = _read(path)
    module, fixed_rows = _as_module(archive, path.name)
    predictor = from_module(module, task=task, classes=classes)
    predictor.kind = "torch.export program"
    if fixed_rows is not None:
        predictor.batch_rows = fixed_rows
        predictor.answer = _padded(predictor.answer, fixed_rows)
    return predictor


def _read(path: Path) -> Mapping[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            root = next((n.removesuffix("archive_format") for n in names
                         if n.endswith("/archive_format")), None)  # fmt: skip
            if root is None:
                raise ModelError(
                    f"{path.name} is not an archive of torch.export's present form. Export the "
                    "model again with a newer torch."
                )
            return {name.removeprefix(root): archive.read(name) for name in names}
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f"{path.name} is not a torch.export archive ({error}). Nothing in it was run. Make "
            "one with torch.export.save."
        ) from error


def _as_module(archive: Mapping[str, bytes], name: str) -> tuple[torch.nn.Module, int | None]:
    """Return the module and the number of rows it is fixed to, if it is."""
    import torch

    program = _json(archive, "models/model.json", name)
    try:
        major = program["schema_version"]["major"]
        graph = program["graph_module"]["graph"]
        signature = program["graph_module"]["signature"]
        weights = {
            **_tensors(archive, "data/weights/", "model_weights_config.json", name),
            **_tensors(archive, "data/constants/", "model_constants_config.json", name),
        }
        if major != SCHEMA_MAJOR:
            raise ModelError(
                f"{name} is written in version {major} of torch.export's form, and alignlab reads "
                f"version {SCHEMA_MAJOR}. Export the model to ONNX."
            )
        held, given = _inputs(signature, weights, name)
        steps = [step for node in graph["nodes"] if (step := _step(node, name)) is not None]
        result = _output(signature, name)
        rows = graph["tensor_values"][given]["sizes"][0].get("as_int")
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{name} is a damaged torch.export archive ({type(error).__name__}: {error})."
        ) from error

    class ExportedProgram(torch.nn.Module):  # type: ignore[misc]
        """The graph, node by node."""

        def __init__(self) -> None:
            super().__init__()
            self.names = list(held)
            for position, tensor in enumerate(held.values()):
                if isinstance(tensor, torch.nn.Parameter):
                    self.register_parameter(f"held_{position}", tensor)
                else:
                    self.register_buffer(f"held_{position}", tensor)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            tensors = [getattr(self, f"held_{at}") for at in range(len(self.names))]
            values: dict[str, Any] = dict(zip(self.names, tensors, strict=True))
            values[given] = rows
            for step in steps:
                step(values)
            return values[result]

    return ExportedProgram(), rows


def _json(archive: Mapping[str, bytes], member: str, name: str) -> Any:
    if member not in archive:
        raise ModelError(f"{name} is not a torch.export archive of one model: {member} is absent.")
    try:
        return json.loads(archive[member])
    except ValueError as error:
        raise ModelError(
            f"{name} is a damaged torch.export archive ({member}: {error})."
        ) from error


def _tensors(
    archive: Mapping[str, bytes], directory: str, config: str, name: str
) -> dict[str, torch.Tensor]:
    import torch

    tensors = {}
    for key, payload in _json(archive, directory + config, name)["config"].items():
        if payload["use_pickle"] or not payload["path_name"].startswith(("weight_", "tensor_")):
            raise UnsafeModelError(
                f"{name} holds {key!r} as a pickle, which could run code. Nothing was run. Export "
                "the model to ONNX, or give its weights as safetensors with their class."
            )
        meta = payload["tensor_meta"]
        dtype = getattr(torch, DTYPES[meta["dtype"]])
        sizes, strides = ([each["as_int"] for each in meta[of]] for of in ("sizes", "strides"))
        content = bytearray(archive[directory + payload["path_name"]])
        if not content:
            tensors[key] = torch.zeros(sizes, dtype=dtype)
            continue
        flat = torch.frombuffer(content, dtype=dtype)
        offset = meta["storage_offset"]["as_int"]
        try:
            tensors[key] = flat.as_strided(sizes, strides, offset).clone()
        except RuntimeError as error:
            raise ValueError(f"{key} is cut short") from error
    return tensors


def _inputs(
    signature: Mapping[str, Any], weights: Mapping[str, torch.Tensor], name: str
) -> tuple[dict[str, torch.Tensor], str]:
    """Return the graph's weights by the names its nodes use, and the name of its rows."""
    import torch

    held: dict[str, torch.Tensor] = {}
    given = []
    for spec in signature["input_specs"]:
        ((kind, body),) = spec.items()
        if kind in ("parameter", "buffer", "tensor_constant"):
            key = {
                "parameter": "parameter_name",
                "buffer": "buffer_name",
                "tensor_constant": "tensor_constant_name",
            }[kind]
            tensor = weights[body[key]]
            is_parameter = kind == "parameter"
            held[body["arg"]["name"]] = (
                torch.nn.Parameter(tensor, requires_grad=False) if is_parameter else tensor
            )
        elif kind == "user_input" and "as_tensor" in body["arg"]:
            given.append(body["arg"]["as_tensor"]["name"])
        else:
            raise ModelError(f"{name} takes a {kind}, and alignlab gives one tensor of rows only.")
    if len(given) != 1:
        raise ModelError(
            f"{name} takes {len(given)} tensors ({listed(given)}), and alignlab gives one "
            "tensor of rows. Export a module with one input."
        )
    return held, given[0]


def _output(signature: Mapping[str, Any], name: str) -> str:
    specs = [spec["user_output"]["arg"] for spec in signature["output_specs"]
             if "user_output" in spec]  # fmt: skip
    if len(specs) != 1 or "as_tensor" not in specs[0]:
        raise ModelError(
            f"{name} returns {len(specs)} things, and alignlab expects one tensor of logits or "
            "values."
        )
    return str(specs[0]["as_tensor"]["name"])


def _step(node: Mapping[str, Any], name: str) -> Callable[[dict[str, Any]], None] | None:
    """Return what one node does to the values by name; `None` if it does nothing but check."""
    target = node["target"]
    if target.startswith("torch.ops.aten._assert"):
        return None
    function = _operator(target, name)
    positional = [_argument(each["arg"], name) for each in node["inputs"] if each["kind"] != 2]
    named = {each["name"]: _argument(each["arg"], name)
             for each in node["inputs"] if each["kind"] == 2}  # fmt: skip
    results = [_result_names(each) for each in node["outputs"]]

    def run(values: dict[str, Any]) -> None:
        answer = function(
            *(value(values) for value in positional),
            **{key: value(values) for key, value in named.items()},
        )
        for names, each in zip(results, [answer] if len(results) == 1 else answer, strict=True):
            if isinstance(names, list):
                values.update(zip(names, each, strict=True))
            else:
                values[names] = each

    return run


def _operator(target: str, name: str) -> Callable[..., Any]:
    import torch

    if target in ARITHMETIC:
        return ARITHMETIC[target]
    parts = target.split(".")
    if parts[:3] == ["torch", "ops", "aten"] and len(parts) == 5:
        _, _, _, operator_name, overload = parts
        if not operator_name.startswith("_") or operator_name in UNDERSCORED:
            packet = getattr(torch.ops.aten, operator_name, None)
            found = getattr(packet, overload, None)
            if isinstance(found, torch._ops.OpOverload) and _computes(found):
                return found
    raise UnsafeModelError(
        f"{name} calls {target!r}, which is not one of torch's plain tensor operators. Nothing was "
        "run. Export the model to ONNX, or give its weights as safetensors with their class."
    )


def _computes(found: Any) -> bool:
    """Return whether an operator takes no file and returns tensors or a size."""
    takes_file = any(each.name == "filename" for each in found._schema.arguments)
    gives = {str(each.type) for each in found._schema.returns}
    return not takes_file and bool(gives) and gives <= {"Tensor", "List[Tensor]", "int", "SymInt"}


def _argument(argument: Mapping[str, Any], name: str) -> Callable[[dict[str, Any]], Any]:
    """Return what fetches an argument from the values by name."""
    import torch

    ((kind, body),) = argument.items()
    constant: Any
    if kind == "as_none":
        constant = None
    elif kind in ("as_int", "as_bool", "as_string", "as_ints", "as_bools"):
        constant = body
    elif kind == "as_float":
        constant = float(body)
    elif kind == "as_floats":
        constant = [float(each) for each in body]
    elif kind == "as_scalar_type":
        constant = getattr(torch, DTYPES[body])
    elif kind == "as_memory_format":
        constant = getattr(torch, MEMORY_FORMATS[body])
    elif kind == "as_layout":
        constant = torch.strided
    elif kind == "as_device":
        constant = torch.device("cpu")
    elif kind == "as_tensor":
        return operator.itemgetter(body["name"])
    elif kind == "as_tensors":
        return _each([{"as_tensor": each} for each in body], name)
    elif kind in ("as_optional_tensors", "as_sym_ints"):
        return _each(body, name)
    elif kind in ("as_optional_tensor", "as_sym_int", "as_sym_float", "as_sym_bool"):
        return _argument(body, name)
    elif kind == "as_name":
        return operator.itemgetter(body)
    else:
        raise UnsafeModelError(
            f"{name} gives an operator {kind.removeprefix('as_')!r}, which is neither a tensor nor "
            "a plain value. Nothing was run. Export the model to ONNX."
        )
    return lambda values: constant


def _each(
    arguments: Sequence[Mapping[str, Any]], name: str
) -> Callable[[dict[str, Any]], list[Any]]:
    fetched = [_argument(each, name) for each in arguments]
    return lambda values: [fetch(values) for fetch in fetched]


def _result_names(output: Mapping[str, Any]) -> str | list[str]:
    ((kind, body),) = output.items()
    if kind == "as_tensors":
        return [each["name"] for each in body]
    if kind == "as_tensor":
        return str(body["name"])
    return str(body["as_name"])


def _padded(answer: Callable[[Any], Any], rows: int) -> Callable[[Any], Any]:
    """Return an answer for fewer rows than a program is fixed to: the last one fills up."""
    import numpy as np

    def padded(batch: Any) -> Any:
        n = len(batch)
        positions = np.minimum(np.arange(rows), n - 1)
        full = batch.iloc[positions] if hasattr(batch, "iloc") else batch[positions]
        return answer(full)[:n]

    return padded
