"""A headless Chromium that uses the explorer as a person does.

`python -m tests.explorer.browser saved_models/wgan_gp_mnist docs` takes the pictures of the
documentation.
"""

import base64
import contextlib
import io
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

#: What clicks raise of elements that are about to move, or to be replaced.
MOVING = ElementClickInterceptedException, StaleElementReferenceException

#: Seconds that anything may take.
PATIENCE = 60


def is_missing():
    """What is missing for a browser, in words, or `None`."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"no {' and no '.join(missing)} on this machine" if missing else None


@contextlib.contextmanager
def explored(model, *options):
    """Run `python -m keras_gans explore` on a model, and give the address of its page.

    Ctrl-C ends it in the end, and must do so without an error.
    """
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST")}
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    command = [sys.executable, "-m", "keras_gans", "explore", str(model), "--no-browser", *options]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watchdog = threading.Timer(5 * PATIENCE, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline()
        address = re.search(r"http://\S+:\d+", line)
        if not address:
            raise RuntimeError(line + process.stderr.read())
        yield address[0]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")
    except BaseException:
        process.kill()
        print("".join(process.communicate()))  # what the program had to say
        raise
    finally:
        process.kill()
        watchdog.cancel()


class Browser:
    """A window of Chromium.

    Args:
        downloads: Folder for what is downloaded.
        size: Width and height.
    """

    def __init__(self, downloads, size=(1280, 1000)):
        self.downloads = pathlib.Path(downloads)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for option in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu"):
            options.add_argument(f"--{option}")
        options.add_argument("--window-size={},{}".format(*size))
        preferences = {
            "download.default_directory": str(self.downloads),
            "profile.default_content_setting_values.automatic_downloads": 1,  # more than one
        }
        options.add_experimental_option("prefs", preferences)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        self.driver = webdriver.Chrome(options, service)

    def wait(self, found):
        """Wait until a function of no arguments gives what is true, and return that."""
        return WebDriverWait(self.driver, PATIENCE, 0.1).until(lambda _: found())

    def seen(self, selector):
        """The elements of a CSS selector that can be seen."""
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return [element for element in found if element.is_displayed()]

    def wait_for(self, selector, num=1):
        """Wait until exactly so many elements can be seen, and return them."""
        return self.wait(lambda: len(found := self.seen(selector)) == num and found)

    def click(self, words, kind="button"):
        """Click the button, or another kind of element, with some words."""
        path = f'//{kind}[descendant-or-self::*[normalize-space()="{words}"]]'

        def clicked():
            found = self.driver.find_elements(By.XPATH, path)
            with contextlib.suppress(*MOVING):
                shown = [element for element in found if element.is_displayed()]
                if shown:
                    shown[-1].click()
                    return True
            return False

        self.wait(clicked)

    def open_tab(self, name):
        self.click(name, "div[@role='tab']")
        time.sleep(0.5)  # in which one panel moves out and the other one in
        self.wait(lambda: not self.driver.find_elements(By.CSS_SELECTOR, ".q-transition--slide"))

    def fill(self, label, value):
        """Write into the field with a label."""
        (field,) = self.wait_for(f'input[aria-label="{label}"]')
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(str(value), Keys.TAB)

    def choose(self, selector, words):
        """Choose from a list."""
        self.seen(selector)[0].click()
        self.click(words, "div[@role='option']")
        self.wait(lambda: not self.seen(".q-menu"))

    def upload(self, path):
        """Give a file to the only field for one."""
        fields = ".upload input[type=file]"
        (field,) = self.wait(lambda: self.driver.find_elements(By.CSS_SELECTOR, fields))
        field.send_keys(str(path))

    def pictures(self, selector):
        """The pictures that can be seen, as `PIL.Image.Image`s."""
        sources = [img.get_attribute("src") for img in self.seen(selector)]
        files = [base64.b64decode(source.partition(",")[2]) for source in sources]
        return [Image.open(io.BytesIO(file)) for file in files]

    def downloaded(self, name):
        """Wait for a file, and return its path."""
        path = self.downloads / name
        self.wait(lambda: path.exists() and path.stat().st_size)
        return path

    def problems(self):
        """What the page complained about, or loaded from elsewhere."""
        loaded = self.driver.execute_script(
            "return performance.getEntriesByType('resource').map(entry => entry.name)"
        )
        home = self.driver.current_url
        return [
            *(url for url in loaded if not url.startswith((home, "data:", "blob:"))),
            *(e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"),
            *(toast.text for toast in self.seen(".q-notification")),
        ]

    def close(self):
        self.driver.quit()


def same(picture, expected):
    """Whether a picture has the pixels of another, up to rounding."""
    pixels, others = (np.asarray(x, dtype="int32") for x in (picture, expected))
    return pixels.shape == others.shape and np.abs(pixels - others).max() <= 1


def take_pictures(model, folder):
    """Use the explorer a little, and write what the window shows: samples, then a path."""
    folder = pathlib.Path(folder)
    with tempfile.TemporaryDirectory() as downloads, explored(model) as address:
        browser = Browser(downloads, (1180, 980))
        try:
            browser.driver.get(address)
            samples = browser.wait_for(".sample", 36)
            for i, num in ((8, 1), (21, 2)):
                samples[i].click()
                browser.wait_for(".pick img", num)
            time.sleep(1)  # until what moves has come to rest
            browser.driver.save_screenshot(str(folder / "explorer.png"))
            browser.open_tab("Between A and B")
            browser.fill("Steps", 10)
            browser.click("Interpolate")
            browser.wait_for(".seen img", 2)
            time.sleep(1)
            browser.driver.save_screenshot(str(folder / "explorer_path.png"))
        finally:
            browser.close()


if __name__ == "__main__":
    take_pictures(*sys.argv[1:])
