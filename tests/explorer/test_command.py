"""`python -m keras_gans explore`: what it refuses before it serves a page."""

import importlib.util
import socket

import pytest

from keras_gans.__main__ import main, parse
from keras_gans.commands import exploring
from tests.explorer import exported


def test_options():
    options = parse(["explore", "run", "--port", "8000", "--no-browser"])
    assert (options.run, options.port, options.host, options.no_browser) == (
        *("run", 8000),
        *("127.0.0.1", True),
    )
    assert parse(["explore", "run"]).port is None
    with pytest.raises(SystemExit):
        parse(["explore", "run", "--port", "65536"])


def test_without_nicegui_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r'^Error: .* pip install "keras_gans\[explorer\]"$'):
        main(["explore", "anything"])


def test_the_usual_port_or_if_it_is_taken_another(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        monkeypatch.setattr(exploring, "PORT", number)
        assert exploring.free_port("127.0.0.1", None) != number
        with pytest.raises(ValueError, match=f"`port` must be free. Received: port={number}"):
            exploring.free_port("127.0.0.1", number)
    assert exploring.free_port("127.0.0.1", None) == number


def test_an_address_of_another_machine():
    with pytest.raises(ValueError, match=r"`host` must be an address .* host='192.0.2.1'"):
        exploring.free_port("192.0.2.1", None)


def test_models_are_called_as_their_runs(tmp_path):
    for run in ("run", "run/saved_model", "run/model.keras"):
        assert exploring.name_of(str(tmp_path / run)) == "run"


@pytest.mark.slow
def test_a_taken_port_ends_it_with_a_line(tmp_path):
    pytest.importorskip("nicegui", reason="NiceGUI is not installed")
    model = exported.pets(tmp_path / "saved_model")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"^Error: `--port` must be free.*--port {number}"):
            main(["explore", str(model), "--port", str(number), "--no-browser"])
