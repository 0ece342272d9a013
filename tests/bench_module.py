"""Modules of scripts/benchmarks, which is on the tests' path (pyproject.toml)."""

from importlib import import_module
from types import ModuleType


def module(name: str) -> ModuleType:
    return import_module(f"benchmarks.{name}")
