"""A model as files: to train on from, to load weights from, and to serve."""

import contextlib
import json
import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _files, _manifest, _replicas, _server, serving
from keras_gans._configured import MADE_WITH, check_call
from keras_gans._hyperparameters import Tunable
from keras_gans._read_only import SEED_STATE
from keras_gans._typing import PathLike
from keras_gans.models import conversion
from keras_gans.models.averages import Averaged
from keras_gans.models.half_precision import Halves


class Saved(Averaged):
    """A model that is saved with its random state, and exported by `served_verbs`.

    Files are written beside their targets and renamed, by one of several workers.
    """

    @contextlib.contextmanager
    def _writing(self, replacing, *arguments):
        """Write a file that the chief keeps, and that is there for all workers at the end.

        It takes its place when all have come to the end of the block. What TensorFlow says of a
        disk that is full becomes an `OSError`, as everybody else says it.
        """
        with replacing(*arguments, keep=_replicas.is_chief(self.distribute_strategy)) as temporary:
            try:
                yield temporary
            except tf.errors.OpError as error:
                raise OSError(f"{arguments[0]} cannot be written: {error.message}") from error
            _replicas.wait_for_all(self.distribute_strategy)
        _replicas.wait_for_all(self.distribute_strategy)

    def save(self, filepath: PathLike, overwrite: bool = True, **kwargs: Any) -> None:
        """Save the model as a `.keras` file, written beside its target and renamed.

        Of several workers all must call this, as `save_weights` and `export`. The chief writes.

        Raises:
            ValueError: If `filepath` does not end in `.keras`.
        """
        if not str(filepath).endswith(".keras"):
            raise ValueError(f"`filepath` must end in '.keras'. Received: filepath={filepath!r}")
        with self._writing(_files.replacing, filepath, overwrite) as temporary:
            super().save(temporary, **kwargs)

    def save_weights(self, filepath: PathLike, overwrite: bool = True, **kwargs: Any) -> None:
        """Save all weights, optimizers and random state as a `.weights.h5` file.

        Raises:
            ValueError: If `filepath` does not end in `.weights.h5`, or if several workers are to
                write shards.
        """
        shard_size = kwargs.get("max_shard_size")
        if shard_size is not None:
            if _replicas.num_workers(self.distribute_strategy) > 1:
                raise ValueError(
                    "`max_shard_size` must be None with several workers: their shards would be "
                    f"written over each other. Received: max_shard_size={shard_size!r}"
                )
            return super().save_weights(filepath, overwrite=overwrite, **kwargs)
        if not str(filepath).endswith(".weights.h5"):
            raise ValueError(
                f"`filepath` must end in '.weights.h5'. Received: filepath={filepath!r}"
            )
        with self._writing(_files.replacing, filepath, overwrite) as temporary:
            super().save_weights(temporary)

    def save_own_variables(self, store: Any) -> None:
        """As `keras.Model`, with random states, which Keras 3.15 does not save."""
        super().save_own_variables(store)
        for key, state in self._seed_states().items():
            store[key] = ops.convert_to_numpy(state)

    def load_own_variables(self, store: Any) -> None:
        states = self._seed_states()
        missing = set(states) - set(store.keys())
        if missing:
            raise ValueError(
                f"The saved file holds no random state for {sorted(missing)}: it was saved from "
                "other networks, or by other code."
            )
        for key, state in states.items():
            state.assign(store[key][()])
        super().load_own_variables({k: store[k] for k in store.keys() if k not in states})

    def _seed_states(self):
        """The state of every seed generator in the model and its networks, by a stable key."""
        states = [v for v in self.non_trainable_variables if v.path.endswith(SEED_STATE)]
        return {f"seed_state_{i}": state for i, state in enumerate(states)}

    def _check_saving(self):
        """Refuse, before it is trained, a model whose class could not be saved or loaded.

        One whose networks hold layers without a config can be trained and exported.
        """
        kind: Any = type(self)
        parts = keras.tree.flatten(list(vars(self)[MADE_WITH].values()))
        networks = [part for part in parts if isinstance(part, keras.Model)]
        without = [network.name for network in networks if not _has_config(network)]
        if without:
            warnings.warn(
                f"{without} hold layers without a config, so that this {kind.__name__} can be "
                "trained and exported, and its weights can be saved, but not the model.",
                stacklevel=3,
            )
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # saving will give them
                json.dumps(keras.saving.serialize_keras_object(self))
            default: Any = Tunable.from_config
            if kind.from_config.__func__ is default.__func__:
                check_call(kind, self.get_config())
        except Exception as error:
            raise ValueError(
                f"{kind.__name__} must be able to make itself again from its config, as saving and "
                "loading do: give objects among its arguments a `get_config`, functions a name, or "
                f"override `get_config` and `from_config`. Received: {error}"
            ) from error

    # Serving

    def export(
        self,
        filepath: PathLike,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        endpoint: str | None = None,
        half_precision: bool = False,
        **kwargs: Any,
    ) -> None:
        """Write the model for inference, beside its target and renamed.

        A SavedModel holds all of `served_verbs()`, and a manifest that describes them,
        `keras_gans.json`. `keras_gans.load(filepath)` and `tf.saved_model.load(filepath)` read it
        without any training code. An ONNX or LiteRT file holds one function of numbers, converted
        by Keras. Moving averages are written in place of the networks that they are of.

        Args:
            filepath: Path of the folder to write, or of the file. An older one there is replaced. A
                LiteRT file must end in `.tflite`.
            format: `"tf_saved_model"`; `"onnx"`, which needs tf2onnx; or `"litert"`, the former
                TensorFlow Lite. Defaults to `"tf_saved_model"`.
            verbose: Boolean, whether to show the progress of a SavedModel, endpoint by endpoint,
                and to print what was written. Defaults to `None`, no.
            endpoint: Name of the function to write to a file, the endpoint of one of
                `tensor_verbs()`, whose inputs have the names that it gives them. Defaults to
                `None`, the first: `"generate"` for models that draw from latents,
                `"translate_ab"` for those that translate.
            half_precision: Boolean, whether a SavedModel keeps weights in float16, in half the
                space, and computes with them as before. Defaults to `False`.
            **kwargs: For a file, options of Keras's exporter: `opset_version` of ONNX, those of
                TensorFlow's converter to LiteRT.

        Raises:
            ValueError: If `format` or `endpoint` is unknown, `filepath` holds something else, the
                format has no such operations as the networks need, or a weight is beyond float16.
            ImportError: If the converter is not installed.

        Example:

        >>> import keras_gans as kg
        >>> gan = kg.models.GAN(
        ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,)),
        ...     kg.networks.mlp_discriminator((2,), hidden_units=(32,)),
        ...     latent_dim=2,
        ...     ema_decay=0.99,
        ... )
        >>> gan.export("saved_model")
        >>> kg.load("saved_model").sample(4).shape
        (4, 2)
        >>> gan.export("generator.tflite", format="litert")  # of gan.ema_generator
        """
        formats = ["tf_saved_model", *conversion.CONVERTERS]
        half_precision = _checks.boolean("half_precision", half_precision)
        if _checks.one_of("format", format, formats) != "tf_saved_model":
            if half_precision:
                raise ValueError(
                    "`half_precision` must be False for files: only a SavedModel keeps such "
                    f"weights. Received: half_precision=True, format={format!r}"
                )
            self._export_file(filepath, format, endpoint, bool(verbose), kwargs)
            return
        if endpoint is not None or kwargs:
            raise ValueError(
                "`format` must be 'onnx' or 'litert' for further arguments: a SavedModel holds all "
                f"endpoints. Received: format={format!r}, endpoint={endpoint!r}, {kwargs}"
            )
        with self._writing(_files.replacing_saved_model, filepath) as temporary:
            verbs = self._write_saved_model(temporary, half_precision, bool(verbose))
        if verbose:
            names = ", ".join(verb.endpoint for verb in verbs)
            print(f"{filepath} holds the endpoints {names}.")

    def _write_saved_model(self, folder, half_precision, verbose=False):
        self.catch_up()
        verbs = self.served_verbs()
        weights = Halves(self) if half_precision else None
        archive = keras.export.ExportArchive()
        for layer in self._flatten_layers():
            if layer.built and not layer.variables:
                archive.track(layer)  # lookup tables, which Keras does not find by itself
        progress = keras.utils.Progbar(len(verbs) + 1, verbose=int(verbose), unit_name="endpoint")
        for verb in verbs:
            function = weights.used_by(verb.function) if weights else verb.function
            served = archive.add_endpoint(verb.endpoint, function, verb.input_signature)
            verb.check_output(served.get_concrete_function().structured_outputs)
            progress.add(1)
        archive.write_out(folder, verbose=False)
        _manifest.write(folder, self, verbs)
        progress.add(1)
        return verbs

    def _export_file(self, filepath, format, endpoint, verbose, kwargs):
        verbs = {verb.endpoint: verb for verb in self.tensor_verbs()}
        names = list(verbs)
        endpoint = names[0] if endpoint is None else _checks.one_of("endpoint", endpoint, names)
        conversion.check(self, filepath, format)
        if _checks.path("filepath", filepath).is_dir():
            raise IsADirectoryError(f"{filepath} is a folder. Nothing was written.")
        self.catch_up()
        with self._writing(_files.replacing, filepath) as temporary:
            conversion.convert(verbs[endpoint], temporary, format, verbose, **kwargs)

    def served_verbs(self) -> list[serving.Verb]:
        """Return what others may do with the model: a list of `keras_gans.serving.Verb`s."""
        raise NotImplementedError

    def tensor_verbs(self) -> list[serving.Verb]:
        """Return those of `served_verbs` that take and give numbers and draw none at random, which
        is what ONNX and LiteRT know."""
        return [verb for verb in self.served_verbs() if verb.is_of_numbers]

    def serve(
        self, verb: str, /, *args: Any, batch_size: int = _server.BATCH_SIZE, **kwargs: Any
    ) -> np.ndarray:
        """Call one of `served_verbs` by its name: what the methods of these names do.

        Args:
            verb: Its name.
            *args, **kwargs: Its arguments.
            batch_size: Positive integer, examples that go through the networks at once. Defaults to
                `256`.

        Returns:
            Array, of Python strings for texts.

        Raises:
            ValueError, TypeError: If an argument is not as the verb describes it.
        """
        server = _server.Server(self.served_verbs(), type(self).__name__)
        return server.call(verb, args, kwargs, batch_size)


def _has_config(network):
    try:
        return bool(network.get_config())
    except (NotImplementedError, TypeError, OSError):  # of custom layers, and of lambdas
        return False
