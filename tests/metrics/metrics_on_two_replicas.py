"""Feed every metric on two replicas and compare with metrics that saw the same parts and merged.

The Inception Score is compared with one metric that saw everything.
"""

import keras
import numpy as np
import tensorflow as tf

from tests.metrics.metric_cases import CASES, values

BATCH = 8


def check(name, strategy):
    case = CASES[name]
    config = case.make().get_config()
    # Bounded subsets are exact below their capacity, which the replicas share.
    config |= {key: 1000 for key in ("subset_size", "max_samples", "max_patches") if key in config}
    cls = type(case.make())
    with strategy.scope():
        metric = cls.from_config(config)
    parts = [cls.from_config(config) for _ in range(2)]
    number = min(map(len, case.data))
    number -= number % BATCH

    @tf.function
    def step(*batch):
        strategy.run(metric.update_state, args=batch)

    data = tuple(samples[:number] for samples in case.data)
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(BATCH)
    for batch in strategy.experimental_distribute_dataset(dataset):
        step(*batch)
    if name == "inception_score":  # a merge would not know the places in the stream
        parts = [cls.from_config(config)]
        parts[0].update_state(*data)
    for start in range(0, number if len(parts) > 1 else 0, BATCH):
        for replica, part in enumerate(parts):
            first = start + replica * BATCH // 2
            part.update_state(*(samples[first : first + BATCH // 2] for samples in data))
    parts[0].merge_state(parts[1:])

    expected, result = values(parts[0].result()), values(metric.result())
    assert result.keys() == expected.keys()
    np.testing.assert_allclose(
        list(result.values()),
        list(expected.values()),
        rtol=max(1e-10, case.tolerance),
        err_msg=name,
    )


def main():
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    for name in CASES:
        check(name, strategy)
        print(f"{name} agrees", flush=True)
    keras.utils.clear_session()


if __name__ == "__main__":
    main()
