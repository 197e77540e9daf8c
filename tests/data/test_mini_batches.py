"""Every n-th example of a batch is one mini-batch, and each of them is fresh."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.data import Spec
from keras_gans.data.assertions import readable_errors
from keras_gans.data.batch_spec import BatchSpec
from keras_gans.data.mini_batches import checked, evaluation_batches, mapped, mini_batches, split

pytestmark = pytest.mark.first_cases

BATCHES = [np.arange(12.0, dtype="float32").reshape(4, 3) + 100 * i for i in range(7)]
LABELS = [np.arange(4) + 10 * i for i in range(7)]


ANYTHING = BatchSpec()


def batches_of(x, n, y=None, batch_size=None, replicas=1, shuffle_seed=None, spec=ANYTHING):
    return mini_batches(x, y, batch_size, n, replicas, shuffle_seed, spec)


def as_numpy(batches):
    with readable_errors():
        if isinstance(batches, tf.data.Dataset):
            return list(batches.as_numpy_iterator())
        return [b[0] if isinstance(b, tuple) and len(b) == 1 else b for b in batches]


class Batches(keras.utils.PyDataset):
    def __init__(self, batches, endless=False):
        super().__init__()
        self.batches = batches
        self.endless = endless
        self.epochs = []

    @property
    def num_batches(self):
        return None if self.endless else len(self.batches)

    def __getitem__(self, index):
        return self.batches[index % len(self.batches)]

    def on_epoch_begin(self):
        self.epochs.append("begin")

    def on_epoch_end(self):
        self.epochs.append("end")


def joined(batches):
    return tf.nest.map_structure(lambda *parts: np.concatenate(parts), *batches)


def static(batches):
    size = len(tf.nest.flatten(batches)[0])
    dataset = tf.data.Dataset.from_tensor_slices(joined(batches))
    return dataset.batch(size, drop_remainder=True)


def unknown(batches):
    """A dataset of these batches, which may differ in size, of known length."""
    signature = tf.nest.map_structure(
        lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), batches[0]
    )
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


def generator(batches):
    return (batch for batch in batches)


SOURCES = {
    "static": static,
    "unknown": unknown,
    "py_dataset": Batches,
    "generator": generator,
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_nth_example_is_a_mini_batch(kind, n):
    flat = as_numpy(batches_of(SOURCES[kind](BATCHES), n))
    dealt = [step[j::n] for step in flat for j in range(n)]
    assert len(flat) == 7 // n
    np.testing.assert_array_equal(dealt, BATCHES[: 7 // n * n])


@pytest.mark.parametrize("kind", SOURCES)
def test_labels_go_with_their_examples(kind):
    source = SOURCES[kind](list(zip(BATCHES, LABELS, strict=True)))
    flat = as_numpy(batches_of(source, 3))
    assert len(flat) == 2
    for i, (x, y) in enumerate(flat):
        for j in range(3):
            np.testing.assert_array_equal(x[j::3], BATCHES[3 * i + j])
            np.testing.assert_array_equal(y[j::3], LABELS[3 * i + j])


@pytest.mark.parametrize("name, position", [("x", 0), ("y", 1)])
def test_values_are_refused_by_the_name_of_their_part(name, position):
    both = [np.zeros((2, 4, 4, 1), "float32"), np.zeros((2, 4, 4, 1), "float32")]
    both[position][0, 0, 0] = 255
    spec = BatchSpec(Spec((4, 4, 1)), Spec((4, 4, 1)))
    batches = batches_of(tf.data.Dataset.from_tensors(tuple(both)), 1, spec=spec)
    with pytest.raises(ValueError, match=f"`{name}` must hold images scaled.*{name} / 127.5"):
        as_numpy(batches)


def test_shapes_are_known_where_they_can_be():
    images = np.zeros((40, 4, 4, 1), "float32")
    dataset = tf.data.Dataset.from_tensor_slices(images)
    fixed = batches_of(dataset.batch(5, drop_remainder=True), 2)
    assert fixed.element_spec.shape == (10, 4, 4, 1)
    assert batches_of(dataset.batch(5), 2).element_spec.shape.as_list() == [None, 4, 4, 1]
    assert batches_of(images, 2, batch_size=5).element_spec.shape == (10, 4, 4, 1)


class TestArrays:
    X = np.arange(50, dtype="float32")[:, None]

    def test_keep_their_order_and_drop_the_remainder(self):
        flat = as_numpy(batches_of(self.X, 3, batch_size=4))
        np.testing.assert_array_equal(np.concatenate(flat), self.X[:48])
        assert [len(step) for step in flat] == [12] * 4

    def test_no_example_comes_twice_in_a_shuffled_epoch(self):
        batches = batches_of(self.X, 3, batch_size=4, shuffle_seed=0)
        epochs = [np.concatenate(as_numpy(batches))[:, 0] for _ in range(3)]
        for epoch in epochs:
            assert len(np.unique(epoch)) == len(epoch) == 48
            assert not np.array_equal(epoch, np.sort(epoch))
        assert not np.array_equal(epochs[0], epochs[1])
        assert len(set(np.concatenate(epochs))) == 50

    def test_labels_go_with_their_examples(self):
        y = np.arange(50)
        for x, labels in as_numpy(batches_of(self.X, 2, y=y, batch_size=5, shuffle_seed=0)):
            np.testing.assert_array_equal(x[:, 0], labels)

    @pytest.mark.parametrize("convert", [tf.constant, keras.ops.array])
    def test_may_be_tensors(self, convert):
        flat = as_numpy(batches_of(convert(self.X), 1, batch_size=10))
        np.testing.assert_array_equal(np.concatenate(flat), self.X)

    def test_have_32_examples_in_a_mini_batch_unless_told(self):
        assert [len(step) for step in as_numpy(batches_of(self.X, 1))] == [32]

    def test_must_fill_one_step(self):
        with pytest.raises(ValueError, match=r"`x` must hold .* 6 mini-batches of 9 = 54.* 50"):
            batches_of(self.X, 6, batch_size=9)

    def test_must_have_as_many_labels(self):
        with pytest.raises(ValueError, match=r"same length.*len\(x\)=50, len\(y\)=49"):
            batches_of(self.X, 1, y=np.arange(49))


class TestRaggedBatches:
    """A shorter batch, wherever it comes, counts as a batch, and its examples are dealt out."""

    RAGGED = [*BATCHES[:5], BATCHES[5][:3]]

    @pytest.mark.parametrize("kind", ["unknown", "py_dataset", "generator"])
    @pytest.mark.parametrize("place", [0, 3, 5])
    @pytest.mark.parametrize("n", [1, 4])
    def test_make_as_many_steps_wherever_they_come(self, kind, place, n):
        ragged = [*BATCHES[:place], BATCHES[5][:3], *BATCHES[place:5]]
        steps = as_numpy(batches_of(SOURCES[kind](ragged), n))
        assert len(steps) == 6 // n
        for i, step in enumerate(steps):
            examples = np.concatenate(ragged[i * n : (i + 1) * n])
            size = len(examples) // n
            assert len(step) == size * n
            for j in range(n):
                np.testing.assert_array_equal(step[j::n], examples[j * size : (j + 1) * size])

    @pytest.mark.parametrize("kind", ["unknown", "py_dataset", "generator"])
    def test_without_an_example_are_refused(self, kind):
        with pytest.raises(ValueError, match=r"`x` must yield batches of examples.*an empty one"):
            as_numpy(batches_of(SOURCES[kind]([BATCHES[0], BATCHES[1][:0]]), 1))

    def test_leave_the_number_of_steps_known(self):
        dataset = tf.data.Dataset.from_tensor_slices(np.zeros((100, 3), "float32")).batch(16)
        for n, steps in ((1, 7), (2, 3), (5, 1)):
            assert batches_of(dataset, n).cardinality() == steps
        assert batches_of(dataset.repeat(), 2).cardinality() == tf.data.INFINITE_CARDINALITY

    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_train_without_a_warning(self, gan, seed, recwarn):
        images = tf.data.Dataset.from_tensor_slices(np.zeros((20, 4, 4, 1), "float32"))
        steps = []
        count = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda step, logs: steps.append(1)
        )
        gan.fit(images.batch(6).shuffle(8, seed), epochs=2, verbose=0, callbacks=[count])
        assert len(steps) == 2 * 4
        assert not [w for w in recwarn if "ran out of data" in str(w.message)]

    def test_carry_labels_along(self):
        ragged = [(x, np.arange(len(x)) + x[0].astype(int)[0]) for x in self.RAGGED]
        for kind in ("unknown", "py_dataset", "generator"):
            for x, y in as_numpy(batches_of(SOURCES[kind](ragged), 3)):
                np.testing.assert_array_equal(x[:, 0] - 100 * (y // 100), (y % 100) * 3)

    @pytest.mark.parametrize("kind", ["py_dataset", "generator"])
    def test_that_replicas_cannot_share_are_refused(self, kind):
        with pytest.raises(ValueError, match=r"multiple of the 2 replicas.*batch_size=3"):
            as_numpy(batches_of(SOURCES[kind](self.RAGGED), 1, replicas=2))

    def test_are_refused_before_the_training_if_they_come_last(self):
        with pytest.raises(ValueError, match=r"multiple of the 2 replicas.*batch_size=3"):
            batches_of(Batches(self.RAGGED), 1, replicas=2)

    @pytest.mark.parametrize("kind", ["py_dataset", "generator"])
    def test_are_evaluated(self, kind):
        batches, _ = evaluation_batches(SOURCES[kind](self.RAGGED), None, BatchSpec())
        assert [len(batch) for batch in as_numpy(batches)] == [*[len(BATCHES[0])] * 5, 3]


class TestTooShort:
    @pytest.mark.parametrize("kind", SOURCES)
    def test_is_refused(self, kind):
        with pytest.raises(ValueError, match=r"`x` must hold at least the 8 mini-batches.* of 7"):
            as_numpy(batches_of(SOURCES[kind](BATCHES), 8))

    @pytest.mark.parametrize("kind", SOURCES)
    def test_exactly_one_step_is_enough(self, kind):
        assert len(as_numpy(batches_of(SOURCES[kind](BATCHES), 7))) == 1


def test_endless_datasets_stay_endless():
    batches = batches_of(static(BATCHES).repeat(), 3)
    assert batches.cardinality() == tf.data.INFINITE_CARDINALITY


def test_endless_py_datasets_stay_endless():
    batches = batches_of(Batches(BATCHES, endless=True), 3)
    assert batches.num_batches is None
    np.testing.assert_array_equal(batches[2][1::3], BATCHES[0])


def test_py_datasets_hear_of_epochs_and_keep_their_workers():
    dataset = Batches(BATCHES)
    dataset.workers = 3
    batches = batches_of(dataset, 2)
    batches.on_epoch_begin()
    batches.on_epoch_end()
    assert dataset.epochs == ["begin", "end"]
    assert batches.workers == 3


@pytest.mark.parametrize("kind", [static, Batches, generator])
def test_a_function_is_mapped_over_the_examples_of_batches(kind):
    batches = [(np.full((4, 2), i), np.full(4, -i)) for i in range(3)]
    halves = mapped(lambda x: tf.cast(x, tf.float32) / 2, kind(batches))
    if isinstance(halves, keras.utils.PyDataset):
        assert halves.num_batches == 3
        halves = [halves[i] for i in range(3)]
    for (x, y), (half_x, half_y) in zip(batches, halves, strict=True):
        np.testing.assert_array_equal(half_x, x / 2)
        np.testing.assert_array_equal(half_y, y)


def test_a_function_is_mapped_over_an_array():
    x = np.arange(6).reshape(3, 2)
    np.testing.assert_array_equal(mapped(lambda x: tf.constant(x) + 1, x), x + 1)


def test_a_mapped_py_dataset_passes_on_its_epochs_and_stays_in_one_process():
    dataset = Batches(BATCHES)
    dataset.workers, dataset.use_multiprocessing = 3, True
    same = mapped(tf.identity, dataset)
    same.on_epoch_begin()
    same.on_epoch_end()
    assert dataset.epochs == ["begin", "end"]
    assert (same.workers, same.use_multiprocessing) == (3, False)


class TestReplicas:
    def test_share_every_mini_batch_evenly(self):
        x = np.zeros((40, 3), "float32")
        for source in (x, tf.data.Dataset.from_tensor_slices(x).batch(5, drop_remainder=True)):
            with pytest.raises(ValueError, match=r"multiple of the 2 replicas.*batch_size=5"):
                batches_of(source, 1, batch_size=5, replicas=2)

    def test_need_a_fixed_batch_size(self):
        with pytest.raises(ValueError, match=r"`x` must have batches of a fixed size"):
            batches_of(unknown(BATCHES), 1, replicas=2)

    def test_get_examples_of_every_mini_batch(self):
        (flat,) = as_numpy(batches_of(static(BATCHES[:3]), 3, replicas=2))
        for replica in (0, 1):
            part = flat[6 * replica : 6 * (replica + 1)]
            for j in range(3):
                mine = BATCHES[j][2 * replica : 2 * (replica + 1)]
                np.testing.assert_array_equal(part[j::3], mine)


@pytest.fixture(scope="module")
def gan():
    gan = kg.models.GAN(
        kg.networks.mlp_generator((4, 4, 1), 2, (2,)),
        kg.networks.mlp_discriminator((4, 4, 1), (2,)),
        latent_dim=2,
    )
    gan.compile(run_eagerly=True)
    return gan


def images(value=0.0, dtype="float32", shape=(4, 4, 1)):
    """Batches of images, with the value in the last pixel of the last one."""
    batches = [np.zeros((3, *shape), dtype) for _ in range(4)]
    batches[-1][-1, ..., -1] = value
    return batches


KINDS = {**SOURCES, "array": np.concatenate}
BAD = {
    "nan": (images(np.nan), "must hold finite numbers only.*NaN"),
    "infinite": (images(-np.inf), "must hold finite numbers only.*infinity"),
    "unscaled": (images(255.0), r"scaled to \[-1, 1\].* pass x / 127.5 - 1"),
    "uint8": (images(255, "uint8"), "`x` must hold floats.*uint8"),
    "shape": (images(shape=(4, 5, 1)), r"`x` must hold .* shape \(4, 4, 1\).*4, 5, 1"),
    "rank": (images(shape=(4, 4)), r"`x` must hold .* shape \(4, 4, 1\)"),
}


@pytest.mark.parametrize("kind", KINDS)
class TestExamplesThatAModelCannotLearnFrom:
    @pytest.mark.parametrize("n", [1, 2])
    @pytest.mark.parametrize("problem", BAD)
    def test_are_refused(self, gan, kind, n, problem):
        batches, message = BAD[problem]
        with pytest.raises(ValueError, match=message):
            as_numpy(batches_of(KINDS[kind](batches), n, batch_size=3, spec=gan.batch_spec))

    def test_labels_are_refused(self, gan, kind):
        labels = np.split(np.arange(12), 4)
        if kind == "array":
            source, y = np.concatenate(images()), np.concatenate(labels)
        else:
            source, y = KINDS[kind](list(zip(images(), labels, strict=True))), None
        with pytest.raises(ValueError, match="Labels must be absent"):
            as_numpy(batches_of(source, 1, y=y, batch_size=3, spec=gan.batch_spec))

    def test_good_ones_pass(self, gan, kind):
        history = gan.fit(KINDS[kind](images(1.0)), batch_size=3, verbose=0).history
        assert np.isfinite(history["d_loss"]).all()

    @pytest.mark.parametrize("problem", ["nan", "unscaled"])
    def test_fit_refuses_them(self, gan, kind, problem):
        batches, message = BAD[problem]
        with pytest.raises(ValueError, match=message):
            gan.fit(KINDS[kind](batches), batch_size=3, verbose=0)


class TestOtherInput:
    @pytest.mark.parametrize("x", [None, [1.0, 2.0], "digits", {"x": BATCHES[0]}])
    def test_of_another_kind_is_refused(self, x):
        with pytest.raises(TypeError, match=r"`x` must be an array, a tf.data.Dataset"):
            checked(x, None, BatchSpec())

    @pytest.mark.parametrize("kind", SOURCES)
    def test_labels_beside_a_dataset_are_refused(self, kind):
        with pytest.raises(ValueError, match="`y` must be None when `x` is a dataset"):
            checked(SOURCES[kind](BATCHES), LABELS[0], BatchSpec())

    @pytest.mark.parametrize("kind", SOURCES)
    def test_three_components_are_refused(self, kind):
        source = SOURCES[kind](list(zip(BATCHES, LABELS, LABELS, strict=True)))
        with pytest.raises(ValueError, match="Received: 3 components"):
            as_numpy(batches_of(source, 1))

    def test_distributed_datasets_are_refused(self, two_replicas):
        dataset = two_replicas.experimental_distribute_dataset(static(BATCHES))
        with pytest.raises(TypeError, match=r"must be the plain tf.data.Dataset"):
            checked(dataset, None, BatchSpec())


def unknown_rank(x):
    return tf.numpy_function(lambda x: x, [x], x.dtype)


IMAGES = np.zeros((8, 4, 4, 1), "float32")
DATASET = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4)
NOT_TENSORS = {
    "unknown rank": (DATASET.map(unknown_rank), ValueError, "`x` must hold tensors of known rank"),
    "sparse": (DATASET.map(tf.sparse.from_dense), TypeError, "dense tensors.*SparseTensor$"),
    "ragged": (
        DATASET.map(tf.RaggedTensor.from_tensor),
        TypeError,
        "dense tensors.*RaggedTensor$",
    ),
    "a dictionary": (
        DATASET.map(lambda x: ({"image": x}, x)),
        TypeError,
        "`x` must be a tensor alone.*dict of 1 comp",
    ),
    "labeled": (
        tf.data.Dataset.zip(DATASET.map(lambda x: (x, x)), DATASET),
        TypeError,
        r"`x` must be a tensor alone.*map\(lambda images, labels: images\).*tuple of 2",
    ),
    "unknown rank of y": (
        DATASET.map(lambda x: (x, unknown_rank(x))),
        ValueError,
        "`y` must hold tensors of known rank",
    ),
}


class TestWhatIsNoTensor:
    @pytest.mark.parametrize("kind", NOT_TENSORS)
    def test_in_a_dataset_is_refused(self, kind):
        dataset, error, message = NOT_TENSORS[kind]
        for read in (mini_batches_of_one, evaluation_batches):
            with pytest.raises(error, match=message):
                read(dataset, None, BatchSpec())

    @pytest.mark.parametrize("kind", ["py_dataset", "generator"])
    def test_elsewhere_is_refused(self, kind):
        ragged = [np.zeros((2, 3)), np.zeros((3, 3))]
        for batch, error, message in (
            (None, ValueError, "`x` must yield batches of examples"),
            ((ragged, LABELS[0]), TypeError, "`x` must be an array.*a list"),
        ):
            with pytest.raises(error, match=message):
                as_numpy(batches_of(SOURCES[kind]([batch]), 1))

    @pytest.mark.parametrize("n", [1, 2])
    def test_is_left_out_where_it_says_nothing(self, n):
        """`None` stands for no labels, or no weights, as in Keras."""
        for others in ((None,), (None, None)):
            batches = [(x, *others) for x in BATCHES[:2]]
            dataset = DATASET.map(lambda x, others=others: (x, *others))
            assert as_numpy(batches_of(dataset, n))[0].shape == (4 * n, 4, 4, 1)
            for kind in ("py_dataset", "generator"):
                step = as_numpy(batches_of(SOURCES[kind](batches), n))[0]
                np.testing.assert_array_equal(step[::n], BATCHES[0])


def mini_batches_of_one(x, y, spec):
    return batches_of(x, 1, y, spec=spec)


class TestLabels:
    """One integer for each example: anything else is refused in words."""

    SPEC = BatchSpec(Spec((3,)), Spec(kind="integer", num_classes=3))

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("dtype", [str, bytes, float, bool, object])
    def test_of_another_dtype_are_refused(self, kind, dtype):
        labels = (np.arange(4) % 3).astype(dtype)
        if dtype is object and kind in ("static", "unknown"):
            pytest.skip("no tensor holds it")
        name = {str: "str", bytes: "bytes|string"}.get(dtype, dtype.__name__)
        self.refuses(kind, labels, rf"Labels must be integers.*dtype ({name}|string)")

    @pytest.mark.parametrize("kind", KINDS)
    def test_in_another_shape_are_refused(self, kind):
        for labels in (np.eye(4, 3, dtype=int), np.zeros((4, 1), int)):
            self.refuses(kind, labels, r"Labels must be integers of shape.*not one-hot.*\(")

    @pytest.mark.parametrize("kind", KINDS)
    def test_that_are_missing_are_refused(self, kind):
        with pytest.raises(ValueError, match="Labels must be given"):
            as_numpy(batches_of(KINDS[kind](BATCHES[:2]), 1, batch_size=4, spec=self.SPEC))

    @pytest.mark.parametrize("labels", ["cat", 1])
    def test_of_all_examples_at_once_are_refused(self, labels):
        with pytest.raises(ValueError, match=r"Labels must be integers.*shape \(\)"):
            checked(BATCHES[0], labels, self.SPEC)

    @pytest.mark.parametrize("kind", SOURCES)
    def test_of_another_number_are_refused(self, kind):
        if kind in ("static", "unknown"):
            source = tf.data.Dataset.zip(unknown(BATCHES[:2]), unknown([np.zeros(3, int)] * 2))
        else:
            source = SOURCES[kind]([(BATCHES[0], np.zeros(3, int))])
        with pytest.raises(ValueError, match="`x` and `y` must have the same length"):
            as_numpy(batches_of(source, 1, spec=self.SPEC))

    def refuses(self, kind, labels, message):
        if kind == "array":
            source, y = BATCHES[0], labels
        else:
            source, y = KINDS[kind]([(BATCHES[0], labels)]), None
        with pytest.raises(ValueError, match=message):
            as_numpy(batches_of(source, 1, y=y, batch_size=4, spec=self.SPEC))


class TestValidationSplit:
    def test_cuts_the_last_part_off(self):
        x, y = np.arange(10), np.arange(10) * 2
        (x_train, y_train), (x_held_out, y_held_out) = split(x, y, 0.3, BatchSpec())
        np.testing.assert_array_equal(np.concatenate([x_train, x_held_out]), x)
        np.testing.assert_array_equal(np.concatenate([y_train, y_held_out]), y)
        assert len(x_held_out) == 3
        (x_train, y_train), x_held_out = split(x, None, 0.3, BatchSpec())
        assert y_train is None
        np.testing.assert_array_equal(x_held_out, x[7:])

    def test_cuts_the_same_share_off_arrays_that_do_not_belong_together(self):
        x, y = np.arange(20), np.arange(8)
        (x_train, y_train), (x_held_out, y_held_out) = split(x, y, 0.25, BatchSpec())
        assert [len(part) for part in (x_train, x_held_out)] == [15, 5]
        assert [len(part) for part in (y_train, y_held_out)] == [6, 2]

    @pytest.mark.parametrize("fraction", [1.0, -0.1, 2])
    def test_must_be_a_fraction(self, fraction):
        with pytest.raises(
            ValueError, match=rf"`validation_split` must be a number in \(0, 1\).*={fraction}"
        ):
            split(np.arange(10), None, fraction, BatchSpec())

    def test_must_leave_something(self):
        with pytest.raises(ValueError, match="`validation_split` must leave an example"):
            split(np.arange(10), None, 1e-9, BatchSpec())

    def test_must_be_a_number(self):
        with pytest.raises(TypeError, match="`validation_split` must be a number"):
            split(np.arange(10), None, "a", BatchSpec())

    def test_needs_an_array(self):
        with pytest.raises(ValueError, match="`validation_split` needs `x` to be an array"):
            split(static(BATCHES), None, 0.5, BatchSpec())


@pytest.mark.parametrize("kind", ["py_dataset", "generator"])
@pytest.mark.parametrize(
    ("later", "error", "message"),
    [
        (np.zeros((3, 4, 5, 1), "float32"), ValueError, r"^`x` must hold .* shape \(4, 4, 1\)"),
        (np.zeros((3, 4, 4, 1), "uint8"), ValueError, "^`x` must hold floats, images scaled"),
        ([[0.0], [0.0, 1.0]], TypeError, "^`x` must be an array"),
    ],
)
def test_later_batches_of_another_kind_are_refused_in_words(gan, kind, later, error, message):
    """Also where Keras reads them from within TensorFlow."""
    source = SOURCES[kind]([*images()[:3], (later,)])
    with pytest.raises(error, match=message):
        gan.fit(source, verbose=0)
