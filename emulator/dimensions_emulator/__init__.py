"""Emulator of the Dimensions Customer Users API."""

__version__ = "0.1.0"
NAME = f"dimensions-emulator/{__version__}"
