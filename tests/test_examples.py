"""Examples run from start to end, cut to a few steps."""

import os
import subprocess
import sys

from PIL import Image


def run_example(repository, folder, name, **constants):
    """Run an example in `folder` with some of its constants replaced."""
    lines = (repository / "examples" / name).read_text().splitlines()
    for constant, value in constants.items():
        places = [i for i, line in enumerate(lines) if line.startswith(f"{constant} = ")]
        assert len(places) == 1, f"{name} should set {constant} in one place"
        lines[places[0]] = f"{constant} = {value!r}"
    script = folder / name
    script.write_text("\n".join(lines))
    path = os.pathsep.join([str(repository), *sys.path])
    return subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout


def test_wgan_gp(repository, tmp_path):
    out = run_example(repository, tmp_path, "wgan_gp.py", FILTERS=4, ROUNDS=2, STEPS_PER_ROUND=10)
    folder = tmp_path / "output" / "wgan_gp_digits"
    assert "load" in out
    assert Image.open(folder / "grid.png").size == (10 * (32 + 2) + 2,) * 2
    assert (folder / "samples" / "animation.gif").exists()
    assert (folder / "model.keras").exists()
    assert (folder / "saved_model" / "saved_model.pb").exists()
