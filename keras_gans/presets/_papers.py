"""The papers behind the presets."""

from typing import Any


def _paper(authors: str, year: int, title: str, number: str) -> dict[str, Any]:
    return {
        "title": title,
        "authors": authors,
        "year": year,
        "url": f"https://arxiv.org/abs/{number}",
    }


GAN = _paper("Goodfellow et al.", 2014, "Generative Adversarial Nets", "1406.2661")
CONDITIONAL_GAN = _paper(
    "Mirza and Osindero", 2014, "Conditional Generative Adversarial Nets", "1411.1784"
)
WGAN_GP = _paper("Gulrajani et al.", 2017, "Improved Training of Wasserstein GANs", "1704.00028")
STYLEGAN2 = _paper(
    "Karras et al.", 2020, "Analyzing and Improving the Image Quality of StyleGAN", "1912.04958"
)
R3GAN = _paper(
    "Huang et al.",
    2024,
    "The GAN is dead; long live the GAN! A Modern Baseline GAN",
    "2501.05441",
)
DCGAN = _paper(
    "Radford et al.",
    2016,
    "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
    "1511.06434",
)
LSGAN = _paper("Mao et al.", 2017, "Least Squares Generative Adversarial Networks", "1611.04076")
WGAN = _paper("Arjovsky et al.", 2017, "Wasserstein GAN", "1701.07875")
BIGGAN = _paper(
    "Brock et al.",
    2019,
    "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    "1809.11096",
)
VAE = _paper("Kingma and Welling", 2014, "Auto-Encoding Variational Bayes", "1312.6114")
ALAE = _paper("Pidhorskyi et al.", 2020, "Adversarial Latent Autoencoders", "2004.04467")
PROGRESSIVE_GAN = _paper(
    "Karras et al.",
    2018,
    "Progressive Growing of GANs for Improved Quality, Stability, and Variation",
    "1710.10196",
)
LAPGAN = _paper(
    "Denton et al.",
    2015,
    "Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks",
    "1506.05751",
)
CYCLEGAN = _paper(
    "Zhu et al.",
    2017,
    "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    "1703.10593",
)
IMPROVED_TECHNIQUES = _paper(
    "Salimans et al.", 2016, "Improved Techniques for Training GANs", "1606.03498"
)
SRGAN = _paper(
    "Ledig et al.",
    2017,
    "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network",
    "1609.04802",
)
STACKGAN = _paper(
    "Zhang et al.",
    2017,
    "StackGAN: Text to Photo-realistic Image Synthesis with Stacked Generative Adversarial "
    "Networks",
    "1612.03242",
)
TTUR = _paper(
    "Heusel et al.",
    2017,
    "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
    "1706.08500",
)
