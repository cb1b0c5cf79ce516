"""A checkpoint is read as it was written, or refused."""

import pickletools

import pytest
import torch

from alignlab.errors import InputError
from alignlab.training.checkpoints import (
    CHECKPOINT,
    Checkpoint,
    holds_epochs,
    read_checkpoint,
    write_checkpoint,
)


def checkpoint():
    shared = torch.arange(6.0).reshape(2, 3)
    tensors = {
        "module": {"a.weight": shared.T, "b.weight": shared, "none": torch.zeros(0)},
        "term x": {"steps": torch.tensor(3)},
    }
    return Checkpoint({"seed": 1}, {"epochs": [{"loss": 0.1}]}, tensors)


def test_it_is_the_same_after_a_journey_and_the_same_bytes(tmp_path):
    write_checkpoint(tmp_path, checkpoint())
    content = (tmp_path / CHECKPOINT).read_bytes()
    read = read_checkpoint(tmp_path)
    assert (read.settings, read.progress) == (checkpoint().settings, checkpoint().progress)
    for group, tensors in checkpoint().tensors.items():
        for name, tensor in tensors.items():
            assert torch.equal(read.tensors[group][name], tensor)
    write_checkpoint(tmp_path, read)
    assert (tmp_path / CHECKPOINT).read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == [CHECKPOINT]
    with pytest.raises(ValueError, match="opcode"):
        list(pickletools.genops(content))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x10" + b"\0" * 30])
def test_a_damaged_one_is_refused(tmp_path, content):
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(InputError, match="cannot be read") as told:
        read_checkpoint(tmp_path)
    assert "\n" not in str(told.value)


def test_anothers_file_and_none_are_refused(tmp_path):
    import safetensors.torch

    with pytest.raises(InputError, match="no training to go on with"):
        read_checkpoint(tmp_path)
    safetensors.torch.save_file({"a": torch.zeros(1)}, tmp_path / CHECKPOINT)
    with pytest.raises(InputError, match="its format is None"):
        read_checkpoint(tmp_path)


def test_a_training_without_an_epoch_is_none(tmp_path):
    assert not holds_epochs(tmp_path)
    write_checkpoint(tmp_path, Checkpoint({}, {"epochs": []}, {}))
    assert not holds_epochs(tmp_path)
    write_checkpoint(tmp_path, checkpoint())
    assert holds_epochs(tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"not a checkpoint")
    assert holds_epochs(tmp_path)
