"""Training stops where a loss is no number."""

import keras
import numpy as np

from keras_gans.callbacks import TerminateOnNaN
from tests.callbacks.test_pictures import fit, make_gan


class TestTerminateOnNaN:
    def test_stops_when_any_loss_is_nan(self):
        gan = make_gan()
        weights = gan.generator.get_weights()
        gan.generator.set_weights([np.full_like(w, np.nan) for w in weights])
        assert fit(gan, TerminateOnNaN(), epochs=5).epoch == [0]

    def test_says_which_step_which_losses_and_what_is_left(self, tmp_path, capsys):
        gan, checkpoint = make_gan(), tmp_path / "model.keras"
        gan.save(checkpoint)
        callback = TerminateOnNaN(checkpoint)
        callback.set_model(gan)
        gan.g_optimizer.iterations.assign(7)
        weights = gan.discriminator.get_weights()
        gan.discriminator.set_weights([np.full_like(w, np.inf) for w in weights])
        callback.on_train_batch_end(3, {"g_loss": np.float32("inf"), "d_loss": np.float32(0)})
        assert callback.message in capsys.readouterr().out
        assert callback.message == (
            "Step 7: g_loss is NaN or infinite, training stops. Weights that are not finite: "
            f"discriminator. The last good checkpoint is {checkpoint}."
        )
        assert gan.stop_training

    def test_names_no_checkpoint_that_is_not_there(self, tmp_path):
        callback = TerminateOnNaN(tmp_path / "model.keras")
        callback.set_model(make_gan())
        callback.on_train_batch_end(3, {"g_loss": np.float32("nan")})
        assert callback.message == "Step 0: g_loss is NaN or infinite, training stops."

    def test_any_keras_model(self, capsys):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        x = np.full((4, 1), np.inf, "float32")
        assert model.fit(x, x, epochs=3, verbose=0, callbacks=[TerminateOnNaN()]).epoch == [0]
        assert "loss is NaN or infinite" in capsys.readouterr().out

    def test_lets_finite_losses_pass(self):
        assert fit(make_gan(), TerminateOnNaN()).epoch == [0, 1]
