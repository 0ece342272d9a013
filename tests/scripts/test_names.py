"""scripts/ is first on the path of every script: a script that bears a package's name would hide it."""

import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SCRIPTS = sorted((PROJECT / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_bears_a_packages_name(script):
    ours = {path.name for path in PROJECT.iterdir() if (path / "__init__.py").is_file()}
    assert script.stem not in {*packages_distributions(), *sys.stdlib_module_names, *ours}


def test_there_are_scripts():
    assert SCRIPTS
