"""`explore`."""

import argparse
import importlib.util
import os
import pathlib
import socket

from keras_gans.commands.trained import trained

#: Where the page is if nobody asks for another port, and this one is free.
PORT = 7860


def explore(options: argparse.Namespace) -> None:
    """Show what a trained model makes, on a page of this machine, until Ctrl-C."""
    if importlib.util.find_spec("nicegui") is None:
        raise ImportError('`explore` needs NiceGUI: pip install "keras_gans[explorer]"')
    from keras_gans.explorer import page, views

    explorer = views.Explorer(trained(options.run))
    port = free_port(options.host, options.port)
    title = name_of(options.run)
    try:
        page.serve(explorer, title, options.host, port, show=not options.no_browser)
    except KeyboardInterrupt:
        print("The explorer has ended.")


def name_of(run: str) -> str:
    """What the model of a run is called: its folder, which may be one above its SavedModel."""
    path = pathlib.Path(run).resolve()
    return path.parent.name if path.name in ("saved_model", "model.keras") else path.name


def free_port(host: str, port: int | None) -> int:
    """Return a port that no other program listens to: by default `PORT`, or if it is taken any.

    Raises:
        ValueError: If `port` is taken, or `host` is no address of this machine.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
        bound(family, address, 0)
    except OSError as error:
        raise ValueError(
            f"`host` must be an address of this machine. Received: host={host!r} ({error})"
        ) from error
    try:
        return bound(family, address, PORT if port is None else port)
    except OSError as error:
        if port is None:
            return bound(family, address, 0)
        raise ValueError(f"`port` must be free. Received: port={port} ({error})") from error


def bound(family: int, address: tuple, port: int) -> int:
    """Return a port that can be listened to at an address, any for 0."""
    with socket.socket(family, socket.SOCK_STREAM) as found:
        if os.name == "posix":  # elsewhere it lets two programs listen to one port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address[0], port, *address[2:]))
        return found.getsockname()[1]
