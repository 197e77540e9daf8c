"""The page in a real browser: what is clicked, and what is seen then."""

import importlib
import json

import numpy as np
import pytest
from PIL import Image

import keras_gans as kg
from tests.explorer import exported

pytest.importorskip("nicegui", reason="NiceGUI is not installed")
pytest.importorskip("selenium", reason="Selenium is not installed")

from tests.explorer.browser import Browser, explored, is_missing, same

#: The buttons for latents: of the samples, and of the picks.
LATENTS = '//button[contains(., "Latents (JSON)")]'

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(is_missing() is not None, reason=str(is_missing())),
]


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    found = Browser(tmp_path_factory.mktemp("downloads"))
    yield found
    found.close()


@pytest.fixture
def browser(window):
    """The window, with nothing of another test in it."""
    for path in window.downloads.iterdir():
        path.unlink()
    window.driver.get("about:blank")
    window.driver.get_log("browser")
    return window


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    return exported.pets(tmp_path_factory.mktemp("pets") / "saved_model")


@pytest.fixture(scope="module")
def generator(pets):
    return kg.load(pets)


@pytest.fixture(scope="module")
def address(pets):
    with explored(pets) as found:
        yield found


def tiny(name, folder, **kwargs):
    model = importlib.import_module(f"tests.models.test_{name}").tiny(**kwargs)
    model.export(folder / "saved_model")
    return folder / "saved_model"


def pixels(image):
    return kg.data.image_grid(image[None], 1, padding=0, scale=1)


def test_samples_are_picked_and_joined_by_a_path(browser, address, generator):
    browser.driver.get(address)
    browser.wait_for(".sample img", 36)
    shown = browser.pictures(".sample img")
    assert len({picture.tobytes() for picture in shown}) == 36
    expected = generator.sample(36, np.arange(36) % 3, seed=0)
    assert all(map(same, shown, map(pixels, expected)))

    browser.fill("Number", 9)
    browser.fill("Seed", 5)
    browser.choose(".class", "dog")
    browser.click("Draw")
    browser.wait_for(".sample", 9)
    expected = generator.sample(9, "dog", seed=5)
    browser.wait(lambda: all(map(same, browser.pictures(".sample img"), map(pixels, expected))))
    samples, shown = browser.seen(".sample"), browser.pictures(".sample img")
    assert all(np.ptp(np.asarray(picture)) > 0 for picture in shown)

    for i, num in ((2, 1), (7, 2)):
        samples[i].click()
        browser.wait_for(".pick img", num)
    picked = browser.pictures(".pick img")
    assert all(map(same, picked, map(pixels, expected[[2, 7]])))

    browser.open_tab("Between A and B")
    browser.fill("Steps", 5)
    browser.click("Interpolate")
    browser.wait_for(".seen img", 2)
    strip, moving = browser.pictures(".seen img")
    drawn = kg.latents.interpolate(*latents_of(generator, 9, 5)[[2, 7]], steps=5)
    path = generator.generate(drawn, [1] * 5)
    assert same(strip, kg.data.image_grid(path, 5))
    assert moving.n_frames == 8

    browser.click("Latents (NPY)")
    np.testing.assert_array_equal(np.load(browser.downloaded("picks.npy")), drawn[[0, -1]])
    assert browser.problems() == []


def latents_of(generator, num, seed):
    return kg.latents.__dict__["draw"](num, generator.latent_dim, seed).numpy()


def test_what_is_seen_is_downloaded(browser, address, generator):
    browser.driver.get(address)
    browser.wait_for(".sample img", 36)
    browser.click("Picture (PNG)")
    grid = kg.data.image_grid(generator.sample(36, np.arange(36) % 3, seed=0), 6)
    with Image.open(browser.downloaded("samples.png")) as picture:
        assert same(picture, grid)
    browser.open_tab("Walk")
    browser.fill("Steps", 7)
    browser.click("Walk")
    browser.wait_for(".seen img", 2)
    browser.click("Animation (GIF)")
    with Image.open(browser.downloaded("walk.gif")) as animation:
        assert animation.n_frames == 12
    assert browser.problems() == []


def test_without_picks_there_is_no_path(browser, address):
    browser.driver.get(address)
    browser.wait_for(".sample img", 36)
    browser.open_tab("Between A and B")
    browser.click("Interpolate")
    (toast,) = browser.wait_for(".q-notification")
    assert "Pick A and B first" in toast.text
    assert not browser.seen(".seen img")


def test_a_picture_is_reconstructed(browser, tmp_path):
    model = tiny("vae", tmp_path)
    rng = np.random.default_rng(0)
    image = rng.uniform(-1, 1, (1, 4, 4, 1)).astype("float32")
    kg.data.save_grid(image, tmp_path / "image.png", padding=0, scale=1)
    with explored(model) as address:
        browser.driver.get(address)
        browser.upload(tmp_path / "image.png")
        browser.wait_for(".seen img", 2)
        before, after = browser.pictures(".seen img")
        given = np.round((image + 1) * 127.5).astype("float32") / 127.5 - 1
        assert same(before, pixels(given[0]))
        assert same(after, pixels(kg.load(model).reconstruct(given)[0]))
        (tmp_path / "image.png").write_bytes(b"none")
        browser.upload(tmp_path / "image.png")
        (toast,) = browser.wait_for(".q-notification")
        assert "must be a picture" in toast.text


def test_styles_are_mixed(browser, tmp_path):
    model = tiny("stylegan2", tmp_path, shape=(8, 8, 1))
    with explored(model) as address:
        browser.driver.get(address)
        samples = browser.wait_for(".sample", 36)
        expected = kg.load(model).sample(36, seed=0)
        assert all(map(same, browser.pictures(".sample img"), map(pixels, expected)))
        for i in range(2):
            samples[i].click()
            browser.wait_for(".pick img", i + 1)
        browser.open_tab("Mix A and B")
        browser.click("Mix")
        browser.wait_for(".seen img", 1)
        (mixed,) = browser.pictures(".seen img")
        ends = [np.asarray(mixed)[2:34, left : left + 32] for left in (2, mixed.width - 34)]
        for end, image in zip(ends, expected, strict=False):
            assert same(end, kg.data.image_grid(image[None], 1, padding=0))
        assert browser.problems() == []


def test_texts_are_listed(browser, tmp_path):
    model = tiny("text_gan", tmp_path)
    expected = kg.load(model).sample(36, seed=0)
    with explored(model) as address:
        browser.driver.get(address)
        samples = browser.wait(lambda: browser.driver.find_elements("css selector", ".sample"))
        shown = [s.get_attribute("textContent") for s in samples]
        assert shown == expected.tolist()  # some of which may be empty, and so not be seen
        browser.driver.find_elements("xpath", LATENTS)[0].click()
        assert len(json.loads(browser.downloaded("latents.json").read_text())["latents"]) == 36
        assert browser.problems() == []


def test_latents_of_a_file_are_those_of_the_samples(browser, address, generator):
    browser.driver.get(address)
    browser.wait_for(".sample img", 36)
    browser.driver.find_elements("xpath", LATENTS)[0].click()
    content = json.loads(browser.downloaded("latents.json").read_text())
    made = generator.generate(content["latents"], content["labels"])
    np.testing.assert_allclose(made, generator.sample(36, content["labels"], 0), atol=1e-5)
