"""Data that begin later: see tests/callbacks/test_checkpoint.py for what they are for."""

import json

import pytest
import tensorflow as tf
from tensorflow.python.data.experimental.ops import distribute

from keras_gans._progress import Progress
from keras_gans.data import resuming

CLUSTER = json.dumps(
    {
        "cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]},
        "task": {"type": "worker", "index": 0},
    }
)
Policy = tf.data.experimental.AutoShardPolicy


@pytest.fixture
def lines(tmp_path):
    """A dataset of two files, dealt by a policy."""
    for name in "ab":
        (tmp_path / name).write_text("\n".join(f"{name}{i}" for i in range(4)))

    def dataset(policy):
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = policy
        files = [str(tmp_path / name) for name in "ab"]
        return tf.data.TextLineDataset(files).batch(2).with_options(options)

    return dataset


def of_first_worker(dataset):
    return [
        x.decode() for batch in distribute._AutoShardDataset(dataset, 2, 0) for x in batch.numpy()
    ]


@pytest.mark.parametrize(
    "policy, expected",
    [
        (Policy.AUTO, ["a0", "a1", "a2", "a3"]),
        (Policy.FILE, ["a0", "a1", "a2", "a3"]),
        (Policy.DATA, ["a0", "a1", "b0", "b1"]),
    ],
)
@pytest.mark.parametrize("steps_per_epoch", [None, 2])
def test_files_are_dealt_to_workers_as_ever(lines, policy, expected, steps_per_epoch, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", CLUSTER)
    (part,) = resuming.parts(lines(policy), Progress(), 1, steps_per_epoch)
    batches = part.batches if steps_per_epoch is None else part.batches.take(4)
    assert of_first_worker(batches)[:4] == expected
    order = None if policy is Policy.DATA else "may be dealt to the workers by its files"
    assert resuming.unknown_order(lines(policy)) == order


@pytest.mark.parametrize("policy", [Policy.AUTO, Policy.FILE])
def test_what_is_dealt_by_files_goes_on_in_the_middle_of_an_epoch(lines, policy, monkeypatch):
    """All workers read all then, and each takes its share."""
    monkeypatch.setenv("TF_CONFIG", CLUSTER)
    rest, _ = resuming.parts(lines(policy), Progress(0, 1, 1, 4), 5, steps_per_epoch=3)
    assert of_first_worker(rest.batches) == ["a0", "a1"]
