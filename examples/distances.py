"""
Title: Distances between distributions
Author: The keras_gans authors
Description: Why Wasserstein GANs: what each distance sees when two distributions do not overlap.
Accelerator: None
"""

"""
## Introduction

A generative model is trained by making its distribution more like that of the data. What "more
like" means is a choice, and the choice decides whether there is a gradient to follow. This script
draws the distances of `keras_gans.divergences` on examples small enough to check by hand.
It takes well under two minutes, and writes its figures to `output/distances`.
"""

import pathlib

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gans import divergences

OUTPUT = pathlib.Path("output/distances")
OUTPUT.mkdir(parents=True, exist_ok=True)
REAL, FAKE, ACCENT = "tab:blue", "tab:orange", "tab:green"

plt.rcParams.update(
    {"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False, "font.size": 10}
)


def save(figure, name):
    figure.savefig(OUTPUT / f"{name}.png")
    plt.close(figure)
    print(f"wrote {OUTPUT / name}.png")


"""
## From samples to a density

Data arrive as samples. A kernel density estimate puts a bump on each sample; its width, the
bandwidth, decides how much is smoothed. Too narrow, it repeats the samples; too wide, it merges
the two modes. Leave-one-out cross-validation finds a width in between, where Scott's rule, made
for a single Gaussian, is too wide.
"""

rng = np.random.default_rng(0)
samples = np.concatenate([rng.normal(-2, 0.5, 60), rng.normal(1.5, 0.8, 90)])
truth = tfd.MixtureSameFamily(
    tfd.Categorical(probs=np.array([0.4, 0.6])),
    tfd.Normal(np.array([-2, 1.5]), np.array([0.5, 0.8])),
)
x = np.linspace(-5, 5, 500)

figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
for ax, bandwidth in zip(axes, (0.06, "scott", "cross_validation"), strict=True):
    density = divergences.KernelDensity(samples, bandwidth)
    js = float(divergences.js_divergence(density, truth))
    name = bandwidth.replace("_", "-") if isinstance(bandwidth, str) else "by hand"
    ax.plot(x, truth.prob(x), color="0.6", lw=4, label="truth")
    ax.plot(x, density.prob(x), color=REAL, label="estimate")
    ax.plot(samples, np.full_like(samples, -0.015), "|", color="k", alpha=0.4, label="samples")
    ax.set(title=f"{name}: h = {float(density.bandwidth):.2f}, JS = {js:.4f}", xlabel="x")
axes[0].set_ylabel("density")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
save(figure, "kernel_density")

"""
## A table by hand

For P = (.36, .48, .16) and Q uniform, the Kullback–Leibler divergence depends on the direction;
Jensen–Shannon and total variation do not.
"""

p, q = [0.36, 0.48, 0.16], [1 / 3, 1 / 3, 1 / 3]
print(f"KL(Q‖P) = {divergences.kl_divergence(q, p):.7f}")
print(f"KL(P‖Q) = {divergences.kl_divergence(p, q):.7f}")
print(f"JS      = {divergences.js_divergence(p, q):.7f}")
print(f"TV      = {divergences.total_variation(p, q):.7f}")

"""
## Two parallel lines

Let P be uniform on the segment {0} × [0, 1], and Q on {θ} × [0, 1]. They are equal for θ = 0 and
disjoint otherwise. A generator with the single parameter θ should move it to 0. What does each
distance tell it?

The Kullback–Leibler divergence is +∞ both ways, Jensen–Shannon is log 2 and total variation 1, for
every θ but 0: no slope anywhere. The Wasserstein distance is |θ|. The maximum mean discrepancy has
a slope, but only within reach of its kernel.

The first three are computed from the densities, as distributions of two coordinates, the last two
from samples alone.
"""


def line(theta):
    return tfd.Blockwise([tfd.Deterministic(np.float64(theta)), tfd.Uniform(np.float64(0), 1.0)])


def points_on_line(theta, num=60):
    y = np.linspace(0, 1, num)
    return np.stack([np.full(num, theta), y], axis=1)


thetas = np.linspace(-1, 1, 41)
curves = {"KL": [], "JS": [], "TV": [], "MMD": [], "W1": []}
for theta in thetas:
    lines = line(0.0), line(theta)
    curves["KL"].append(divergences.kl_divergence(*lines, num_samples=100, seed=0))
    curves["JS"].append(divergences.js_divergence(*lines, num_samples=100, seed=0))
    curves["TV"].append(divergences.total_variation(*lines, num_samples=100, seed=0))
    clouds = points_on_line(0.0), points_on_line(theta)
    squared = divergences.maximum_mean_discrepancy(*clouds, bandwidth=0.2, unbiased=False)
    curves["MMD"].append(max(float(squared), 0.0) ** 0.5)
    curves["W1"].append(divergences.wasserstein_distance(*clouds))
curves = {name: np.array(values, dtype=float) for name, values in curves.items()}

figure, axes = plt.subplots(2, 3, figsize=(11, 6), layout="constrained")
ax = axes[0, 0]
ax.plot(*points_on_line(0.0).T, color=REAL, lw=3)
ax.plot(*points_on_line(0.6).T, color=FAKE, lw=3)
ax.annotate("", (0.6, 0.5), (0.0, 0.5), arrowprops={"arrowstyle": "<->"})
ax.text(0.3, 0.54, "θ", ha="center")
ax.text(-0.05, 0.9, "P", color=REAL, ha="right")
ax.text(0.65, 0.9, "Q", color=FAKE)
ax.set(xlim=(-0.5, 1.1), ylim=(-0.05, 1.1), title="two parallel lines", xlabel="x", ylabel="y")

titles = {
    "KL": "Kullback–Leibler, both ways",
    "JS": "Jensen–Shannon",
    "TV": "total variation",
    "MMD": "MMD, Gaussian kernel, σ = 0.2",
    "W1": "Wasserstein, W1 = |θ|",
}
equal = thetas == 0
for ax, (name, values) in zip(axes.flat[1:], curves.items(), strict=True):
    ax.set(title=titles[name], xlabel="θ", xlim=(-1.05, 1.05))
    if name in ("KL", "JS", "TV"):
        top = np.where(np.isinf(values), 1.0, values)
        for side in (thetas < 0, thetas > 0):
            ax.plot(thetas[side], top[side], color=ACCENT, lw=2)
        ax.plot(0, top[~equal][0], "o", mfc="white", color=ACCENT)
        ax.plot(0, values[equal], "o", color=ACCENT)
        ax.set_ylim(-0.08, 1.2)
    else:
        ax.plot(thetas, values, color=ACCENT, lw=2)
axes[0, 1].set_yticks([0, 1], ["0", "+∞"])
axes[0, 2].set_yticks([0, np.log(2)], ["0", "log 2"])
axes[1, 0].set_yticks([0, 1])
save(figure, "parallel_lines")

"""
The last curve has slope ±1 at any distance. That is the gradient a Wasserstein critic hands to its
generator. `wasserstein_distance` is differentiable, so we can take the step ourselves:
"""

theta = tf.Variable(0.9, dtype=tf.float64)
real = points_on_line(0.0)
for _ in range(10):
    with tf.GradientTape() as tape:
        fake = tf.constant(points_on_line(0.0)) + tf.stack([theta, 0.0])
        distance = divergences.wasserstein_distance(real, fake)
    theta.assign_sub(0.1 * tape.gradient(distance, theta))
print(f"θ after 10 gradient steps on W1 from 0.9: {float(theta):.3f}")

"""
## Moving earth

On the line, the earth mover's distance is a partial sum. Going from left to right, δ_i is the
surplus that must be carried on: δ_i = δ_{i−1} + P_i − Q_i. For P = (3, 2, 1, 4) and
Q = (1, 2, 4, 3) that is 0, 2, 2, −1, 0, and the distance is Σ|δ_i| = 5. The optimal plan says what
goes where; its rows add up to P, its columns to Q.
"""

p, q = np.array([3, 2, 1, 4]), np.array([1, 2, 4, 3])
distance, steps = divergences.earth_movers_distance(p, q, return_steps=True)
plan = divergences.transport_plan(p, q).numpy()
print(f"δ = {steps.numpy().astype(int).tolist()}, EMD = {float(distance):.0f}")

figure, (bars, matrix) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
bins = np.arange(4)
bars.bar(bins - 0.2, p, 0.4, color=REAL, label="P")
bars.bar(bins + 0.2, q, 0.4, color=FAKE, label="Q")
for i, step in enumerate(steps.numpy().astype(int)[1:-1]):
    bars.text(i + 0.5, 4.55, f"δ = {step}".replace("-", "−"), ha="center")
    if step:
        ends = (i, i + 1) if step > 0 else (i + 1, i)
        bars.annotate("", (ends[1], 4.4), (ends[0], 4.4), arrowprops={"arrowstyle": "->"})
bars.set(xticks=bins, ylim=(0, 5.2), xlabel="bin", ylabel="mass")
bars.set_title("what crosses from bin to bin; EMD = 5")
bars.legend(loc="upper left", bbox_to_anchor=(0.0, 0.84), frameon=False)
matrix.imshow(plan, cmap="Blues", vmax=5)
for i, j in np.ndindex(4, 4):
    if plan[i, j] > 0:
        matrix.text(j, i, f"{plan[i, j]:.0f}", ha="center", va="center")
matrix.set(xticks=bins, yticks=bins, xlabel="to bin of Q", ylabel="from bin of P")
matrix.set_title("the optimal plan")
save(figure, "earth_mover")

"""
In the plane the plan between two equal clouds pairs their points one to one.
"""

rng = np.random.default_rng(1)
angle = rng.uniform(0, 2 * np.pi, 60)
ring = 2 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.1 * rng.normal(size=(60, 2))
blob = 0.6 * rng.normal(size=(60, 2)) + [3.5, 0.5]
permutation = divergences.assignment(ring, blob).numpy()

figure, ax = plt.subplots(figsize=(7, 4.6), layout="constrained")
for start, end in zip(ring, blob[permutation], strict=True):
    ax.plot(*np.stack([start, end]).T, color="0.8", lw=0.8, zorder=0)
ax.scatter(*ring.T, color=REAL, s=18, label="P")
ax.scatter(*blob.T, color=FAKE, s=18, label="Q")
w1 = float(divergences.wasserstein_distance(ring, blob))
sliced = float(divergences.sliced_wasserstein_distance(ring, blob, seed=0))
ax.set(aspect="equal", title=f"optimal assignment: W1 = {w1:.2f}, sliced W1 = {sliced:.2f}")
ax.legend(loc="upper right", frameon=False)
save(figure, "assignment")

"""
## The dual: a witness

By Kantorovich–Rubinstein duality, W1 is also the largest difference of means E_P[f] − E_Q[f] over
the functions f of slope at most 1. The maximizer, the witness, is what a Wasserstein critic
learns. For P = ¼·1[1,2] + ¼·1[3,4] + ½·1[9,10] against the uniform density on [5, 7] it falls from
the left of Q to its middle and rises after: |x − 6|, up to a constant. Both values are 3.
"""

blocks = tfd.Uniform(np.array([1.0, 3.0, 9.0]), np.array([2.0, 4.0, 10.0]))
p = tfd.MixtureSameFamily(tfd.Categorical(probs=np.array([0.25, 0.25, 0.5])), blocks)
q = tfd.Uniform(np.float64(5), np.float64(7))
primal = float(divergences.earth_movers_distance(p, q))
dual, witness = divergences.kantorovich_dual(p, q)
print(f"W1 = {primal:.6f}, dual value = {float(dual):.6f}")

x = np.linspace(0.5, 10.5, 1001)
figure, (density, function) = plt.subplots(2, 1, figsize=(7, 5), sharex=True, layout="constrained")
density.fill_between(x, p.prob(x), step="mid", color=REAL, alpha=0.6, label="P")
density.fill_between(x, q.prob(x), step="mid", color=FAKE, alpha=0.6, label="Q")
density.set(ylabel="density", title=f"W1 = {primal:.0f}")
density.legend(loc="upper left", bbox_to_anchor=(0.7, 0.75), frameon=False)
function.plot(x, witness(x), color=ACCENT, lw=2)
function.set(xlabel="x", ylabel="f(x)", title=f"the witness: E_P[f] − E_Q[f] = {float(dual):.0f}")
save(figure, "witness")

"""
A witness exists in any dimension. For the ring and the blob it is a landscape, high on P and low
on Q; its slope is 1 along the lines on which mass moves.
"""

_, witness = divergences.kantorovich_dual(ring, blob)
grid = np.stack(np.meshgrid(np.linspace(-3, 6, 120), np.linspace(-3, 3, 80)), -1)
heights = witness(grid.reshape(-1, 2)).numpy().reshape(grid.shape[:2])

figure, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
image = ax.contourf(grid[..., 0], grid[..., 1], heights, 20, cmap="RdBu_r", alpha=0.8)
ax.scatter(*ring.T, color="k", s=12, label="P")
ax.scatter(*blob.T, color="w", edgecolors="k", linewidths=0.6, s=16, label="Q")
ax.set(aspect="equal", title="the witness between two clouds")
ax.legend(loc="upper right", framealpha=0.9)
figure.colorbar(image, ax=ax, label="f")
save(figure, "witness_in_the_plane")

"""
## What a discriminator computes

The best discriminator against a fixed generator is D* = p_r/(p_r + p_g), and at D* the game is
worth 2 JS − log 4. Where the densities barely overlap, D* is 1 on the real data and 0 on the
generated ones, and flat on both: the generator has nothing to climb.
"""

figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), sharey=True, layout="constrained")
x = np.linspace(-5, 9, 500)
for ax, shift in zip(axes, (0.0, 1.5, 5.0), strict=True):
    real, fake = tfd.Normal(np.float64(0), 0.8), tfd.Normal(np.float64(shift), 0.8)
    value = float(divergences.game_value(real, fake))
    ax.plot(x, real.prob(x), color=REAL, label="p_r")
    ax.plot(x, fake.prob(x), "--", color=FAKE, label="p_g")
    ax.plot(x, divergences.optimal_discriminator(real, fake, x), color=ACCENT, lw=2, label="D*")
    ax.set(title=f"2 JS − log 4 = {value:.3f}".replace("-", "−"), xlabel="x")
axes[0].legend(loc="upper right", frameon=False)
save(figure, "optimal_discriminator")

"""
## Takeaways

Divergences that compare densities point by point saturate where supports are disjoint, as those of
images and of a young generator are. Distances that know how far apart points are keep a slope:
Wasserstein everywhere, the maximum mean discrepancy within its kernel's reach. The witness of the
dual is the function that a Wasserstein GAN trains.
"""
