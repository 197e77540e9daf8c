"""What every layer and every model promises, as tests: subclass and say how to make one."""

import collections
import inspect
import itertools
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

import keras_gans as kg


def assert_same_weights(a, b, **tolerances):
    for u, v in zip(a.weights, b.weights, strict=True):
        u, v = keras.ops.convert_to_numpy(u), keras.ops.convert_to_numpy(v)
        np.testing.assert_allclose(u, v, **{"rtol": 0, "atol": 0, **tolerances})


def weights_of(model):
    return [keras.ops.convert_to_numpy(weight) for weight in model.weights]


def descend(network, loss, learning_rate=0.1):
    """One step of gradient descent on a network, in plain TensorFlow."""
    with tf.GradientTape() as tape:
        value = loss()
    weights = network.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(value, weights), strict=True):
        if gradient is not None:
            weight.assign(weight - learning_rate * tf.convert_to_tensor(gradient))


def gradients(model, inputs, targets, num_replicas=1):
    """Gradients of a mean squared error, over `num_replicas`, by weights and by float inputs."""
    inputs = keras.tree.map_structure(tf.convert_to_tensor, inputs)
    sources = [x for x in keras.tree.flatten(inputs) if x.dtype.is_floating]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        loss = tf.reduce_mean((model(inputs, training=True) - targets) ** 2) / num_replicas
    weights = model.trainable_variables
    found = tape.gradient(loss, [*weights, *sources], unconnected_gradients="zero")
    return found[: len(weights)], found[len(weights) :]


def gradients_on_replicas(strategy, model, inputs, targets):
    """The same by replicas that share the batch: summed by weights, joined by inputs."""
    replicas = strategy.num_replicas_in_sync

    def part(context):
        i = context.replica_id_in_sync_group
        return keras.tree.map_structure(
            lambda a: tf.constant(np.array_split(a, replicas)[i]), (inputs, targets)
        )

    parts = strategy.experimental_distribute_values_from_function(part)
    run = tf.function(lambda inputs, targets: gradients(model, inputs, targets, replicas))
    by_weights, by_inputs = strategy.run(run, args=parts)
    by_weights = [strategy.reduce("SUM", g, axis=None) for g in by_weights]
    return by_weights, [tf.concat(strategy.experimental_local_results(g), 0) for g in by_inputs]


def optimized_graph(function, *arguments):
    """Call a concrete function: the operations that then ran, by name."""
    context.enable_run_metadata()
    context.export_run_metadata()  # of functions that ran before
    function(*arguments)
    graphs = context.export_run_metadata().function_graphs
    context.disable_run_metadata()
    operations = max((graph.post_optimization_graph.node for graph in graphs), key=len)
    return {operation.name: operation for operation in operations}


def conflicts(graph):
    """Names of any two operations on one variable, unless both only read it."""
    reads = {"ReadVariableOp", "ResourceGather", "ResourceGatherNd"}
    passing_on = {"Identity", "Switch"}  # a switch, to the operations of a condition
    users = collections.defaultdict(list)
    for user in graph.values():
        if user.op in passing_on:
            continue
        for name in user.input:
            if name.startswith("^"):  # it only runs before
                continue
            source = graph[operation_of(name)]
            while source.op in passing_on:
                source = graph[operation_of(source.input[0])]
            if source.op == "_Arg" and source.attr["T"].type == tf.resource.as_datatype_enum:
                users[source.name].append(user)
    for operations in users.values():
        for a, b in itertools.combinations(operations, 2):
            if not {a.op, b.op} <= reads:
                yield a.name, b.name


def ancestors(name, graph):
    """The names of all operations that run before an operation."""
    found, rest = set(), [name]
    while rest:
        before = {operation_of(name) for name in graph[rest.pop()].input} - found
        found |= before
        rest.extend(before)
    return found


def operation_of(name):
    """The name of the operation that an input, `name:1` or `^name`, comes from."""
    return name.lstrip("^").split(":")[0]


class LayerTests:
    """Subclasses give `make_layer()` and `inputs`: a float32 array with a batch axis, or a list of
    arrays for a layer that is called on a list."""

    mixed_output_dtype = None  # the policy's compute dtype

    def make_layer(self):
        raise NotImplementedError

    @property
    def inputs(self):
        raise NotImplementedError

    def model(self):
        if not isinstance(self.inputs, list):
            return keras.Sequential([keras.Input(self.inputs.shape[1:]), self.make_layer()])
        inputs = [keras.Input(x.shape[1:], dtype=x.dtype.name) for x in self.inputs]
        return keras.Model(inputs, self.make_layer()(inputs))

    def test_config_round_trip(self):
        layer = self.make_layer()
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()

    def test_output_shape_is_the_computed_one(self):
        model = self.model()
        outputs = model(self.inputs)
        inputs = self.inputs
        shapes = [x.shape for x in inputs] if isinstance(inputs, list) else inputs.shape
        assert outputs.shape == self.make_layer().compute_output_shape(shapes)
        assert outputs.shape[1:] == model.output_shape[1:]
        assert outputs.dtype == model.outputs[0].dtype

    def test_one_step_of_fit_follows_a_finite_gradient(self):
        model = self.model()
        model.compile(keras.optimizers.SGD(1e-3), "mse")
        targets = model(self.inputs).numpy() + 1
        losses = model.fit(self.inputs, targets, epochs=3, verbose=0).history["loss"]
        assert np.isfinite(losses).all()
        assert all(np.isfinite(w).all() for w in model.get_weights())
        assert losses[-1] < losses[0] if model.trainable_weights else losses[-1] == losses[0]

    @pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
    def test_mixed_precision_agrees(self, policy):
        expected = self.model()
        keras.config.set_dtype_policy(policy)
        model = self.model()
        model.set_weights(expected.get_weights())
        outputs = model(self.inputs)
        dtype = self.mixed_output_dtype or policy.removeprefix("mixed_")
        assert keras.backend.standardize_dtype(outputs.dtype) == dtype
        np.testing.assert_allclose(
            tf.cast(outputs, "float32"), expected(self.inputs), rtol=0.05, atol=0.05
        )

    def test_saves_and_loads(self, tmp_path):
        model = self.model()
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(model(self.inputs), again(self.inputs))

    def test_two_replicas_equal_one(self, two_replicas):
        keras.utils.set_random_seed(0)
        model = self.model()
        with two_replicas.scope():
            copy = self.model()
        copy.set_weights(model.get_weights())
        size = len(keras.tree.flatten(self.inputs)[0])
        np.testing.assert_allclose(
            copy.predict(self.inputs, batch_size=size, verbose=0),
            model.predict(self.inputs, batch_size=size, verbose=0),
            rtol=1e-5,
            atol=1e-6,
        )

    def test_two_replicas_have_the_gradients_of_one(self, two_replicas):
        model = self.model()
        with two_replicas.scope():
            copy = self.model()
        copy.set_weights(model.get_weights())
        targets = np.random.default_rng(1).normal(size=model(self.inputs).shape).astype("float32")
        expected = gradients(model, self.inputs, targets)
        found = gradients_on_replicas(two_replicas, copy, self.inputs, targets)
        for a, b in zip(keras.tree.flatten(expected), keras.tree.flatten(found), strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)

    def test_xla_agrees(self, xla):
        model = self.model()
        compiled = tf.function(lambda x: model(x, training=True), jit_compile=True)
        np.testing.assert_allclose(
            compiled(self.inputs), model(self.inputs, training=True), rtol=1e-5, atol=1e-5
        )


#: Small, so that rounding errors stay rounding errors.
LEARNING_RATE = 1e-3


class ModelTests:
    """Subclasses give `make_model()`, uncompiled, and `examples`, what it trains on.

    What an epoch of training gives is in the first tier; the other promises are slow.

    `examples` is an array, or a tuple of an array and labels, of 8 mini-batches of 8.
    """

    batch_size = 8
    labels = None
    compile_arguments = {}
    noise_of_losses = 0.05  # how much the losses of an epoch differ by other noise

    def make_model(self):
        raise NotImplementedError

    @property
    def examples(self):
        raise NotImplementedError

    def sgd(self, model, **arguments):
        """Compile with SGD, under which equal gradients give equal steps."""
        optimizers = {
            name: keras.optimizers.SGD(LEARNING_RATE) for name in model.optimizer_networks
        }
        model.compile(**optimizers, **arguments)
        return model

    def compiled(self):
        keras.utils.set_random_seed(0)
        model = self.make_model()
        model.compile(**self.compile_arguments)
        return model

    def fit(self, model, examples=None, **kwargs):
        x, y = self.unpacked(examples)
        kwargs = {"batch_size": self.batch_size, "verbose": 0, "shuffle": False, **kwargs}
        return model.fit(x, y, **kwargs)

    def unpacked(self, examples=None):
        examples = self.examples if examples is None else examples
        return examples if isinstance(examples, tuple) else (examples, None)

    def sample(self, model, num=4):
        labels = None if self.labels is None else self.labels[:num]
        return model.sample(num, labels=labels, seed=3)

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls, tmp_path_factory):
        return cls().train(tmp_path_factory.mktemp("trained"))

    def train(self, folder):
        """A model after two epochs, and what it was, gave and wrote after the first."""
        model = self.compiled()
        networks = {n for names in model.optimizer_networks.values() for n in names}
        weights = {name: [getattr(model, name).get_weights()] for name in networks}
        history = self.fit(model).history
        for name, states in weights.items():
            states.append(getattr(model, name).get_weights())
        model.save(folder / "model.keras")
        model.save_weights(folder / "model.weights.h5")
        model.export(folder / "saved_model")
        samples, after_an_epoch = self.sample(model), weights_of(model)
        tested = model.evaluate(
            *self.unpacked(), batch_size=self.batch_size, verbose=0, return_dict=True
        )
        self.fit(model)
        return types.SimpleNamespace(
            model=model,
            folder=folder,
            history=history,
            networks=weights,
            samples=samples,
            after_an_epoch=after_an_epoch,
            tested=tested,
        )

    def test_logs_losses(self, trained):
        assert set(trained.history) == set(trained.model.loss_names)
        for logs in (trained.history, trained.tested):
            assert np.isfinite(list(logs.values())).all()

    def test_an_epoch_changes_every_trained_network(self, trained):
        for name, (before, after) in trained.networks.items():
            changed = [not np.array_equal(u, v) for u, v in zip(before, after, strict=True)]
            assert any(changed), name

    def test_samples(self, trained):
        self.check_samples(trained.samples)
        model = self.make_model()
        np.testing.assert_array_equal(self.sample(model), self.sample(model))

    def check_samples(self, samples):
        """Four samples are of the kind of the examples: floats, unless a subclass says others."""
        assert samples.dtype == np.float32
        assert samples.shape == (4, *self.unpacked()[0].shape[1:])

    def assert_same_samples(self, a, b):
        np.testing.assert_allclose(a, b, atol=1e-6)

    def test_config_round_trip(self):
        model = self.make_model()
        again = type(model).from_config(model.get_config())
        assert again.get_config() == model.get_config()

    @pytest.mark.slow
    def test_saved_model_trains_on_bit_for_bit(self, trained):
        again = keras.models.load_model(trained.folder / "model.keras")
        np.testing.assert_array_equal(self.sample(again), trained.samples)
        self.fit(again)
        assert_same_weights(again, trained.model)
        for name in again.optimizer_networks:
            assert_same_weights_of_optimizers(getattr(again, name), getattr(trained.model, name))

    @pytest.mark.slow
    def test_weights_file_restores_everything(self, trained):
        """And training goes on batch by batch as in an epoch."""
        again = self.compiled()
        again.load_weights(trained.folder / "model.weights.h5")
        for batch in self.single_batches(again):
            logs = again.train_on_batch(*batch, return_dict=True)
        assert_same_weights(again, trained.model)
        assert set(logs) == set(again.loss_names)
        assert np.isfinite(list(again.test_on_batch(*batch, return_dict=True).values())).all()

    def single_batches(self, model):
        """What `train_on_batch` takes, for one epoch."""
        x, y = self.unpacked()
        size = self.batch_size * model.batches_per_step
        for start in range(0, len(x), size):
            yield [None if a is None else a[start : start + size] for a in (x, y)]

    def test_export_gives_the_models_samples(self, trained):
        served = kg.load(trained.folder / "saved_model")
        for verb in trained.model.served_verbs():
            of_model = inspect.signature(getattr(trained.model, verb.name)).parameters
            of_model = [p for p in of_model.values() if p.name != "batch_size"]
            of_served = inspect.signature(getattr(served, verb.name)).parameters.values()
            assert [(p.name, p.default, p.kind) for p in of_served] == [
                (p.name, p.default, p.kind) for p in of_model
            ]
        self.assert_same_samples(self.sample(served), trained.samples)

    @pytest.mark.slow
    def test_datasets_give_the_weights_of_arrays(self, trained):
        """And sampling, testing and saving between two epochs leave training alone."""
        model = self.compiled()
        dataset = self.dataset(model)
        model.fit(dataset, verbose=0)
        np.testing.assert_equal(weights_of(model), trained.after_an_epoch)
        model.fit(dataset, verbose=0)
        assert_same_weights(model, trained.model)

    def dataset(self, model):
        return tf.data.Dataset.from_tensor_slices(self.batches(model))

    def batches(self, model):
        """The examples as mini-batches, in the order in which steps of several take them."""
        n = model.batches_per_step

        def deal(a):
            a = np.asarray(a)
            steps_first = a.reshape(-1, self.batch_size, n, *a.shape[1:])
            return steps_first.swapaxes(1, 2).reshape(-1, self.batch_size, *a.shape[1:])

        return tf.nest.map_structure(deal, self.examples)

    @pytest.fixture(scope="class")
    @classmethod
    def step(cls):
        """The training step of each phase as a concrete function, and what to call it on."""
        case = cls()
        model = case.sgd(case.make_model())
        batches = model.training_batches(*case.unpacked(), case.batch_size, shuffle_seed=None)
        functions = [
            tf.function(step, autograph=False).get_concrete_function(batches.element_spec)
            for step in model.train_steps
        ]
        return types.SimpleNamespace(model=model, functions=functions, data=next(iter(batches)))

    @pytest.mark.slow
    def test_a_step_is_fit_for_tpus(self, step):
        """All shapes are static, and nothing runs on the host."""
        for function in step.functions:
            operations = function.graph.get_operations()
            outputs = [output for operation in operations for output in operation.outputs]
            assert len(outputs) > 100
            assert [o.name for o in outputs if not o.shape.is_fully_defined()] == []
            graph = function.graph.as_graph_def()
            functions = [function.node_def for function in graph.library.function]
            kinds = {node.op for nodes in (graph.node, *functions) for node in nodes}
            on_host = ("PyFunc", "Iterator", "Host", "Print", "Assert", "String", "Lookup", "File")
            assert [kind for kind in kinds if any(word in kind for word in on_host)] == []

    @pytest.mark.slow
    def test_weights_are_used_and_changed_in_order(self, step):
        """Even in the graph that runs, from which TensorFlow drops what seems superfluous."""
        for function in step.functions:
            graph = optimized_graph(function, step.data)
            pairs = list(conflicts(graph))
            assert len(pairs) > len(function.graph.trainable_variables)
            before = {name: ancestors(name, graph) for pair in pairs for name in pair}
            loose = [(a, b) for a, b in pairs if a not in before[b] and b not in before[a]]
            assert not loose, loose

    @pytest.mark.slow
    def test_mixed_precision_trains(self, trained, policy="mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        model = self.compiled()
        history = self.fit(model).history
        for name, values in history.items():
            np.testing.assert_allclose(values, trained.history[name], rtol=0.1, atol=0.05)
        assert all(v.dtype == "float32" for v in model.trainable_variables)
        self.check_samples(self.sample(model))

    def test_xla_trains(self, trained, xla):
        """XLA draws other noise from the same seeds, so only statistics agree.

        What techniques add may be all noise, and is finite.
        """
        model = self.compiled()
        model.compile(jit_compile=True)
        assert model.jit_compile
        history = self.fit(model).history
        assert np.isfinite(list(history.values())).all()
        for name in type(model).loss_names:
            expected = trained.history[name]
            np.testing.assert_allclose(history[name], expected, rtol=0.1, atol=self.noise_of_losses)

    @pytest.mark.slow
    def test_ways_of_running_give_the_same_weights(self):
        models, logs = [], []
        for arguments in ({}, {"steps_per_execution": 3}, {"run_eagerly": True}):
            keras.utils.set_random_seed(0)
            models.append(self.sgd(self.make_model(), **arguments))
            logs.append(self.fit(models[-1], epochs=2).history)
        for model, found in zip(models[1:], logs[1:], strict=True):
            assert_same_weights(models[0], model, rtol=1e-4, atol=1e-5)
            for name, values in logs[0].items():
                np.testing.assert_allclose(found[name], values, rtol=1e-3, atol=1e-4)


def assert_same_weights_of_optimizers(a, b):
    for u, v in zip(a.variables, b.variables, strict=True):
        np.testing.assert_array_equal(u.numpy(), v.numpy(), err_msg=u.path)
