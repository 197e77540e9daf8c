"""
Title: The dynamics of a two-player game
Author: The keras_gans authors
Description: Why GAN training circles, seen on v(a, b) = ab, and what makes it converge.
Accelerator: None
"""

"""
## Introduction

One player controls a and pays ab, the other controls b and pays −ab. The only equilibrium is
(0, 0). It is the smallest model of a GAN: a generator and a discriminator whose gradients turn
around the equilibrium instead of pointing at it. This script follows the players' gradient steps,
and then what averaging, penalties and extragradient do to them. It takes a few seconds, and writes
its figures to `output/game_dynamics`.
"""

import pathlib

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

OUTPUT = pathlib.Path("output/game_dynamics")
OUTPUT.mkdir(parents=True, exist_ok=True)
START = (1.0, 0.5)
RATE, STEPS = 0.1, 300

plt.rcParams.update(
    {"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False, "font.size": 10}
)


def save(figure, name):
    figure.savefig(OUTPUT / f"{name}.png")
    plt.close(figure)
    print(f"wrote {OUTPUT / name}.png")


"""
## The game

Each player descends the gradient of its own cost; together they move along the field
(−∂v/∂a, ∂v/∂b) = (−b, a).
"""


def value(a, b):
    return a * b


def field(players, penalty=0.0):
    """How the players want to move: a descends v, b climbs v less a penalty on its size."""
    a, b = tf.unstack(players)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([a, b])
        cost_a = value(a, b)
        cost_b = -value(a, b) + penalty * b**2 / 2
    return tf.stack([-tape.gradient(cost_a, a), -tape.gradient(cost_b, b)])


def play(step, steps=STEPS):
    """The players' positions `(steps + 1, 2)` under an update rule."""
    step = tf.function(step)
    path = [tf.constant(START, tf.float64)]
    for _ in range(steps):
        path.append(step(path[-1]))
    return np.array(path)


"""
## Plain gradient steps

In continuous time the flow of (−b, a) is a rotation: a² + b² is conserved, and the players circle
forever. Simultaneous steps of size η leave the circle on a tangent and multiply the distance to the
equilibrium by √(1 + η²) each time: they spiral out. Alternating steps, in which b answers the new
a, stay on an ellipse.
"""


def simultaneous(players):
    return players + RATE * field(players)


def alternating(players):
    mask = tf.constant([1.0, 0.0], tf.float64)
    players = players + RATE * mask * field(players)
    return players + RATE * (1 - mask) * field(players)


angles = RATE * np.arange(STEPS + 1)
turn = np.stack([np.cos(angles), np.sin(angles)])
paths = {
    "gradient flow": (START[0] * turn + START[1] * np.stack([-turn[1], turn[0]])).T,
    "simultaneous steps": play(simultaneous),
    "alternating steps": play(alternating),
}

"""
## What makes it converge

- **Averaging.** The mean of an orbit's points lies near its center: the average of the alternating
  players converges like 1/t, though neither of them does. An exponential moving average of a
  generator's weights does the same with a shorter memory. Historical averaging (Salimans et al.
  2016) puts the average into the cost: each player also pays for its distance to its own mean.
- **A penalty.** If b also pays γb²/2, it gives in: the equilibrium stays (0, 0) and the field gains
  a component towards it. For a linear discriminator D(x) = bx this is the R1 gradient penalty, the
  square of D's slope in x.
- **Extragradient.** Look ahead: take a trial step, and use the gradient found there. It sees where
  the turn leads, and the distance shrinks by √(1 − η² + η⁴) each step.
"""


def averaged(path):
    return np.cumsum(path, axis=0) / np.arange(1, len(path) + 1)[:, np.newaxis]


def play_with_historical_averaging(strength=1.0, steps=STEPS):
    players = mean = tf.constant(START, tf.float64)
    path = [players]
    for t in range(1, steps + 1):
        players = players + RATE * (field(players) - strength * (players - mean))
        mean = mean + (players - mean) / (t + 1)
        path.append(players)
    return np.array(path)


def with_penalty(players):
    return players + RATE * field(players, penalty=0.5)


def extragradient(players):
    ahead = players + RATE * field(players)
    return players + RATE * field(ahead)


paths |= {
    "mean of alternating steps": averaged(paths["alternating steps"]),
    "historical averaging": play_with_historical_averaging(),
    "penalty on b": play(with_penalty),
    "extragradient": play(extragradient),
}

"""
## The orbits
"""


def draw(ax, path, title, limit):
    ax.plot(*path.T, color="tab:blue", lw=1)
    ax.plot(*path[0], "o", color="tab:orange", label="start")
    ax.plot(*path[-1], "s", color="tab:red", ms=6, label=f"after {len(path) - 1} steps")
    ax.plot(0, 0, "k+", ms=10, label="equilibrium")
    ax.set(title=title, aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))


grid = np.stack(np.meshgrid(np.linspace(-1.4, 1.4, 9), np.linspace(-1.4, 1.4, 9)), -1)
arrows = np.array([field(tf.constant(point)) for point in grid.reshape(-1, 2)])

figure, axes = plt.subplots(2, 4, figsize=(13, 6.6), layout="constrained")
for ax, (name, path) in zip(axes.flat, paths.items(), strict=False):
    limit = 5.5 if name == "simultaneous steps" else 1.5
    draw(ax, path, name, limit)
axes[0, 0].quiver(*grid.reshape(-1, 2).T, *arrows.T, color="0.7", zorder=0)
for ax in axes[:, 0]:
    ax.set_ylabel("b")
for ax in axes.flat[3:7]:
    ax.set_xlabel("a")
legend = axes.flat[7]
legend.axis("off")
legend.legend(*axes.flat[1].get_legend_handles_labels(), loc="center", frameon=False)
save(figure, "orbits")

"""
## The distance to the equilibrium

On a logarithmic scale, simultaneous steps grow geometrically and alternating steps stay. The mean
falls like 1/t in waves, historical averaging more slowly, as its memory never fades. The penalty
and extragradient fall geometrically.
"""

figure, ax = plt.subplots(figsize=(9, 4.8), layout="constrained")
steps = np.arange(STEPS + 1)
for name, path in paths.items():
    distance = np.linalg.norm(path, axis=1)
    ax.semilogy(steps, distance, label=name, lw=1.6)
    print(f"{name:>26}: distance {distance[-1]:.2e} after {STEPS} steps")
ax.set(xlabel="step", ylabel="distance to the equilibrium")
ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
save(figure, "distance_to_equilibrium")

"""
The rates are those of the theory: √(1 + η²) for simultaneous steps, √(1 − η² + η⁴) for
extragradient.
"""

for name, rate in {
    "simultaneous steps": (1 + RATE**2) ** 0.5,
    "extragradient": (1 - RATE**2 + RATE**4) ** 0.5,
}.items():
    distance = np.linalg.norm(paths[name], axis=1)
    measured = (distance[-1] / distance[0]) ** (1 / STEPS)
    print(f"{name:>26}: factor {measured:.6f} a step, in theory {rate:.6f}")

"""
## The size of the step

A smaller step does not cure the spiral, it only slows it: over a time T = η · steps, simultaneous
steps grow by about exp(ηT/2), and extragradient shrinks by about exp(−ηT/2). Both tend to the
circle of the flow.
"""

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
rates = np.geomspace(0.01, 0.5, 30)
for ax, (name, factor) in zip(
    axes,
    {
        "simultaneous steps": lambda rate: (1 + rate**2) ** 0.5,
        "extragradient": lambda rate: (1 - rate**2 + rate**4) ** 0.5,
    }.items(),
    strict=True,
):
    for time in (1, 5, 20):
        ax.loglog(rates, factor(rates) ** (time / rates), label=f"T = {time}")
    ax.set(title=name, xlabel="step size η")
axes[0].set_ylabel("growth of the distance over the time T")
axes[0].legend(frameon=False)
save(figure, "step_size")

"""
## Takeaways

That a game's losses oscillate says nothing about the learning rate: the field itself turns. What
helps is whatever adds a component towards the equilibrium: averages, penalties on the
discriminator's slope, and looking ahead. `keras_gans.techniques` and `keras_gans.penalties` bring
them to real networks.
"""
