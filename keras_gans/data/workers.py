"""One dataset, several workers: who reads which examples, and in what order."""

import tensorflow as tf

from keras_gans import _checks, _replicas

_Policy = tf.data.experimental.AutoShardPolicy


def read_by_all(dataset):
    """Let every worker read all examples and take its pieces of each batch.

    Batches are those of one process, if all workers shuffle alike. Unlike TensorFlow's default, it
    does not depend on whether the examples lie in files.
    """
    return _with_policy(dataset, _Policy.DATA)


def read_apart(dataset, batch_size):
    """Let each worker take what it reads, in batches of its own share, as its pieces.

    TensorFlow cuts every batch for all workers, so the shares of several steps go into one.
    """
    return _with_policy(dataset.rebatch(batch_size, drop_remainder=True), _Policy.OFF)


def may_be_dealt_by_files(dataset):
    """Whether TensorFlow may give each of several workers its own files of a dataset.

    It looks for them in the graph of the dataset, not in functions of it.
    """
    policy = dataset.options().experimental_distribute.auto_shard_policy
    return _workers_in_environment() > 1 and policy not in (_Policy.DATA, _Policy.OFF)


def share(dataset, num_examples, batch_size, per_worker, is_endless):
    """Return what this worker reads of a dataset of examples: all, or its own part of them.

    Args:
        dataset: `tf.data.Dataset` of examples.
        num_examples: Integer or `None`, how many there are.
        batch_size: Integer, examples of a batch of all workers.
        per_worker: Boolean, whether each worker reads its own.
        is_endless: Boolean, whether they are read again and again.

    Returns:
        The dataset, the number of its examples, and how many of them are in a batch.

    Raises:
        ValueError: If workers would get batches of different sizes, or more of them than others.
    """
    index, number = this_one() if per_worker else (0, 1)
    if batch_size % number:
        raise ValueError(
            f"`batch_size` must be a multiple of the number of workers, {number}, where each reads "
            f"its own share. Received: batch_size={batch_size}"
        )
    if number > 1 and not (num_examples or is_endless):
        raise ValueError(
            f"`repeat` must be True where {number} workers read apart a dataset of unknown length, "
            "as none may end before the others. Received: repeat=False"
        )
    num_own = num_examples and num_examples // number
    return dataset.shard(number, index).take(num_own or -1), num_own, batch_size // number


def this_one():
    """Return `(index, number)`: which worker of the strategy in scope this is, and of how many."""
    number = _replicas.num_workers()
    if number == 1:
        return 0, 1
    resolver = tf.distribute.get_strategy().cluster_resolver
    cluster = resolver.cluster_spec()
    jobs = [job for job in ("chief", "worker") if job in cluster.jobs]
    tasks = [(job, task) for job in jobs for task in cluster.task_indices(job)]
    return tasks.index((resolver.task_type, resolver.task_id)), number


def agreed_seed(seed):
    """Return a seed that all workers share: the one given, or the chief's new one.

    Raises:
        ValueError: If there are several workers that cannot agree, as no strategy is in scope.
    """
    seed = _checks.seed("seed", seed)
    if seed is not None or _workers_in_environment() == 1:
        return seed
    if _replicas.num_workers() == 1:
        raise ValueError(
            "`seed` must be given where several workers shuffle alike; or load the data inside "
            "`strategy.scope()`, where they take the chief's. Received: seed=None"
        )
    return int(tf.Variable(_checks.seed_or_new("seed", None)).numpy())


def _workers_in_environment():
    """How many workers TF_CONFIG names, or the strategy in scope has."""
    cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver().cluster_spec()
    named = sum(cluster.num_tasks(job) for job in ("chief", "worker") if job in cluster.jobs)
    return max(1, named, _replicas.num_workers())


def _with_policy(dataset, policy):
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = policy
    return dataset.with_options(options)
