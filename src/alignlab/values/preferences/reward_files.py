"""A fitted reward in one `.npz` file: arrays and a page of JSON, no pickle.

What a file cannot hold is code: features that are a function, and the class of a network that
somebody else wrote, are given again when the file is read.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.errors import InputError, nearest
from alignlab.files import write_whole
from alignlab.intervals import Estimate
from alignlab.values.preferences.fitted_reward import FittedReward, Reliability, Triads
from alignlab.values.preferences.held_out import HeldOut
from alignlab.values.preferences.reward_features import Encoder
from alignlab.values.preferences.reward_networks import NetworkTraining, RewardNetworks, fresh

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

__all__ = ["load_reward", "save_reward"]

ARRAYS = ("weights", "covariance", "flat", "tie_logs", "centre")
PLAIN = (
    "model", "names", "tie_sizes", "n_comparisons", "log_loss", "regularization",
    "standard_errors", "converged", "iterations", "gradient", "notes",
)  # fmt: skip


def save_reward(reward: FittedReward, path: str | Path) -> None:
    """Write a reward, whole or not at all.

    Parameters
    ----------
    reward
        What to write.
    path
        Ends in `.npz`.

    Raises
    ------
    InputError
        If the path ends otherwise.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise InputError(
            f"{path.name} does not end in .npz. Name it {path.with_suffix('.npz').name}."
        )
    page: dict[str, Any] = {name: getattr(reward, name) for name in PLAIN}
    page["estimates"] = [each.to_dict() for each in reward.estimates]
    page["reliabilities"] = [
        {**vars(each), "reliability": each.reliability.to_dict()} for each in reward.reliabilities
    ]
    page["held_out"] = None if reward.held_out is None else reward.held_out.to_dict()
    page["triads"] = None if reward.triads is None else vars(reward.triads)
    page["encoder"] = _encoder_page(reward.encoder)
    arrays = {name: value for name in ARRAYS if (value := getattr(reward, name)) is not None}
    if reward.networks is not None:
        networks = reward.networks
        page["hidden"] = _hidden(networks)
        arrays |= {"inputs_centre": networks.centre, "inputs_scale": networks.scale}
        arrays["shift"] = networks.shift
        for at, member in enumerate(networks.members):
            for key, tensor in member.state_dict().items():
                arrays[f"member.{at}.{key}"] = tensor.numpy()
    stream = io.BytesIO()
    text = np.frombuffer(json.dumps(page, ensure_ascii=False).encode(), np.uint8)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {"page": text, **arrays}.items():
            held = io.BytesIO()
            np.lib.format.write_array(held, np.asarray(array), allow_pickle=False)
            # A fixed time stamp, so that the same reward always gives the same bytes.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), held.getvalue())
    write_whole(path, stream.getvalue())


def load_reward(
    path: str | Path,
    *,
    features: Callable[..., Any] | None = None,
    model: torch.nn.Module | None = None,
) -> FittedReward:
    """Read a reward that `save_reward` wrote.

    Parameters
    ----------
    path
        The `.npz` file.
    features
        The function, if the reward was fitted with one.
    model
        A network of the same class, if the reward was fitted with one of the person's own.

    Raises
    ------
    InputError
        If the file is no reward, or the function or the network is missing.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        page = json.loads(arrays.pop("page").tobytes())
    except FileNotFoundError as error:
        names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"There is no file {str(path)!r}.{nearest(path.name, names)}") from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path.name} is not a file of a fitted reward.") from error
    held_out = page["held_out"]
    return FittedReward(
        **{name: _tuple(page[name]) for name in PLAIN},
        estimates=tuple(Estimate(**each) for each in page["estimates"]),
        reliabilities=tuple(
            Reliability(**{**each, "reliability": Estimate(**each["reliability"])})
            for each in page["reliabilities"]
        ),
        held_out=None
        if held_out is None
        else HeldOut(**{k: _estimate(v) for k, v in held_out.items()}),
        triads=None if page["triads"] is None else Triads(**page["triads"]),
        encoder=_encoder(page["encoder"], features, path.name),
        networks=_networks(page, arrays, model, path.name),
        **{name: arrays.get(name) for name in ARRAYS},  # type: ignore[arg-type]
    )


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _estimate(value: Any) -> Any:
    return Estimate(**value) if isinstance(value, dict) else value


def _encoder_page(encoder: Encoder | None) -> dict[str, Any] | None:
    if encoder is None:
        return None
    page = {each.name: getattr(encoder, each.name) for each in fields(encoder)}
    return {**page, "features": "function" if callable(encoder.features) else encoder.features}


def _encoder(page: dict[str, Any] | None, features: Any, name: str) -> Encoder | None:
    if page is None:
        return None
    if page["features"] == "function":
        if features is None:
            raise InputError(
                f"The reward in {name} was fitted with features that are a function. Give it: "
                "load_reward(path, features=…)."
            )
        page["features"] = features
    return Encoder(**{key: _tuple(value) for key, value in page.items()})


def _hidden(networks: RewardNetworks) -> list[int] | None:
    """Return the widths of the hidden layers, if the networks are the kind that alignlab makes."""
    import torch

    first = networks.members[0]
    if not isinstance(first, torch.nn.Sequential):
        return None
    linear = [part for part in first if isinstance(part, torch.nn.Linear)]
    made = [torch.nn.Linear, torch.nn.Tanh] * (len(linear) - 1) + [torch.nn.Linear]
    same = [type(part) for part in first] == made and list(first.state_dict()) == [
        f"{2 * at}.{name}" for at in range(len(linear)) for name in ("weight", "bias")
    ]
    return [part.out_features for part in linear[:-1]] if same else None


def _networks(
    page: dict[str, Any], arrays: dict[str, Any], model: torch.nn.Module | None, name: str
) -> RewardNetworks | None:
    if page["model"] != "network":
        return None
    import torch

    if page["hidden"] is None and model is None:
        raise InputError(
            f"The reward in {name} is a network of the person's own. Give one of the same class: "
            "load_reward(path, model=…)."
        )
    training = NetworkTraining(hidden=tuple(page["hidden"] or (1,)))
    members = []
    for at in range(len(arrays["tie_logs"])):
        begin = f"member.{at}."
        state = {
            key.removeprefix(begin): torch.from_numpy(value)
            for key, value in arrays.items()
            if key.startswith(begin)
        }
        own = None if page["hidden"] is not None else model
        network = fresh(own, training, len(arrays["inputs_centre"]), 0)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise InputError(
                f"The network given is not of the class of the one in {name}."
            ) from error
        members.append(network.eval())
    return RewardNetworks(
        tuple(members), arrays["inputs_centre"], arrays["inputs_scale"], arrays["shift"]
    )
