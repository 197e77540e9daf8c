"""What is compared with what, a module a subject; `benchmarks/guards/speed.py` measures it."""
