"""What docs/tutorials.md says: its code runs, what it names is there, and its claims hold."""

import pathlib
import re

import keras
import numpy as np
import pytest
from keras import ops

import keras_gans as kg

ROOT = pathlib.Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorials.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"(?ms)^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```", PAGE))


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", BLOCKS)
def test_the_code_of_a_tutorial_runs(tutorial, tmp_path, monkeypatch):
    def fit(self, *args, **kwargs):
        return whole_fit(self, *args, **{**kwargs, **shortened})

    whole_fit = kg.models.GenerativeModel.fit
    shortened = {"epochs": 1, "steps_per_epoch": 2, "verbose": 0}
    monkeypatch.setattr(kg.models.GenerativeModel, "fit", fit)
    monkeypatch.chdir(tmp_path)
    animals = np.random.default_rng(0).uniform(-1, 1, (5, 16, 16, 3)).astype("float32")
    exec(BLOCKS[tutorial], {"horses": animals[:2], "zebras": animals[2:]})


def test_there_is_code_for_each_tutorial():
    tutorials = re.findall(r"(?m)^## (.*)$", PAGE)
    assert tutorials[0] == "What changes in all of them"
    assert list(BLOCKS) == tutorials[1:]
    assert len(BLOCKS) == 8


def test_tests_that_it_names_are_there():
    defined = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE)) - {"test_step"}
    assert len(named) > 20
    assert named <= defined


def test_files_that_it_names_are_there():
    targets = re.findall(r"\]\((\.\./[^)#]+)\)", PAGE)
    assert len(targets) > 20
    assert [t for t in targets if not (ROOT / "docs" / t).exists()] == []


class TestFaults:
    """Of the tutorials, in their smallest form."""

    class Tutorial(keras.Model):
        """A model with a step of its own and networks as arguments, as each tutorial writes one."""

        def __init__(self, network):
            super().__init__()
            self.network = network

        def compile(self, my_optimizer):
            super().compile()
            self.my_optimizer = my_optimizer

        def train_step(self, x):
            return {"change": ops.mean(ops.abs(self.network(x) - x))}

    def tutorial(self):
        model = self.Tutorial(keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5)]))
        model.compile(keras.optimizers.Adam())
        return model

    def test_dropout_is_off_where_a_step_does_not_say_that_it_trains(self):
        history = self.tutorial().fit(np.ones((8, 4), "float32"), verbose=0)
        assert history.history["change"] == [0]

    def test_a_model_of_networks_cannot_be_saved(self, tmp_path):
        model = self.tutorial()
        model.fit(np.ones((8, 4), "float32"), verbose=0)
        with pytest.raises(NotImplementedError, match="get_config"):
            model.save(tmp_path / "model.keras")

    def test_a_cross_entropy_with_a_target_above_one_has_no_minimum(self):
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        falling = [float(loss([[1.02]], [[logit]])) for logit in (10.0, 100.0, 1000.0)]
        assert falling == sorted(falling, reverse=True)
        assert falling[-1] == pytest.approx(-20, abs=0.1)

    def test_pictures_are_stretched(self):
        gray = np.array([[[0.4], [0.6]]], "float32")
        assert np.asarray(keras.utils.array_to_img(gray)).ravel().tolist() == [0, 255]

    @pytest.mark.parametrize("label", range(10))
    def test_channels_of_labels_are_stripes(self, label):
        one_hot = np.eye(10)[[label]]
        channels = np.repeat(one_hot, 28 * 28).reshape(-1, 28, 28, 10)
        assert np.count_nonzero(channels.any(axis=(0, 2, 3))) <= 4
        assert np.count_nonzero(np.ptp(channels, axis=-1)) <= 2

    def test_the_square_holds_less_than_half_of_the_prior(self):
        z = np.random.default_rng(0).normal(size=(100_000, 2))
        assert np.mean(np.abs(z).max(axis=1) < 1) == pytest.approx(0.466, abs=0.01)
