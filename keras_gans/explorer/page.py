"""The page of the explorer: a thin layer of NiceGUI over `views` and `files`.

All that the page loads comes from the program that serves it, and its browser is told to load
nothing from elsewhere.
"""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from nicegui import app, run, ui

from keras_gans.explorer import files
from keras_gans.explorer.views import Explorer, Point, columns_of

#: What is wrong with what somebody asked for: it is said on the page.
REFUSALS = (ValueError, TypeError, MemoryError, tf.errors.OpError)

#: Most samples shown at once, and most steps of a path.
MOST = 144

#: Bytes of the largest picture that is taken.
LARGEST = 2**25

#: For the browser: nothing from other servers.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"

CSS = """
.nicegui-content { max-width: 1180px; margin: 0 auto; }
.samples { display: flex; flex-wrap: wrap; gap: 6px; }
.samples.images { display: grid; }
.sample { cursor: pointer; border: 3px solid transparent; border-radius: 6px; position: relative; }
.sample:hover { border-color: #9e9e9e; }
.sample img, .pick img, .seen img { display: block; border-radius: 3px; }
.pixels img, img.pixels { image-rendering: pixelated; }
.sample img { width: 100%; min-width: 44px; }
.sample.text, .texts { font-family: monospace; white-space: pre-wrap; padding: 2px 6px; }
.sample.A, .pick.A.next { border-color: #1976d2; }
.sample.B, .pick.B.next { border-color: #e65100; }
.pick { border: 3px dashed transparent; border-radius: 8px; padding: 8px; cursor: pointer; }
.pick img { width: 112px; }
.pick .none { width: 112px; height: 112px; border: 1px dashed #9e9e9e; border-radius: 3px; }
.seen img { max-width: 100%; }
"""


def serve(explorer: Explorer, title: str, host: str, port: int, show: bool) -> None:
    """Serve the page until the process is interrupted.

    Args:
        explorer: `Explorer`.
        title: String, what the model is called.
        host: Address to listen to.
        port: Positive integer, a free port.
        show: Whether to open the page in a browser.
    """
    app.add_middleware(OnlyFromHere)
    app.on_startup(
        lambda: print(f"{title} is at http://{host}:{port}. Ctrl-C ends it.", flush=True)
    )
    ui.run(
        lambda: Page(explorer, title).build(),
        host=host,
        port=port,
        title=f"{title} · keras_gans",
        favicon="🎲",
        dark=None,
        show=show,
        reload=False,
        show_welcome_message=False,
        timeout_graceful_shutdown=1,
    )


class OnlyFromHere:
    """Middleware that tells the browser to load nothing from other servers."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sending(message):
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", POLICY.encode()))
            await send(message)

        await self.app(scope, receive, sending)


class Page:
    """One visit to the page: what is shown, and what was picked.

    Args:
        explorer: `Explorer`.
        title: String, what the model is called.
    """

    def __init__(self, explorer: Explorer, title: str) -> None:
        self.explorer = explorer
        self.title = title
        self.points: list[Point] = []
        self.samples: list[Any] = []
        self.picks: dict[str, Point] = {}
        self.cards: dict[str, Any] = {}
        self.next = "A"

    def build(self) -> None:
        """Lay the page out. What it shows at first is drawn when it is there."""
        ui.add_css(CSS)
        with ui.header().classes("items-baseline"):
            ui.label(self.title).classes("text-h6")
            ui.label(" · ".join(self.explorer.facts))
        if self.explorer.draws:
            self._of_latents()
        if self.explorer.edits:
            self._of_images()

    # Latents

    def _of_latents(self):
        tabs = {"Samples": self._samples_tab, "Between A and B": self._between_tab}
        tabs["Walk"] = self._walk_tab
        if self.explorer.mixes:
            tabs["Mix A and B"] = self._mix_tab
        with ui.row().classes("w-full no-wrap items-start"):
            with ui.column().classes("grow"):
                tabbed(tabs)
            with ui.card().classes("picks"):
                self._picks_card()
        if self.explorer.conditions != "sentences":
            ui.timer(0.1, self._draw, once=True)

    def _samples_tab(self):
        with ui.row().classes("items-center"):
            self.num = number("Number", 36, 1, MOST)
            self.seed = number("Seed", 0, 0, 2**31 - 1)
            self.condition = self._condition_field(every=True)
            self.truncation = self._truncation_field()
            ui.button("Draw", on_click=self._draw)
            ui.button("Other seed", on_click=self._draw_others).props("outline")
        self.shown = ui.element("div").classes("samples")
        self.shown_downloads = ui.row()

    def _condition_field(self, every):
        """A field for the class or the sentence, or `None` if the model takes none."""
        if self.explorer.conditions == "classes":
            classes = dict(enumerate(self.explorer.class_names))
            options = {-1: "every class", **classes} if every else classes
            field = ui.select(options, label="Class", value=next(iter(options)))
            return field.props("outlined dense").classes("w-40 class")
        if self.explorer.conditions == "sentences":
            return ui.input("Sentence").props("outlined dense").classes("w-80 sentence")
        return None

    def _truncation_field(self):
        """A slider, or `None` if the model has no truncation. At its end there is none."""
        truncation = self.explorer.truncation
        if truncation is None:
            return None
        most = truncation.most
        value = most if truncation.default is None else truncation.default
        with ui.column().classes("gap-0 w-40"):
            label = ui.label().classes("text-caption")
            slider = ui.slider(
                min=0.05, max=most, step=0.05, value=most if value is None else value
            )
        none = "none" if truncation.of == "latents" else f"{most:g}, none"
        label.bind_text_from(
            slider, "value", lambda v: f"Truncation: {none if v >= most else format(v, '.2f')}"
        )
        return slider.classes("truncation")

    def _chosen_truncation(self):
        truncation = self.explorer.truncation
        if truncation is None or self.truncation.value >= truncation.most:
            return None
        return float(self.truncation.value)

    async def _draw_others(self):
        self.seed.value = random.randrange(10**6)
        await self._draw()

    async def _draw(self):
        def drawn():
            points = explorer.draw(integer(self.num), integer(self.seed), condition, truncation)
            return points, explorer.examples(points, truncation)

        explorer = self.explorer
        condition, truncation = chosen(self.condition), self._chosen_truncation()
        made = await self._made(drawn, self.shown)
        if made is not None:
            points, examples = made
            drawn_with = {"seed": int(self.seed.value), "truncation": truncation}
            self._show_samples(points, examples, condition, drawn_with)

    def _show_samples(self, points, examples, condition, drawn_with):
        self.points, self.samples = points, []
        in_turn = len(self.explorer.class_names) if condition is None else 0
        columns = columns_of(len(points), in_turn or None)
        with self.shown:
            for i, (point, example) in enumerate(zip(points, examples, strict=True)):
                sample = self._example(example, f"sample {i}{self._of_condition(point)}")
                sample.classes("sample")
                sample.on("click", lambda _, i=i, e=example: self._pick(self.points[i], e, i))
                self.samples.append(sample)
        if not self.explorer.makes_text:
            width = min(84, 760 // columns)
            self.shown.classes("images")
            self.shown.style(f"grid-template-columns: repeat({columns}, {width}px)")
        self._mark_samples()
        self.shown_downloads.clear()
        with self.shown_downloads:
            self._download_examples(examples, "samples", columns)
            download("Latents (NPY)", lambda: files.npy(points), "latents.npy")
            download("Latents (JSON)", lambda: files.as_json(points, **drawn_with), "latents.json")

    def _of_condition(self, point):
        """The class or the sentence of a point, in words that go on."""
        if point.condition is None:
            return ""
        is_class = self.explorer.conditions == "classes"
        return f", {self.explorer.class_names[point.condition] if is_class else point.condition}"

    def _example(self, example, description):
        """Show one example."""
        if self.explorer.makes_text:
            with ui.element("div").classes("text") as element:
                ui.label(example)
            return element
        with ui.element("div").classes(pixels(example)) as element:
            picture(files.address(files.single(example)), description)
        return element

    # Picks

    def _picks_card(self):
        ui.label("Picks").classes("text-subtitle1")
        ui.label("Click a sample.").classes("text-caption")
        for name in "AB":
            with ui.element("div").classes(f"pick {name}") as card:
                ui.label(name).classes("text-subtitle2")
                self.cards[name] = ui.element("div")
            card.on("click", lambda _, name=name: self._choose_next(name))
            with self.cards[name]:
                ui.element("div").classes("none")
        ui.button("Swap", on_click=self._swap).props("flat dense")
        download("Latents (NPY)", lambda: files.npy(self._both()), "picks.npy")
        download("Latents (JSON)", lambda: files.as_json(self._both()), "picks.json")
        self.examples_of_picks: dict[str, Any] = {}
        self._choose_next("A")

    def _choose_next(self, name):
        """Let the next click on a sample pick A or B."""
        self.next = name
        for other, shown in self.cards.items():
            mark(shown.parent_slot.parent, "next", other == name)

    def _pick(self, point, example, index):
        self.picks[self.next] = point
        self.examples_of_picks[self.next] = example
        self._show_pick(self.next)
        self._choose_next("B" if self.next == "A" else "A")
        self._mark_samples()

    def _show_pick(self, name):
        self.cards[name].clear()
        point, example = self.picks[name], self.examples_of_picks[name]
        with self.cards[name]:
            self._example(example, f"{name}{self._of_condition(point)}")
            if point.condition is not None:
                ui.label(self._of_condition(point)[2:]).classes("text-caption")

    def _mark_samples(self):
        for name in "AB":
            for point, sample in zip(self.points, self.samples, strict=True):
                mark(sample, name, point is self.picks.get(name))

    def _swap(self):
        for both in (self.picks, self.examples_of_picks):
            both.update({new: both[old] for new, old in ("AB", "BA") if old in both})
        try:
            self._both()
        except ValueError as error:
            refuse(error)
            return
        for name in "AB":
            self._show_pick(name)
        self._mark_samples()

    def _both(self):
        if len(self.picks) < 2:
            raise ValueError("Pick A and B first: click two samples.")
        return [self.picks["A"], self.picks["B"]]

    # Paths

    def _between_tab(self):
        kinds = {"spherical": "on an arc", "linear": "on a line"}
        with ui.row().classes("items-center"):
            steps = number("Steps", 8, 2, MOST)
            kind = ui.toggle(kinds, value="spherical")
            ui.button("Interpolate", on_click=lambda: interpolate())
        place = ui.column().classes("seen")

        async def interpolate():
            truncation, explorer = self._chosen_truncation(), self.explorer

            def made():
                a, b = self._both()
                paths = explorer.between(a, b, integer(steps), kind.value)
                return paths, [explorer.examples(path, truncation) for path in paths]

            found = await self._made(made, place)
            if found is not None:
                paths, examples = found
                self._show_paths(place, paths, examples, "interpolation", len(paths[0]))

    def _walk_tab(self):
        with ui.row().classes("items-center"):
            steps = number("Steps", 24, 2, MOST)
            seed = number("Seed", 0, 0, 2**31 - 1)
            condition = self._condition_field(every=False)
            with ui.column().classes("gap-0 w-40"):
                label = ui.label().classes("text-caption")
                size = ui.slider(min=0.05, max=1, step=0.05, value=0.2)
                label.bind_text_from(size, "value", lambda v: f"Step size: {v:.2f}")
            ui.button("Walk", on_click=lambda: walk())
        place = ui.column().classes("seen")

        async def walk():
            y, truncation, explorer = chosen(condition), self._chosen_truncation(), self.explorer

            def made():
                path = explorer.walk(integer(steps), float(size.value), integer(seed), y)
                return [path], [explorer.examples(path, truncation)]

            found = await self._made(made, place)
            if found is not None:
                paths, examples = found
                self._show_paths(place, paths, examples, "walk", columns=12)

    def _show_paths(self, place, paths, examples, name, columns):
        """Show examples along paths: pictures and an animation, or lines of text."""
        with place:
            if self.explorer.makes_text:
                for path in examples:
                    ui.label("\n".join(path)).classes("texts")
            else:
                moving = files.animation(examples)
                strip = files.grid(np.concatenate(examples), columns)
                image = examples[0][0]
                picture(files.address(strip), "the images along the path", image, columns)
                here = files.address(moving, "gif")
                picture(here, "an animation along the path", image, 2 * len(paths))
            with ui.row():
                self._download_examples(np.concatenate(examples), name, columns)
                if not self.explorer.makes_text:
                    download("Animation (GIF)", lambda: moving, f"{name}.gif")
                points = [point for path in paths for point in path]
                download("Latents (NPY)", lambda: files.npy(points), f"{name}.npy")

    def _mix_tab(self):
        ui.label(
            "From A to B, one style more of B in each image: the first ones shape what is large."
        )
        ui.button("Mix", on_click=lambda: mix())
        place = ui.column().classes("seen")

        async def mix():
            truncation, explorer = self._chosen_truncation(), self.explorer

            def made():
                a, b = self._both()
                return explorer.mixtures(a, b, truncation)

            images = await self._made(made, place)
            if images is not None:
                with place:
                    strip = files.address(files.grid(images, len(images)))
                    picture(strip, "mixed styles", images[0], len(images))
                    self._download_examples(images, "mixed", len(images))

    # Images

    def _of_images(self):
        tabbed({name.capitalize(): self._edit_tab(name) for name in self.explorer.edits})

    def _edit_tab(self, name):
        def build():
            variants = self.explorer.edits[name]
            words = [", ".join(verb.fixed.values()) for verb in variants]
            ui.label(variants[0].summary)
            which = ui.toggle(dict(enumerate(words)), value=0) if len(variants) > 1 else None
            upload = ui.upload(label="A picture", auto_upload=True, max_file_size=LARGEST)
            upload.props('accept="image/*"').classes("upload")
            upload.on_upload(lambda event: edit(event))
            upload.on_rejected(lambda: refuse(f"The picture must have at most {LARGEST:,} bytes."))
            place = ui.row().classes("seen")

            async def edit(event):
                content = await event.file.read()
                verb = variants[which.value if which else 0]
                spec: Any = next(iter(verb.taken.values()))

                def made():
                    given = files.image(content, spec)
                    return given, self.explorer.edit(name, given, **verb.fixed)

                found = await self._made(made, place)
                upload.reset()
                if found is not None:
                    with place:
                        for image, words in zip(found, ("before", "after"), strict=True):
                            with ui.column().classes("items-center"):
                                picture(files.address(files.single(image)), words, image, 2)
                                ui.label(words).classes("text-caption")
                        download("Picture (PNG)", lambda: files.single(found[1]), f"{name}.png")

        return build

    # Common

    async def _made(self, make: Callable[[], Any], place: Any) -> Any:
        """What a function makes in a thread of its own, or `None` if it refuses.

        The place where it will be shown is empty afterwards.
        """
        place.clear()
        with place:
            ui.spinner(size="lg")
        try:
            return await run.io_bound(make)
        except REFUSALS as error:
            refuse(error)
            return None
        finally:
            place.clear()

    def _download_examples(self, examples, name, columns):
        if self.explorer.makes_text:
            download("Texts (TXT)", lambda: "\n".join(examples).encode(), f"{name}.txt")
        else:
            download("Picture (PNG)", lambda: files.grid(examples, columns), f"{name}.png")


def tabbed(tabs: dict[str, Callable[[], None]]) -> None:
    """Lay out tabs, each by a function."""
    with ui.tabs().props("align=left") as bar:
        for name in tabs:
            ui.tab(name)
    with ui.tab_panels(bar, value=next(iter(tabs)), keep_alive=True).classes("w-full"):
        for name, build in tabs.items():
            with ui.tab_panel(name):
                build()


def number(label: str, value: int, low: int, high: int) -> Any:
    """A field for an integer."""
    field = ui.number(label, value=value, min=low, max=high, step=1, precision=0)
    return field.props("outlined dense").classes("w-28")


def integer(field: Any) -> int:
    """Return what is in a field for an integer, or refuse it."""
    value = field.value
    if value is None or not field.min <= value <= field.max or value != int(value):
        raise ValueError(
            f"{field.props['label']} must be an integer from {field.min} to {field.max}. "
            f"Received: {value}"
        )
    return int(value)


def chosen(field: Any) -> Any:
    """Return the class or sentence of a field, or `None` for every class, or no field."""
    if field is None or field.value in (-1, None):
        return None
    return field.value.strip() if isinstance(field.value, str) else field.value


def mark(element: Any, name: str, is_so: bool) -> None:
    """Give an element a class, or take it away."""
    element.classes(name if is_so else None, remove=None if is_so else name)


def pixels(image: np.ndarray) -> str:
    """The class of a picture that is shown larger than it is, if it is so small."""
    return "pixels" if max(image.shape[:2]) <= 64 else ""


def picture(
    address: str, description: str, image: np.ndarray | None = None, columns: int = 1
) -> None:
    """Show an image file: a grid of such images as `image`, each large enough to look at."""
    element = ui.element("img")
    element.props["src"] = address
    element.props["alt"] = element.props["title"] = description
    if image is not None:
        element.classes(pixels(image)).style(f"width: {columns * max(84, image.shape[1])}px")


def download(label: str, make: Callable[[], bytes], name: str) -> None:
    """A button that downloads what a function makes."""

    def send():
        try:
            ui.download.content(make(), name)
        except REFUSALS as error:
            refuse(error)

    ui.button(label, icon="download", on_click=send).props("flat dense no-caps")


def refuse(problem: Any) -> None:
    """Say what is wrong."""
    ui.notify(str(problem) or type(problem).__name__, type="negative", position="top")
