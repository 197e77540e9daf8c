"""Calls of served verbs by name: every argument is checked, and examples go some at a time."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_gans import _checks, _inputs, _memory, latents

#: Examples that go through the networks at once.
BATCH_SIZE = 256


#: Meanings of what says which latents a verb draws.
DRAWN = ("count", "seed", "truncation")


class Server:
    """The verbs of a model, to be called by their names.

    Args:
        verbs: List of `Verb`s.
        owner: What has them, in words.
    """

    def __init__(self, verbs, owner):
        self.owner = owner
        self.verbs: dict[str, list[Any]] = {}
        for verb in verbs:
            self.verbs.setdefault(verb.name, []).append(verb)

    def signature(self, name):
        """Return the signature of a verb's method."""
        return self.verbs[name][0].signature()

    def call(self, name, args, kwargs, batch_size=BATCH_SIZE):
        """Return what a verb makes of its arguments: an array, of Python strings for texts.

        Args:
            name: Name of the verb.
            args, kwargs: Its arguments, by position and by name.
            batch_size: Positive integer, examples that go through the networks at once.

        Raises:
            ValueError, TypeError: If an argument is not as the verb describes it.
        """
        batch_size = _checks.positive_int("batch_size", batch_size)
        verb, values = self.prepared(name, args, kwargs)
        return _in_batches(verb, values, batch_size)

    def prepared(self, name, args, kwargs):
        """Return the verb that a call comes to, and what its function takes, by name.

        Args:
            name, args, kwargs: See `call`.

        Raises:
            ValueError, TypeError: If an argument is not as the verb describes it.
        """
        arguments = self._bound(name, args, kwargs)
        verb = self._variant(name, arguments)
        values = self._checked(verb, arguments)
        if verb.through in self.verbs:
            return self._with_latents(verb, values)
        return verb, values

    def _bound(self, name, args, kwargs):
        _checks.one_of("verb", name, list(self.verbs))
        try:
            bound = self.signature(name).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}() {error}") from None
        bound.apply_defaults()
        return bound.arguments

    def _variant(self, name, arguments):
        """The verb of this name that has the fixed arguments."""
        variants = self.verbs[name]
        for fixed in variants[0].fixed:
            choices = list(dict.fromkeys(verb.fixed[fixed] for verb in variants))
            chosen = _checks.one_of(fixed, arguments[fixed], choices)
            variants = [verb for verb in variants if verb.fixed[fixed] == chosen]
        return variants[0]

    def _checked(self, verb, arguments):
        """What the verb takes, by name."""
        values, num = {}, None
        for name, spec in verb.inputs.items():
            if spec is None:
                _inputs.no_labels(name, arguments[name], self.owner)
                continue
            values[name] = spec.check(name, arguments[name], num)
            if spec.meaning == "count":
                num = values[name]
                _memory.check(name, num, self._shapes_made(verb))
            elif spec.is_batched:
                num = num_of(values[name]) if num is None else num
                _check_num(name, values[name], num)
        return values

    def _shapes_made(self, verb):
        """Shapes of the arrays that there are of each example that is made."""
        via = self.verbs.get(verb.through, [None])[0]
        drawn = [spec for spec in via.taken.values() if spec.meaning == "latents"] if via else []
        return [spec.shape[1:] for spec in (*drawn, verb.output)]

    def _with_latents(self, verb, values):
        """The verb that another one is with latents, and what it takes."""
        via = self.verbs[verb.through][0]
        by_meaning = {spec.meaning: values[name] for name, spec in verb.taken.items()}
        drawn = {name: by_meaning[name] for name in DRAWN if name in by_meaning}
        num = drawn.pop("count")
        taken = {
            name: latents.draw(num, spec.shape[1], **drawn).numpy()
            if spec.meaning == "latents"
            else values[name]
            for name, spec in via.taken.items()
        }
        return via, taken

    def doc(self, name):
        """Return the docstring of a verb's method."""
        verb = self.verbs[name][0]
        summary = verb.summary or f"Return what {self.owner} makes by `{name}`."
        lines = [summary, "", "Args:"] if verb.signature().parameters else [summary]
        for argument, spec in verb.inputs.items():
            lines.append(f"    {argument}: {spec or 'Must be `None`: the model takes none.'}")
        for argument, default in verb.fixed.items():
            choices = ", ".join(f'`"{v.fixed[argument]}"`' for v in self.verbs[name])
            lines.append(f'    {argument}: One of {choices}. Defaults to `"{default}"`.')
        lines += ["", "Returns:", f"    {verb.output}", "", "Raises:"]
        return "\n".join([*lines, "    ValueError, TypeError: If an argument is not as above.", ""])


def check(verbs):
    """Refuse verbs that do not fit each other: by their arguments, or by what they go through."""
    named: dict[str, Any] = {}
    for verb in verbs:
        first = named.setdefault(verb.name, verb)
        arguments = [(list(v.signature().parameters), v.fixed.keys()) for v in (first, verb)]
        if arguments[0] != arguments[1]:
            raise ValueError(f"`inputs` must be the same for all verbs {verb.name!r}.")
    for verb in verbs:
        if verb.through in named and not _can_go_through(verb, named[verb.through]):
            raise ValueError(
                f"`through` must name a verb of latents and of what {verb.name!r} takes beside a "
                "count, a seed and, if it has one, a truncation. Received: "
                f"through={verb.through!r}"
            )


def _can_go_through(verb, via):
    """Whether nothing is missing, and nothing lost, on the way through another verb."""
    meanings = {spec.meaning for spec in verb.taken.values()}
    given = {name for name, spec in verb.taken.items() if spec.meaning not in DRAWN}
    needed = {name for name, spec in via.taken.items() if spec.meaning != "latents"}
    return {"count", "seed"} <= meanings and given == needed and via.through is None


def _in_batches(verb, values, batch_size):
    """Call a verb on checked values, with at most `batch_size` examples at once."""
    specs = verb.taken
    batched = {name for name in values if specs[name].is_batched}
    if not (batched and verb.output.is_batched):
        return as_numpy(_called(verb, values))
    examples = {name: values[name] for name in batched}
    return in_batches(lambda own: _called(verb, {**values, **own}), examples, batch_size)


def _called(verb, values):
    return verb.function(*(spec.as_tensor(values[n]) for n, spec in verb.taken.items()))


def _check_num(name, value, num):
    if num_of(value) != num:
        raise ValueError(
            f"`{name}` must hold {num} examples, as what was given before. "
            f"Received: {num_of(value)}"
        )


def in_batches(function, inputs, batch_size):
    """Call a function on some examples at a time, and join what it gives.

    Args:
        function: Function of a part of the inputs, to one tensor or array with an axis of examples.
        inputs: Nest of arrays `(num, …)`.
        batch_size: Positive integer, examples of one call.
    """
    batch_size = _checks.positive_int("batch_size", batch_size)
    outputs = []
    for i in range(0, num_of(inputs), batch_size):
        part = tf.nest.map_structure(lambda x, i=i: x[i : i + batch_size], inputs)
        outputs.append(as_numpy(function(part)))
    return np.concatenate(outputs)


def num_of(value):
    """How many examples an argument is for, be it of several parts."""
    return len(tf.nest.flatten(value)[0])


def as_numpy(outputs):
    """Return an array, with Python strings for bytes."""
    array = np.asarray(outputs.numpy() if tf.is_tensor(outputs) else outputs)
    is_text = array.dtype.kind in "OS"
    return np.char.decode(array.astype(bytes), "utf-8") if is_text else array


def parts(data):
    """Yield as many examples of an array at a time as go through the networks at once."""
    for i in range(0, len(data), BATCH_SIZE):
        yield data[i : i + BATCH_SIZE]
