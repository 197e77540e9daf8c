"""Callbacks: watch a model while it trains, and keep what it has reached."""

from keras_gans.callbacks.checkpoint import Checkpoint
from keras_gans.callbacks.pictures import LatentInterpolation, SampleGrid
from keras_gans.callbacks.report import Report
from keras_gans.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = ["Checkpoint", "LatentInterpolation", "Report", "SampleGrid", "TerminateOnNaN"]
