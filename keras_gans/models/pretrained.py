"""Trained models that others go on with: a SavedModel, the model in training, and a card."""

import importlib
import os
import pathlib
import tempfile
import zipfile
from typing import Any

import keras

from keras_gans import _checks, _files, _replicas, _zoo, cards, hubs
from keras_gans._configured import MADE_WITH
from keras_gans._typing import Config, PathLike, Picture
from keras_gans.models.half_precision import rounded
from keras_gans.models.saving import Saved

#: The model in training, without its optimizers, in the folder of the SavedModel.
TRAINING = "model.keras"


class Pretrained(Saved):
    """A model that is made from a preset, and saved as one."""

    @classmethod
    def from_preset(cls, preset: PathLike, load_weights: bool = True, **changes: Any) -> Any:
        """Make a model again as it was trained, compiled, to train on from there.

        Args:
            preset: Name of one of `keras_gans.presets.list()`; or what `save_to_preset` wrote: the
                path of a folder, the name of one in `KERAS_GANS_HOME`, or the address of one on a
                hub, `"hf://user/model"` or `"kaggle://user/model/framework/variation"`.
            load_weights: Boolean, whether to begin with the trained weights. Those of a preset are
                in `saved_models` of a checkout, or in `KERAS_GANS_HOME`. Defaults to `True`.
            **changes: Arguments of the constructor that are to be other ones; of a preset `filters`
                as well. With other networks `load_weights` must be `False`. Techniques and moving
                averages that the trained model has not begin anew.

        Returns:
            A compiled instance of this class, or of one that comes from it: on
            `keras_gans.models.GenerativeModel` of any. It has the optimizers of the preset, or
            those of the paper.

        Raises:
            ValueError: If there is no such preset, it is of another class, its weights are not
                here, or they are not those of such networks.
            ImportError: If the hub's package is not installed.

        Example:

        >>> import keras_gans as kg
        >>> gan = kg.models.WGANGP.from_preset("wgan_gp_digits", load_weights=False, n_critic=2)
        >>> gan.sample(4).shape
        (4, 8, 8, 1)
        """
        _checks.path("preset", preset)
        _checks.boolean("load_weights", load_weights)
        recipe = _recipe(preset)
        if recipe is None:
            trained = _trained(_zoo.find("preset", preset, _presets().list()))
            _check_class(cls, preset, type(trained))
            model = _changed(trained, changes) if load_weights else _new(trained, changes)
            model.compile()
        else:
            _check_class(cls, preset, recipe.model)
            trained = _trained(_folder_of(preset)) if load_weights else None
            model = recipe.build(recipe.info, **changes)
            recipe.compile(model)
        if load_weights:
            _set_weights(model, trained)
        return model

    def save_to_preset(
        self,
        filepath: PathLike,
        facts: Config | None = None,
        pictures: dict[str, Picture] | None = None,
    ) -> None:
        """Write all that others need: a folder for `keras_gans.load` and for `from_preset`.

        It holds a SavedModel as `export` writes it, the model without its optimizers as
        `model.keras`, both with weights in half precision, and a card, `README.md`, in the format
        of Hugging Face. In `model.keras` networks with a moving average have its weights: what was
        sampled from is what training goes on with.

        Args:
            filepath: Path of the folder, which is made, or replaced if it holds a SavedModel; or
                an address on a hub, `"hf://user/model"` or
                `"kaggle://user/model/framework/variation"`, where you must be logged in.
            facts: Dictionary of JSON values, what the card tells beside what the model knows: see
                `keras_gans.cards`. Defaults to `None`.
            pictures: Dictionary of Pillow's images by the names of their files, which `facts` give
                a caption each. Defaults to `None`.

        Raises:
            ValueError, TypeError: If the folder holds something else, the hub refuses it, a weight
                is not finite or beyond float16, or `facts` or `pictures` hold something else.
            ImportError: If the hub's package is not installed.

        Example:

        >>> import keras_gans as kg
        >>> gan = kg.models.WGANGP.from_preset("wgan_gp_digits", load_weights=False)
        >>> gan.save_to_preset("my_digits")
        >>> gan = kg.models.GenerativeModel.from_preset("my_digits")
        """
        card = _facts(self, facts), _pictures(pictures)
        if not hubs.is_address(filepath):
            with self._writing(_files.replacing_saved_model, filepath) as temporary:
                self._write_preset(pathlib.Path(temporary), *card)
            return
        with tempfile.TemporaryDirectory() as folder:
            self._write_preset(pathlib.Path(folder), *card)
            if _replicas.is_chief(self.distribute_strategy):
                hubs.upload("filepath", str(filepath), folder)

    def save(self, filepath: PathLike, overwrite: bool = True, **kwargs: Any) -> None:
        """Save the model as a `.keras` file, written beside its target and renamed.

        An address on a hub, such as `"hf://user/model"`, gets what `save_to_preset` writes.

        Of several workers all must call this, as `save_weights` and `export`. The chief writes.

        Raises:
            ValueError: If `filepath` is neither an address nor ends in `.keras`.
        """
        if hubs.is_address(filepath):
            self.save_to_preset(filepath)
        else:
            super().save(filepath, overwrite, **kwargs)

    def _write_preset(self, folder, facts, pictures):
        self._write_saved_model(folder, half_precision=True)
        keras.Model.save(self, folder / TRAINING)  # by each worker, in a folder of its own
        copy = keras.models.load_model(folder / TRAINING, compile=False)
        copy.set_weights(rounded(self.get_weights()))
        for average in copy.averages.values():  # packs as one with the network
            average.assign_to_network()
        copy.save(folder / TRAINING)
        _compress(folder / TRAINING)
        for name, picture in pictures.items():
            picture.save(folder / name)
        cards.write(folder, facts)


def _facts(model, given):
    """All that a card says of a model."""
    given = {} if given is None else _checks.dictionary("facts", given)
    facts = {**cards.of_model(model), **given}
    cards.check("facts", facts)
    return facts


def _pictures(given):
    pictures = {} if given is None else _checks.dictionary("pictures", given)
    for name, picture in pictures.items():
        is_name = isinstance(name, str) and pathlib.PurePath(name).name == name
        if not (is_name and hasattr(picture, "save")):
            raise ValueError(
                "`pictures` must hold Pillow's images by names of files, such as 'samples.png'. "
                f"Received: {name!r} with {picture!r}"
            )
    return pictures


def _presets():
    """The module of presets. They are made of models, which know them by name only."""
    return importlib.import_module("keras_gans.presets")


def _recipe(name):
    """The preset of a name, or `None`."""
    return _presets().get(name) if name in _presets().list() else None


def _folder_of(preset):
    """The folder of the trained weights of a preset."""
    if not os.path.exists(preset) and preset not in _zoo.names():
        raise ValueError(
            "`load_weights` must be False for a preset whose trained weights are not here: "
            f"`python -m keras_gans train --preset {preset}` makes them. "
            f"Received: load_weights=True and preset={preset!r}"
        )
    return _zoo.find("preset", preset)


def _check_class(cls, preset, kind):
    if not issubclass(kind, cls):
        raise ValueError(
            f"`preset` must be that of a {cls.__name__}. Received: {str(preset)!r}, which is that "
            f"of a {kind.__name__}"
        )


def _trained(folder):
    """The model in training of a preset's folder."""
    path = pathlib.Path(folder) / TRAINING
    if not zipfile.is_zipfile(path):
        if not path.parent.is_dir():
            found = "which is no folder"
        elif path.exists():
            found = f"whose {TRAINING} is damaged"
        else:
            found = f"which has no {TRAINING}: a SavedModel alone is for inference"
        raise ValueError(
            "`preset` must be a folder that `save_to_preset` wrote. "
            f"Received: {str(folder)!r}, {found}"
        )
    return keras.models.load_model(path, compile=False)


def _changed(trained, changes):
    """The trained model; or with changes, another one of its networks and all that they know."""
    if not changes:
        return trained
    techniques = vars(trained)[MADE_WITH].get("techniques")
    if techniques:  # which belong to one model
        changes = {"techniques": [technique.made_again() for technique in techniques], **changes}
    return trained.made_again(**changes)


def _new(trained, changes):
    """A model of the same arguments, but for changes, with new networks."""
    changed = {name: keras.saving.serialize_keras_object(x) for name, x in changes.items()}
    return type(trained).from_config({**trained.get_config(), **changed})


def _set_weights(model, trained):
    """Give a model all weights of the trained one, or those of the parts that both have."""
    if _shapes(model.weights) == _shapes(trained.weights):
        model.set_weights(trained.get_weights())
        return
    for name in model.network_names:
        weights, known = (getattr(owner, name).weights for owner in (model, trained))
        if _shapes(weights) != _shapes(known):
            raise ValueError(
                "`load_weights` must be False for other networks than those that were trained. "
                f"Received: load_weights=True and a {name} with weights of other shapes"
            )
        _assign(weights, known)
    for name in set(model.averages) & set(trained.averages):
        _assign(model.averages[name].weights, trained.averages[name].weights)
    others, known = _others(model), _others(trained)
    if _shapes(others) == _shapes(known):
        _assign(others, known)


def _others(model):
    """The weights of no network, average or technique."""
    parts = [getattr(model, name) for name in model.network_names]
    parts += [*model.averages.values(), *getattr(model, "techniques", ())]
    known = {id(weight) for part in parts for weight in part.weights}
    return [weight for weight in model.weights if id(weight) not in known]


def _shapes(weights):
    return [tuple(weight.shape) for weight in weights]


def _assign(weights, known):
    for weight, value in zip(weights, known, strict=True):
        weight.assign(value)


def _compress(path):
    """Compress what a `.keras` file holds, which Keras only packs.

    LZMA makes a fifth less of weights in half precision than deflation does.
    """
    packed = path.with_suffix(".packed")
    with zipfile.ZipFile(path) as source:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as target:
            for entry in source.infolist():
                target.writestr(entry.filename, source.read(entry))
    packed.replace(path)
