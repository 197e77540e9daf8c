"""What is installed is all that the package needs at run time."""

import configparser

from keras_gans.metrics import features


def test_every_file_of_the_package_is_installed(repository):
    setup = configparser.ConfigParser()
    setup.read(repository / "setup.cfg")
    installed = {
        path
        for package, patterns in setup["options.package_data"].items()
        for pattern in patterns.split()
        for path in repository.joinpath(*package.split(".")).glob(pattern)
    }
    needed = {
        path
        for path in (repository / "keras_gans").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert features._MNIST_CLASSIFIER.resolve() in needed
    assert needed == installed
