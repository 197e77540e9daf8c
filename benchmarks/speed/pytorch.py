"""The WGAN-GP of the toy rows in plain PyTorch, which must be installed: `pip install torch`."""

import functools
import importlib
import itertools
import os

import keras
import numpy as np
from keras import layers

import keras_gans as kg
from benchmarks.speed import devices
from benchmarks.speed.rows import LeftOut, Row, stated
from benchmarks.speed.wgan_gp import (
    LONG,
    TOY_UPDATES,
    float64,
    seconds_a_step,
    toy_fit,
)

LATENT_DIM = 2
PENALTY_WEIGHT = 10.0


def imported():
    """PyTorch, which is slow to import, and needed by these rows alone."""
    return importlib.import_module("torch")


def device():
    """That of the other way: a GPU if it was asked for, and if this PyTorch has it."""
    torch = imported()
    is_gpu = os.environ.get(devices.VARIABLE, "").startswith("GPU") and torch.cuda.is_available()
    return "cuda" if is_gpu else "cpu"


def network(sizes, activation):
    """Dense layers with an activation between them."""
    torch = imported()
    parts = []
    for inputs, outputs in itertools.pairwise(sizes):
        parts += [torch.nn.Linear(inputs, outputs), activation()]
    return torch.nn.Sequential(*parts[:-1])


class WGANGP:
    """Algorithm 1 of Gulrajani et al. 2017, eagerly.

    Its parts are attributes, so that `compile` can put compiled ones in their place. The penalty
    stays eager: `torch.compile` knows no gradient of a gradient.
    """

    def __init__(self, units, optimizer, slope=0.2):
        torch = imported()
        hidden = (units,) * 3
        leaky_relu = functools.partial(torch.nn.LeakyReLU, slope)
        self.generator = network((LATENT_DIM, *hidden, 2), torch.nn.ReLU).to(device())
        self.critic = network((2, *hidden, 1), leaky_relu).to(device())
        self.g_optimizer = optimizer(self.generator.parameters())
        self.d_optimizer = optimizer(self.critic.parameters())
        self.fakes = self.generator
        self.cost = self._cost
        self.generator_loss = self._generator_loss
        self.g_update, self.d_update = self.g_optimizer.step, self.d_optimizer.step

    def compile(self):
        """Compile what can be: all but the penalty."""
        torch = imported()
        for name in ("fakes", "cost", "generator_loss", "g_update", "d_update"):
            setattr(self, name, torch.compile(getattr(self, name)))

    def _cost(self, real, fake):
        return self.critic(fake).mean() - self.critic(real).mean()

    def _generator_loss(self, latents):
        return -self.critic(self.generator(latents)).mean()

    def penalty(self, real, fake, alpha):
        torch = imported()
        mixed = (alpha * real + (1 - alpha) * fake).requires_grad_()
        (gradients,) = torch.autograd.grad(self.critic(mixed).sum(), mixed, create_graph=True)
        return ((gradients.norm(dim=1) - 1) ** 2).mean()

    def update_critic(self, real, latents, alpha):
        with imported().no_grad():
            fake = self.fakes(latents)
        self.d_optimizer.zero_grad()
        loss = self.cost(real, fake) + PENALTY_WEIGHT * self.penalty(real, fake, alpha)
        loss.backward()
        self.d_update()

    def update_generator(self, latents):
        self.g_optimizer.zero_grad()
        self.generator_loss(latents).backward()
        self.g_update()

    def epoch(self, points, batch_size):
        """Go through points in a new order, `TOY_UPDATES` mini-batches a step."""
        torch = imported()
        order = torch.randperm(len(points), device=points.device)
        for indices in order.split(batch_size * TOY_UPDATES):
            for real in points[indices].split(batch_size):
                latents = torch.randn(batch_size, LATENT_DIM, device=points.device)
                self.update_critic(real, latents, torch.rand(batch_size, 1, device=points.device))
            self.update_generator(torch.randn(batch_size, LATENT_DIM, device=points.device))


def torch_adam(parameters):
    return imported().optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.9))


def compiled_epoch(game, points, batch_size):
    """An epoch with `torch.compile`, or why there is none."""
    try:
        game.compile()
        game.epoch(points[: batch_size * TOY_UPDATES], batch_size)
    except Exception as error:  # of a compiler, of any kind
        return LeftOut(f"{type(error).__name__}: {str(error).strip()[:200]}")
    return seconds_a_step(lambda epochs: game.epoch(points, batch_size))


def toys(units, batch_size, compiled, seed):
    """`fit` with its defaults, and epochs of the same points in PyTorch."""
    torch = imported()
    torch.manual_seed(seed)
    points, fit = toy_fit(units, batch_size, seed)
    tensor = torch.from_numpy(np.array(points)).to(device())
    other = WGANGP(units, torch_adam)
    ways = {
        "keras_gans": seconds_a_step(fit, 1 if compiled else LONG),
        "pytorch": seconds_a_step(lambda epochs: other.epoch(tensor, batch_size)),
    }
    if compiled:
        ways["pytorch, torch.compile"] = compiled_epoch(
            WGANGP(units, torch_adam), tensor, batch_size
        )
    return ways


# That both take the same step, in float64 and by plain gradient descent


def keras_network(units, activation, num_outputs):
    """What `toy_networks` makes, of which all layers have the dtype of the policy."""
    parts = [keras.Input((2,))]
    for _ in range(3):
        parts += [layers.Dense(units), activation()]
    return keras.Sequential([*parts, layers.Dense(num_outputs)])


class Recorded(kg.models.WGANGP):
    """Keeps what its steps draw: latents for the critic, α, latents for the generator."""

    def draw(self, *args, **kwargs):
        drawn = super().draw(*args, **kwargs)
        self.drawn = [*getattr(self, "drawn", ()), drawn.numpy()]
        return drawn


def copy_weights(model, torch_network):
    """Give a network of PyTorch those of one of Keras."""
    torch = imported()
    with torch.no_grad():
        for parameter, weight in zip(torch_network.parameters(), model.get_weights(), strict=True):
            parameter.copy_(torch.from_numpy(weight.T))


def weights_of(model, torch_network):
    """All weights of both, in one order."""
    ours = [weight.T.ravel() for weight in model.get_weights()]
    other = [p.detach().cpu().numpy().ravel() for p in torch_network.parameters()]
    return np.concatenate(ours), np.concatenate(other)


def difference_of_steps(units, batch_size, seed):
    """‖Δ − Δ'‖ / ‖Δ‖ of what one update of critic and generator adds to the weights of each.

    The slope is one that float32 holds, as TensorFlow rounds it.
    """
    torch = imported()
    keras.utils.set_random_seed(seed)
    slope = 0.25
    real = np.random.default_rng(seed).normal(size=(batch_size, 2))
    with float64():
        ours = Recorded(
            keras_network(units, layers.ReLU, 2),
            keras_network(units, lambda: layers.LeakyReLU(slope), 1),
            LATENT_DIM,
            n_critic=1,
            gp_weight=PENALTY_WEIGHT,
            seed=seed,
        )
        ours.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)
        other = WGANGP(units, functools.partial(torch.optim.SGD, lr=0.1), slope)
        pairs = {
            "generator": (ours.generator, other.generator.double()),
            "critic": (ours.discriminator, other.critic.double()),
        }
        for pair in pairs.values():
            copy_weights(*pair)
        before = {name: weights_of(*pair)[0] for name, pair in pairs.items()}
        ours.fit(real, batch_size=batch_size, shuffle=False, verbose=0)
    tensors = [torch.from_numpy(array).to(device()) for array in (real, *ours.drawn)]
    x, latents, alpha, latents_of_generator = tensors
    other.update_critic(x, latents, alpha[:, None])
    other.update_generator(latents_of_generator)
    differences = {}
    for name, pair in pairs.items():
        update, of_other = (weights - before[name] for weights in weights_of(*pair))
        difference = np.linalg.norm(update - of_other) / np.linalg.norm(update)
        differences[name] = float(difference)
    return differences


def _row(units, batch_size, to_reach, compiled):
    return Row(
        functools.partial(toys, units, batch_size, compiled),
        to_reach,
        difference=functools.partial(difference_of_steps, units, batch_size),
        bound=1e-10,
        measure=stated,
        needs="torch",
    )


ROWS = {
    "toy_64_pytorch": _row(64, 64, 8, compiled=False),
    "toy_128_pytorch": _row(128, 256, 2.5, compiled=True),
}
