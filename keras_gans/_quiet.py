"""TensorFlow's C++ start-up messages about the machine, which no Python log level silences."""

import contextlib
import os
import re
import sys
import tempfile

_INFORMATION = re.compile(
    rb"^(I\d{4} |WARNING: All log messages before absl|To enable the following instructions)"
)


@contextlib.contextmanager
def tensorflow_start():
    """Drop informational messages that C++ code writes to stderr; pass on all others."""
    if "tensorflow" in sys.modules:
        yield
        return
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            written.seek(0)
            for line in written:
                if not _INFORMATION.match(line):
                    os.write(2, line)
