"""What is found out while a dataset is read, in words."""

import contextlib
import re

import tensorflow as tf

#: What is wrong stands between these, in the error of a tf.data pipeline.
BEGIN, END = "<<", ">>"


def asserted(condition, problem):
    """Return an operation that stops a tf.data pipeline and says why, unless a condition holds."""
    return tf.debugging.Assert(condition, [f"{BEGIN}{problem}{END}"])


#: What Python code of a pipeline, such as that of a generator, raised about an argument.
RAISED = re.compile(r"(ValueError|TypeError): ((?:`[^`]+`|Labels) must [^\n]*)")


@contextlib.contextmanager
def readable_errors():
    """Raise what the checks inside a tf.data pipeline find as they raise it outside."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        asserted_in_graph = re.search(f"{BEGIN}(.*?){END}", str(error), re.DOTALL)
        raised = RAISED.search(str(error))
        if asserted_in_graph:
            raise ValueError(asserted_in_graph[1].replace("\\'", "'")) from None
        if raised:
            kind = {"ValueError": ValueError, "TypeError": TypeError}[raised[1]]
            raise kind(raised[2]) from None
        raise
