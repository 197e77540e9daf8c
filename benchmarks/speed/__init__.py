"""What is compared with what, a module a subject; `benchmarks/guards/speed.py` measures it."""

from benchmarks.speed import distances, pictures, serving, start, wgan_gp

ROWS = wgan_gp.ROWS | distances.ROWS | serving.ROWS | pictures.ROWS | start.ROWS
