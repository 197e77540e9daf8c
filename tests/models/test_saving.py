"""Models as files."""

import keras
import numpy as np
import pytest

import keras_gans as kg
from tests.models.test_gan import points
from tests.models.test_trainer import can_go


class TestPaths:
    @pytest.mark.parametrize("name", ["model.h5", "model", "model.bar"])
    def test_save_wants_keras(self, tmp_path, name):
        with pytest.raises(ValueError, match=r"`filepath` must end in '\.keras'.*model"):
            points().save(tmp_path / name)
        with pytest.raises(ValueError, match=r"`filepath` must end in '\.weights\.h5'"):
            points().save_weights(tmp_path / name)

    def test_a_folder_is_not_replaced_by_a_file(self, tmp_path):
        folder = tmp_path / "model.keras"
        folder.mkdir()
        (folder / "thesis.txt").write_text("the only copy")
        with pytest.raises(IsADirectoryError):
            points().save(folder)
        assert (folder / "thesis.txt").exists()

    def test_export_through_a_link(self, tmp_path):
        gan = points()
        gan.export(tmp_path / "version_1")
        (tmp_path / "latest").symlink_to(tmp_path / "version_1")
        gan.export(tmp_path / "latest")
        assert (tmp_path / "latest").is_symlink()
        assert kg.load(tmp_path / "latest").sample(1).shape == (1, 2)

    def test_the_working_folder_is_not_replaced(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ValueError, match="another folder than the one you work in"):
            points().export(".")


def test_keras_saves_no_random_state(tmp_path):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5, seed=0)])
    network(np.zeros((4, 2), "float32"), training=True)
    network.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    states = [model.layers[0].seed_generator.state.numpy() for model in (network, again)]
    assert not np.array_equal(*states), can_go("`Saved.save_own_variables`")
