"""The plainest training steps on the networks of a model: each loss as its paper writes it.

Real examples and fakes go through the discriminator by themselves, each update makes its own fakes,
and nothing is logged. Each function takes a model, from which it has the networks, the numbers and
what turns batches into examples, and returns a function of a batch that takes a step and returns
the last loss. Moving averages are left out.
"""

import functools

import tensorflow as tf
from keras import ops

from keras_gans import losses
from keras_gans.layers import ConditioningAugmentation


def descend(optimizer, networks, loss_of):
    """Update networks by the gradient of a loss."""
    for layer in (layer for network in networks for layer in network._flatten_layers()):
        if hasattr(layer, "before_update"):  # of spectral normalization, its power iteration
            layer.before_update()
    variables = [weight for network in networks for weight in network.trainable_variables]
    with tf.GradientTape() as tape:
        loss = loss_of()
    optimizer.apply(tape.gradient(loss, variables), variables)
    return loss


def norms(critic, x, *condition):
    """‖∇D‖² at each example."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = critic(with_condition(x, condition), training=True)
    gradients = tape.gradient(logits, x)
    return tf.reduce_sum(tf.square(gradients), axis=range(1, len(x.shape)))


def with_condition(x, condition):
    return [x, *condition] if condition else x


def gradient_penalty(critic, real, fake, *condition):
    alpha = tf.random.uniform((real.shape[0], *[1] * (len(real.shape) - 1)))
    squares = norms(critic, alpha * real + (1 - alpha) * fake, *condition)
    return tf.reduce_mean((tf.sqrt(squares) - 1) ** 2)


def r1(critic, x, *condition):
    return 0.5 * tf.reduce_mean(norms(critic, x, *condition))


# What models add to the loss of the critic: functions of the model, critic, real, fake, condition


def nothing(gan, critic, real, fake, *condition):
    return 0.0


def wgan_gp(gan, critic, real, fake, *condition):
    return gan.gp_weight * gradient_penalty(critic, real, fake, *condition)


def r1_and_r2(gan, critic, real, fake, *condition):
    return gan.gamma * (r1(critic, real, *condition) + r1(critic, fake, *condition))


def gp_and_drift(gan, critic, real, fake, *condition):
    drift = tf.reduce_mean(tf.square(critic(real, training=True)))
    return wgan_gp(gan, critic, real, fake) + gan.drift_weight * drift


# And to that of the generator: functions of the model


def orthogonal(gan):
    return gan.orthogonal_weight * gan.orthogonal_penalty()


def mini_batches(examples, num):
    """As many parts of a step's real examples."""
    parts = [tf.split(x, num) for x in tf.nest.flatten(examples)]
    return list(zip(*parts, strict=True))


def two_players(gan, of_critic=nothing, of_generator=lambda gan: 0.0):
    """Any objective: each update of the critic on a mini-batch of its own, then the generator's."""
    optimizers = gan.default_optimizers()
    generator, critic = (gan.in_use(n, training=True) for n in ("generator", "discriminator"))
    objective = gan.objective

    def fakes(num, *condition):
        return generator(
            with_condition(tf.random.normal((num, gan.latent_dim)), condition), training=True
        )

    def judge(x, *condition):
        return critic(with_condition(x, condition), training=True)

    def step(data):
        batches = mini_batches(gan.real_examples(data), gan.batches_per_step)
        for real, *condition in batches[: gan.n_critic]:
            fake = fakes(real.shape[0], *condition)

            def d_loss(real=real, fake=fake, condition=condition):
                logits = judge(real, *condition), judge(fake, *condition)
                return objective.discriminator(*logits) + of_critic(
                    gan, critic, real, fake, *condition
                )

            descend(optimizers["d_optimizer"], [critic], d_loss)
        real, *condition = batches[-1]

        def g_loss():
            real_logits = judge(real, *condition) if objective.relativistic else None
            fake_logits = judge(fakes(real.shape[0], *condition), *condition)
            return objective.generator(real_logits, fake_logits) + of_generator(gan)

        return descend(optimizers["g_optimizer"], [generator], g_loss)

    return step


def stack_gan(gan):
    """Fakes, and real images with the captions of others; with R1, and a divergence."""
    optimizers, objective = gan.default_optimizers(), gan.objective
    generator, critic = gan.generator, gan.discriminator
    (penalty,) = gan.techniques
    augmentations = [
        layer
        for layer in generator._flatten_layers()
        if isinstance(layer, ConditioningAugmentation) and layer.trainable
    ]

    def fakes(num, embeddings):
        return generator([tf.random.normal((num, gan.latent_dim)), embeddings], training=True)

    def step(data):
        real, embeddings = gan.real_examples(data)
        fake, others = fakes(real.shape[0], embeddings), tf.roll(embeddings, -1, axis=0)

        def d_loss():
            pairs = (real, embeddings), (fake, embeddings), (real, others)
            right, made, wrong = (critic(list(pair), training=True) for pair in pairs)
            both = objective.discriminator(right, made) + objective.discriminator(right, wrong)
            return 0.5 * both + penalty.weight * r1(critic, real, embeddings)

        def g_loss():
            made = critic([fakes(real.shape[0], embeddings), embeddings], training=True)
            divergence = sum(
                tf.reduce_mean(layer.divergence(embeddings)) / layer.units
                for layer in augmentations
            )
            return objective.generator(None, made) + gan.kl_weight * divergence

        descend(optimizers["d_optimizer"], [critic], d_loss)
        return descend(optimizers["g_optimizer"], [generator], g_loss)

    return step


def lapgan(gan):
    """The same game at each level, with R1."""
    optimizers, objective = gan.default_optimizers(), gan.objective
    penalties = gan.techniques

    def fakes(levels):
        noise = gan.noise_maps(tf.random.normal((levels[0][0].shape[0], gan.latent_dim)))
        return [
            network(with_condition(z, condition), training=True)
            for network, z, (_, *condition) in zip(gan.generators, noise, levels, strict=True)
        ]

    def step(data):
        levels = gan.real_levels(data)
        made = fakes(levels)

        def d_loss():
            loss = 0.0
            networks = gan.discriminators
            for critic, (real, *condition), fake, penalty in zip(
                networks, levels, made, penalties, strict=True
            ):
                logits = (critic(with_condition(x, condition), training=True) for x in (real, fake))
                loss += objective.discriminator(*logits)
                loss += penalty.weight * r1(critic, real, *condition)
            return loss

        def g_loss():
            return sum(
                objective.generator(None, critic(with_condition(fake, condition), training=True))
                for critic, fake, (_, *condition) in zip(
                    gan.discriminators, fakes(levels), levels, strict=True
                )
            )

        descend(optimizers["d_optimizer"], gan.discriminators, d_loss)
        return descend(optimizers["g_optimizer"], gan.generators, g_loss)

    return step


def srgan(gan):
    """The second phase: features, and a discriminator."""
    optimizers, objective = gan.default_optimizers(), gan.objective
    generator, critic = gan.generator, gan.discriminator

    def step(data):
        high, low = gan.real_examples(data)
        fake = generator(low, training=True)

        def d_loss():
            logits = (critic(x, training=True) for x in (high, fake))
            return objective.discriminator(*logits)

        def g_loss():
            made = generator(low, training=True)
            content = tf.reduce_mean(tf.square(gan.features(made) - gan.features(high)))
            adversarial = objective.generator(None, critic(made, training=True))
            return content + gan.adversarial_weight * adversarial

        descend(optimizers["d_optimizer"], [critic], d_loss)
        return descend(optimizers["g_optimizer"], [generator], g_loss)

    return step


def semi_supervised(gan):
    """A classifier of labeled images that tells others from fakes, whose features are matched."""
    optimizers, objective = gan.default_optimizers(), gan.objective
    generator, critic = gan.generator, gan.discriminator
    (matching,) = gan.techniques

    def log_z(x):
        return tf.reduce_logsumexp(critic(x, training=True), axis=-1, keepdims=True)

    def fakes(num):
        return generator(tf.random.normal((num, gan.latent_dim)), training=True)

    def step(data):
        images, labels = gan.real_examples(data)
        labeled, unlabeled, others = tf.split(images, 3)
        known, _, _ = tf.split(labels, 3)
        fake = fakes(labeled.shape[0])

        def d_loss():
            entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(
                tf.maximum(known, 0), critic(labeled, training=True)
            )
            unsupervised = objective.discriminator(log_z(unlabeled), log_z(fake))
            return tf.reduce_mean(entropy) + 0.5 * unsupervised

        def g_loss():
            means = [
                tf.reduce_mean(matching.features_and_logits(x, True)[0], axis=0)
                for x in (others, fakes(labeled.shape[0]))
            ]
            return tf.reduce_mean(tf.square(means[0] - means[1]))

        descend(optimizers["d_optimizer"], [critic], d_loss)
        return descend(optimizers["g_optimizer"], [generator], g_loss)

    return step


def vae(model):
    """The negative bound."""
    optimizer = model.default_optimizers()["optimizer"]

    def step(data):
        x = model.real_examples(data)

        def loss():
            mean, log_variance = model.encoder(x, training=True)
            z = mean + tf.exp(log_variance / 2) * tf.random.normal(mean.shape)
            divergence = -0.5 * (1 + log_variance - mean**2 - tf.exp(log_variance))
            likelihood = model.likelihood.log_prob(x, [model.decoder(z, training=True)])
            return tf.reduce_mean(tf.reduce_sum(divergence, axis=-1)) - ops.mean(likelihood)

        return descend(optimizer, [model.encoder, model.decoder], loss)

    return step


def classifier(model):
    """The cross-entropy."""
    optimizer = model.default_optimizers()["optimizer"]

    def step(data):
        x, labels = data

        def loss():
            logits = model.network(x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            return tf.reduce_mean(losses)

        return descend(optimizer, [model.network], loss)

    return step


def alae(model):
    """Algorithm 1 of the paper."""
    optimizers, objective = model.default_optimizers(), losses.non_saturating
    mapping, generator = model.mapping, model.generator
    encoder, critic = model.encoder, model.discriminator

    def codes(num):
        return mapping(tf.random.normal((num, model.latent_dim)), training=True)

    def judge(x, training=True):
        return critic(encoder(x, training=training), training=training)

    def step(data):
        real = model.real_examples(data)
        num = real.shape[0]
        fake = generator(codes(num), training=True)
        w = codes(num)

        def d_loss():
            adversarial = objective.discriminator(judge(real), judge(fake))
            return adversarial + model.gamma * r1(judge, real)

        def g_loss():
            return objective.generator(None, judge(generator(codes(num), training=True)))

        def r_loss():
            again = encoder(generator(w, training=True), training=True)
            return tf.reduce_mean(tf.reduce_sum(tf.square(w - again), axis=-1))

        descend(optimizers["d_optimizer"], [encoder, critic], d_loss)
        descend(optimizers["g_optimizer"], [mapping, generator], g_loss)
        return descend(optimizers["r_optimizer"], [encoder, generator], r_loss)

    return step


def cycle_gan(gan):
    """Both directions; discriminators see the translations that the generators learned from."""
    optimizers, objective = gan.default_optimizers(), losses.least_squares
    generators, critics = (
        [gan.generator_ab, gan.generator_ba],
        [gan.discriminator_a, gan.discriminator_b],
    )
    ab, ba = (functools.partial(network, training=True) for network in generators)
    of_a, of_b = (functools.partial(network, training=True) for network in critics)

    def distance(x, y):
        return tf.reduce_mean(tf.abs(x - y))

    def step(data):
        a, b = gan.real_images(data)
        made = {}

        def g_loss():
            made["a"], made["b"] = ba(b), ab(a)
            adversarial = sum(
                tf.reduce_mean((judge(x) - 1) ** 2)
                for judge, x in ((of_a, made["a"]), (of_b, made["b"]))
            )
            cycle = distance(ba(made["b"]), a) + distance(ab(made["a"]), b)
            identity = distance(ba(a), a) + distance(ab(b), b)
            return adversarial + gan.cycle_weight * (cycle + gan.identity_weight * identity)

        def d_loss():
            return objective.discriminator(of_a(a), of_a(made["a"])) + objective.discriminator(
                of_b(b), of_b(made["b"])
            )

        descend(optimizers["g_optimizer"], [gan.generator_ab, gan.generator_ba], g_loss)
        return descend(
            optimizers["d_optimizer"], [gan.discriminator_a, gan.discriminator_b], d_loss
        )

    return step
