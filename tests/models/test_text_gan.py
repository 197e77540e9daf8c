"""Strings in, strings out."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import _memory, latents
from keras_gans.__main__ import main
from tests.models import every_model
from tests.shared import ModelTests, assert_same_weights, descend

pytestmark = pytest.mark.first_cases

VOCABULARY = "abcé \n"
LENGTH = 6
TEXTS = np.array(["to be", "or not", "to be", "that"] * 8)


def tiny(**kwargs):
    vocabulary = sorted(set("".join(TEXTS)))
    size = kg.data.vocabulary_size(vocabulary)
    judged = size * every_model.pack_size(kwargs)
    return kg.models.TextGAN(
        kg.networks.text_generator(6, size, 2, filters=4, num_blocks=1),
        kg.networks.text_discriminator(6, judged, filters=4, num_blocks=1),
        latent_dim=2,
        vocabulary=vocabulary,
        **{"n_critic": 2, **kwargs},
    )


def tiny_examples():
    return TEXTS, None


def tiny_calls(model):
    size = kg.data.vocabulary_size(model.vocabulary)
    return {
        model.encode: {"texts": TEXTS[:2]},
        model.one_hot: {"texts": TEXTS[:2]},
        model.decode: {"probabilities": np.full((2, 6, size), 1 / size)},
    }


def make(vocabulary=VOCABULARY, **kwargs):
    size = len(vocabulary) + 2
    return kg.models.TextGAN(
        kg.networks.text_generator(LENGTH, size, 3, filters=4, num_blocks=1, kernel_size=3),
        kg.networks.text_discriminator(LENGTH, size, filters=4, num_blocks=1, kernel_size=3),
        latent_dim=3,
        vocabulary=vocabulary,
        **{"n_critic": 2, "seed": 1, **kwargs},
    )


def texts(num=64, seed=0):
    """Texts of 0 to 9 characters, unknown ones among them."""
    rng = np.random.default_rng(seed)
    characters = list(VOCABULARY + "xß")
    return np.array(["".join(rng.choice(characters, rng.integers(10))) for _ in range(num)])


def one_hot(strings):
    """By hand: padding is 0, unknown characters are 1."""
    array = np.zeros((len(strings), LENGTH, len(VOCABULARY) + 2), "float32")
    for i, string in enumerate(strings):
        for j in range(LENGTH):
            known = VOCABULARY.find(string[j]) if j < len(string) else -2
            array[i, j, known + 2] = 1
    return array


class TestTextGAN(ModelTests):
    def make_model(self):
        return make(ema_decay=0.5)

    @property
    def examples(self):
        return texts()

    def check_samples(self, samples):
        assert samples.dtype.kind == "U"
        assert samples.shape == (4,)
        assert all(len(text) <= LENGTH for text in samples)

    def assert_same_samples(self, a, b):
        np.testing.assert_array_equal(a, b)


class Batches(keras.utils.PyDataset):
    def __init__(self, strings, size):
        super().__init__()
        self.batches = strings.reshape(-1, size)

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


def batches_of(kind, strings, size):
    if kind == "dataset":
        return tf.data.Dataset.from_tensor_slices(strings).batch(size, drop_remainder=True)
    if kind == "PyDataset":
        return Batches(strings, size)
    if kind == "PyDataset of bytes":
        return Batches(np.char.encode(strings, "utf-8"), size)
    return (batch for batch in strings.reshape(-1, size))


KINDS = ["dataset", "PyDataset", "PyDataset of bytes", "generator"]


def test_defaults_are_those_of_the_authors_code():
    gan = make(n_critic=10)
    default = kg.models.TextGAN(gan.generator, gan.discriminator, 3, VOCABULARY)
    assert (default.n_critic, default.gp_weight, default.one_sided) == (10, 10.0, False)
    default.compile()
    for optimizer in (default.g_optimizer, default.d_optimizer):
        config = optimizer.get_config()
        assert config["learning_rate"] == pytest.approx(1e-4)
        assert (config["beta_1"], config["beta_2"]) == (0.5, 0.9)


def test_encodes_and_decodes_by_the_vocabulary():
    gan = make()
    strings = ["cab", "", "é\n é\n a", "axb", "naïve"]
    tokens = [
        [4, 2, 3, 0, 0, 0],
        [0] * 6,
        [5, 7, 6, 5, 7, 6],
        [2, 1, 3, 0, 0, 0],
        [1, 2, 1, 1, 1, 0],
    ]
    np.testing.assert_array_equal(gan.encode(strings), tokens)
    np.testing.assert_array_equal(gan.encode(np.array(tokens)), tokens)
    np.testing.assert_array_equal(gan.one_hot(strings), one_hot(strings))
    decoded = [text.decode("utf-8") for text in gan.decode(gan.one_hot(strings)).numpy()]
    assert decoded == ["cab", "", "é\n é\n ", "a\ufffdb", "\ufffda\ufffd\ufffd\ufffd"]


def test_samples_are_the_most_likely_characters():
    gan = make()
    probabilities = gan(keras.random.normal((5, 3), seed=0)).numpy()
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-6)
    alphabet = ["", "\ufffd", *VOCABULARY]
    expected = ["".join(alphabet[i] for i in row.argmax(axis=-1)) for row in probabilities]
    assert [t.decode("utf-8") for t in gan.decode(probabilities).numpy()] == expected
    assert len(set(gan.sample(64, seed=0))) > 1
    np.testing.assert_array_equal(gan.sample(64, seed=0), gan.sample(64, seed=0, batch_size=7))


def test_one_step_is_the_game_on_one_hot_characters():
    """Against the same step written out with plain TensorFlow."""
    gan = make(gp_weight=3.0, seed=5)
    gan.compile(*[keras.optimizers.SGD(0.1) for _ in range(2)], run_eagerly=True)
    generator = keras.models.clone_model(gan.generator)
    critic = keras.models.clone_model(gan.discriminator)
    generator.set_weights(gan.generator.get_weights())
    critic.set_weights(gan.discriminator.get_weights())
    strings = texts(12)
    gan.fit(strings, batch_size=6, shuffle=False, verbose=0)

    def critic_loss(real, fake, alpha):
        mixed = alpha * real + (1 - alpha) * fake
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            logits = critic(mixed)
        norms = tf.norm(tf.reshape(tape.gradient(logits, mixed), (6, -1)), axis=1)
        distance = tf.reduce_mean(critic(real)) - tf.reduce_mean(critic(fake))
        return -distance + 3 * tf.reduce_mean((norms - 1) ** 2)

    seeds = keras.random.SeedGenerator(5)
    fakes = generator(keras.random.normal((12, 3), seed=seeds))
    for j in range(2):
        real, fake = one_hot(strings[j::2]), fakes[j::2]
        alpha = keras.random.uniform((6,), seed=seeds)[:, None, None]
        descend(critic, lambda r=real, f=fake, a=alpha: critic_loss(r, f, a))
    latents = keras.random.normal((6, 3), seed=seeds)
    descend(generator, lambda: -tf.reduce_mean(critic(generator(latents))))
    assert_same_weights(gan.generator, generator, rtol=1e-5, atol=1e-6)
    assert_same_weights(gan.discriminator, critic, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_hold_the_tokens_of_strings_of_any_kind(kind):
    gan = make()
    strings = texts(32)
    steps = gan.training_batches(batches_of(kind, strings, 8), None, 8, shuffle_seed=None)
    if kind.startswith("PyDataset"):
        steps = [steps[i] for i in range(steps.num_batches)]
    mini_batches = strings.reshape(2, 2, 8).swapaxes(1, 2).reshape(2, 16)
    for step, expected in zip(steps, mini_batches, strict=True):
        (tokens,) = step if isinstance(step, tuple) else (step,)
        np.testing.assert_array_equal(tokens, one_hot(expected).argmax(axis=-1))


@pytest.mark.parametrize("kind", [list, np.array, np.char.encode, lambda x: np.array(x, object)])
def test_arrays_of_strings_give_their_tokens(kind):
    strings = texts(32)
    (step,) = make().training_batches(kind(strings.tolist()), None, 16, shuffle_seed=None)
    np.testing.assert_array_equal(step, one_hot(strings).argmax(axis=-1))


@pytest.mark.parametrize("kind", [*KINDS, "list", "array"])
def test_evaluates_strings_of_any_kind(kind):
    gan = make()
    gan.compile(run_eagerly=True)
    strings = texts(32)
    expected = gan.evaluate(strings, batch_size=8, verbose=0)
    x = {"list": strings.tolist(), "array": strings}.get(kind)
    x = batches_of(kind, strings, 8) if x is None else x
    size = {"batch_size": 8} if kind in ("list", "array") else {}
    np.testing.assert_allclose(gan.evaluate(x, verbose=0, **size), expected, rtol=1e-6)


@pytest.mark.slow
def test_fits_and_validates_on_a_py_dataset():
    expected, gan = make(), make()
    for model in (expected, gan):
        model.generator.set_weights(expected.generator.get_weights())
        model.discriminator.set_weights(expected.discriminator.get_weights())
        model.compile(run_eagerly=True)
    dataset, held_out = Batches(texts(32), 8), texts(16, seed=1)
    history = gan.fit(dataset, epochs=2, validation_data=Batches(held_out, 8), verbose=0).history
    logs = gan.evaluate(held_out, batch_size=8, verbose=0, return_dict=True)
    assert history["val_d_loss"][-1] == pytest.approx(logs["d_loss"], rel=1e-5)
    expected.fit(batches_of("dataset", texts(32), 8), epochs=2, verbose=0)
    assert_same_weights(expected, gan)


def test_metrics_compare_strings():
    gan = make()
    metrics = [kg.metrics.NGramJSDivergence(n) for n in (1, 2)]
    gan.compile(metrics=metrics, run_eagerly=True)
    strings = texts(32)
    logs = gan.evaluate(strings, batch_size=32, verbose=0, return_dict=True)
    latents = keras.random.normal((32, 3), seed=keras.random.SeedGenerator(0))
    seen = gan.decode(one_hot(strings)), gan.decode(gan(latents))
    for metric in metrics:
        metric.reset_state()
        metric.update_state(*seen)
        assert logs[metric.name] == pytest.approx(float(metric.result()), rel=1e-9)
    assert 0 < logs["js_1"] < logs["js_2"] < np.log(2)


def test_evaluates_with_metrics_though_compiled_by_xla(xla):
    gan = make()
    gan.compile(metrics=[kg.metrics.NGramJSDivergence(1)], jit_compile=True)
    gan.fit(texts(32), batch_size=8, validation_data=texts(16), verbose=0)
    assert gan.jit_compile
    assert 0 < gan.evaluate(texts(16), verbose=0, return_dict=True)["js_1"] < np.log(2)


def test_metrics_on_two_replicas_see_the_same_strings(two_replicas):
    keras.utils.set_random_seed(0)
    one = make()
    one.compile(metrics=[kg.metrics.NGramJSDivergence(1)])
    with two_replicas.scope():
        two = make()
        two.generator.set_weights(one.generator.get_weights())
        two.discriminator.set_weights(one.discriminator.get_weights())
        two.compile(metrics=[kg.metrics.NGramJSDivergence(1)])
    logs = [m.evaluate(texts(32), batch_size=8, verbose=0, return_dict=True) for m in (one, two)]
    assert logs[0]["js_1"] == pytest.approx(logs[1]["js_1"], rel=1e-9)


def test_the_saved_model_speaks_in_strings(tmp_path):
    gan = make()
    gan.compile()
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    assert (served.example_shape, served.latent_dim) == ((), 3)
    latents = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    written = [text.decode("utf-8") for text in gan.decode(gan(latents)).numpy()]
    assert served.generate(latents).tolist() == written
    assert served.sample(3, seed=0).tolist() == gan.sample(3, seed=0).tolist()
    strings = texts(8)
    logits = gan.discriminator(one_hot(strings))
    for data in (strings, strings.tolist()):
        np.testing.assert_allclose(served.score(data), logits, atol=1e-6)
    for data in ("abc", [["abc"]], [1.0]):
        with pytest.raises(ValueError, match=r"`x` must hold strings, of shape \(num,\)"):
            served.score(data)


def test_vocabularies_of_line_ends_come_back(tmp_path):
    gan = make(vocabulary=["\n", "\r", "\\", '"', "\u2028", "𝒳"])
    gan.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.vocabulary == gan.vocabulary
    np.testing.assert_array_equal(again.encode(["𝒳\n\\"]), [[7, 2, 4, 0, 0, 0]])
    np.testing.assert_array_equal(again.sample(9, seed=0), gan.sample(9, seed=0))


@pytest.mark.parametrize(
    ("vocabulary", "error", "message"),
    [
        ("abca  ", ValueError, "all different"),
        ([*"abcé ", "\n\n"], ValueError, "single characters"),
        ([*"abcé ", 7], ValueError, "single characters"),
        ("abcé \ufffd", ValueError, "without"),
        ("abc", ValueError, r"`generator` must make probabilities \(batch, length, 5\): of 3 char"),
        (None, TypeError, "`vocabulary` must be a string or a list of characters"),
    ],
)
def test_refuses_vocabularies_that_are_none(vocabulary, error, message):
    gan = make()
    with pytest.raises(error, match=message):
        kg.models.TextGAN(gan.generator, gan.discriminator, 3, vocabulary)


def test_refuses_networks_of_something_else():
    with pytest.raises(ValueError, match="`generator` must make probabilities"):
        kg.models.TextGAN(
            kg.networks.mlp_generator((8,), 3, (4,)),
            kg.networks.mlp_discriminator((8,), (4,)),
            latent_dim=3,
            vocabulary=VOCABULARY,
        )


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((32, LENGTH), "int32"),
        one_hot(texts(32)),
        texts(32)[:, None],
        np.array(["a", 7] * 16, object),
        tf.data.Dataset.from_tensor_slices(np.zeros((32, LENGTH), "int32")).batch(8),
        tf.data.Dataset.from_tensor_slices(texts(32)[:, None]).batch(8),
    ],
)
def test_learns_from_strings_only(x):
    gan = make()
    gan.compile()
    for learn in (gan.fit, gan.evaluate):
        with pytest.raises(ValueError, match=r"`x` must hold strings, of shape \(num,\)"):
            learn(x, verbose=0)


def test_encodes_strings_only():
    for value in ([0.5], [["a"]], "a"):
        with pytest.raises(ValueError, match=r"`texts` must hold strings, of shape \(num,\)"):
            make().encode(value)


def test_labels_are_refused():
    gan = make()
    gan.compile()
    with pytest.raises(ValueError, match="Labels must be absent"):
        gan.fit(texts(32), np.zeros(32, "int32"), batch_size=8, verbose=0)


@pytest.mark.slow
def test_learns_to_write():
    """Of three words, the samples are mostly those, and all of them."""
    keras.utils.set_random_seed(0)
    words = ["cab", "abc a", "baaé"]
    size = len(VOCABULARY) + 2
    gan = kg.models.TextGAN(
        kg.networks.text_generator(LENGTH, size, 8, filters=16, num_blocks=1),
        kg.networks.text_discriminator(LENGTH, size, filters=16, num_blocks=1),
        latent_dim=8,
        vocabulary=VOCABULARY,
        n_critic=3,
        seed=0,
    )
    gan.compile(*[keras.optimizers.Adam(2e-3, beta_1=0.5, beta_2=0.9) for _ in range(2)])
    js = kg.metrics.NGramJSDivergence(3)
    js.update_state(words, gan.sample(300, seed=0))
    before = float(js.result())
    gan.fit(np.repeat(words, 3 * 32 * 100), batch_size=32, verbose=0)
    samples = gan.sample(300, seed=0)
    js.reset_state()
    js.update_state(words, samples)
    shares = [np.mean(samples == word) for word in words]
    assert sum(shares) > 0.8, shares
    assert min(shares) > 0.1, shares
    assert float(js.result()) < 0.1 < 0.5 < before


def test_probabilities_are_decoded_in_batches(monkeypatch):
    gan = make()
    latents = np.random.default_rng(0).standard_normal((10, gan.latent_dim)).astype("float32")
    expected, sizes, decode = gan.generate(latents), [], gan.decode

    def counted(probabilities):
        sizes.append(len(probabilities))
        return decode(probabilities)

    monkeypatch.setattr(gan, "decode", counted)
    np.testing.assert_array_equal(gan.generate(latents, batch_size=4), expected)
    assert sizes == [4, 4, 2]


def test_as_many_texts_as_fit_in_memory_may_be_sampled(monkeypatch):
    gan = make()
    bytes_each = 4 * (gan.latent_dim + gan.generator.output_shape[1])  # without probabilities
    monkeypatch.setattr(_memory, "physical_memory", lambda: 10 * bytes_each)
    assert len(gan.sample(10)) == 10
    with pytest.raises(ValueError, match="`num` must be at most 10 for"):
        gan.sample(11)


def test_the_command_line_prints_paths_of_texts(tmp_path, capsys):
    gan = make()
    gan.compile()
    gan.export(tmp_path / "saved_model")
    arguments = ["interpolate", str(tmp_path / "saved_model"), "--num", "2", "--steps", "3"]
    main(arguments)
    paths = latents.paths(2, gan.latent_dim, 3)
    expected = "\n\n".join("\n".join(gan.generate(path)) for path in paths)
    assert capsys.readouterr().out == expected + "\n"
    with pytest.raises(SystemExit, match="`--labels` must be left out"):
        main([*arguments, "--labels", "1"])
