"""
Title: Many machines, one script
Description: A WGAN-GP that several workers train together; here, two processes of this machine.
Accelerator: None (or the GPUs of every worker)
"""

"""
## Introduction

`tf.distribute.MultiWorkerMirroredStrategy` is `MirroredStrategy` over several machines, *workers*:
the same script runs on all of them, each with a piece of every batch, and the sums of the gradients
travel over the network. The first worker is the *chief*: it writes the files.

## Who is there

Every worker learns from the environment variable `TF_CONFIG` who the others are and which one it
is. Without it this script is nobody's worker, so it starts two on this machine, as a cluster's
manager would.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys

WORKERS = 2


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


if "TF_CONFIG" not in os.environ:
    cluster = {"worker": [f"127.0.0.1:{free_port()}" for _ in range(WORKERS)]}
    workers = []
    for index in range(WORKERS):
        config = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(config)}
        workers.append(subprocess.Popen([sys.executable, *sys.argv], env=environment))
    try:
        sys.exit(max(worker.wait() for worker in workers))
    finally:
        for worker in workers:
            worker.kill()

"""
## On a cluster

- **Kubernetes**: Kubeflow's `TFJob` sets `TF_CONFIG` in every pod; with a plain `StatefulSet`,
  whose pods are called `gan-0.gan`, `gan-1.gan`, …, a line in the start command does:

  ```bash
  export TF_CONFIG='{"cluster": {"worker": ["gan-0.gan:2222", "gan-1.gan:2222"]},
                     "task": {"type": "worker", "index": '${HOSTNAME##*-}'}}'
  ```

- **Slurm**: `srun python multi_worker.py` in a job of one task a node. Slurm says who is there in
  its own variables, and a *cluster resolver* reads them: give the strategy
  `cluster_resolver=tf.distribute.cluster_resolver.SlurmClusterResolver()`, and set `TF_CONFIG` to
  `{}` so that this script does not start workers itself.
- Others have resolvers as well: see `tf.distribute.cluster_resolver`.

Between machines with several GPUs each, `communication_options=
tf.distribute.experimental.CommunicationOptions(implementation=
tf.distribute.experimental.CommunicationImplementation.NCCL)` is the fastest.

## The strategy

It must be the first thing that TensorFlow is asked for: it waits for all workers.
"""

import tensorflow as tf

strategy = tf.distribute.MultiWorkerMirroredStrategy()
is_chief = strategy.extended.should_checkpoint
print(f"A worker of {strategy.num_replicas_in_sync} replicas, chief: {is_chief}")

import keras

import keras_gans as kg

keras.utils.set_random_seed(0)

LATENT_DIM = 32
FILTERS = 32
BATCH_SIZE = 64
ROUNDS = 12
STEPS_PER_ROUND = 100
OUTPUT = pathlib.Path("output") / "multi_worker"

"""
## Data

Every worker makes the same dataset of whole batches and takes its pieces of them: in the scope of
the strategy, or with the same `seed`, all shuffle alike, and the weights are those of one process.
Where reading is what costs, `per_worker=True` lets each read a share of the images only.

For a `tf.data.Dataset` of your own, either make it alike everywhere, with
`options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA`, or
let each worker read files of its own with the policy `OFF`. TensorFlow's default, `AUTO`, deals out
files if it finds any. Batches must have a fixed size, and no worker may run out before the others:
`repeat()` it and say `steps_per_epoch`.
"""

with strategy.scope():
    train, info = kg.data.load("digits", batch_size=BATCH_SIZE)

"""
## Training

Made in the scope, fitted as ever. All workers call everything, also `save`; what is written is the
chief's. Callbacks of Keras know nothing of workers: those that only write, such as `CSVLogger`, are
for the chief; `BackupAndRestore` is for all, in a folder that all see and that exists already. With
it the same command goes on after a failure where it stopped.
"""

with strategy.scope():
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator(info.image_shape, LATENT_DIM, filters=FILTERS),
        kg.networks.dcgan_discriminator(info.image_shape, filters=FILTERS, normalization=None),
        latent_dim=LATENT_DIM,
        n_critic=3,
        ema_decay=0.99,
    )
    gan.compile(
        g_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.9),
        d_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.9),
    )

backup = OUTPUT / "backup"
backup.mkdir(parents=True, exist_ok=True)
callbacks = [
    kg.callbacks.SampleGrid(OUTPUT / "samples", num=16),
    keras.callbacks.BackupAndRestore(backup, delete_checkpoint=False),
]
if is_chief:
    callbacks.append(keras.callbacks.CSVLogger(OUTPUT / "log.csv", append=True))
gan.fit(
    train.repeat(),
    epochs=ROUNDS,
    steps_per_epoch=STEPS_PER_ROUND,
    callbacks=callbacks,
    verbose=2 if is_chief else 0,
)

"""
## Look
"""

gan.save(OUTPUT / "model.keras")
if is_chief:
    kg.data.save_grid(gan.sample(100, seed=0), OUTPUT / "grid.png")
    print(f"Look at {OUTPUT / 'grid.png'}.")
