"""Which Chromium is taken, in which order, and with what it is started."""

import json
import os
from pathlib import Path

import playwright
import pytest

from horses_scrapy.errors import MissingBrowser
from horses_scrapy.sources.rendered_browser import Browser, find_browser, launch_options


def program(folder, name):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def bare(tmp_path):
    """An environment without any Chromium."""
    (tmp_path / "bin").mkdir()
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}


def test_a_named_one_comes_first_then_the_option_then_path(tmp_path, bare):
    by_path = program(tmp_path / "bin", "google-chrome")
    assert find_browser({}, bare) == Browser(by_path)
    assert find_browser({}, {**bare, "PLAYWRIGHT_CHROMIUM": ""}) == Browser(by_path)
    earlier = program(tmp_path / "bin", "chromium")
    assert find_browser({}, bare) == Browser(earlier)
    option = {"browser": program(tmp_path / "opt", "chromium-beta")}
    assert find_browser(option, bare) == Browser(option["browser"])
    named = program(tmp_path / "own", "mine")
    assert find_browser(option, {**bare, "PLAYWRIGHT_CHROMIUM": named}) == Browser(named)
    assert find_browser({"browser": "google-chrome"}, bare) == Browser(by_path)


@pytest.mark.parametrize("where", ["PLAYWRIGHT_CHROMIUM", "options.browser"])
def test_a_named_one_that_is_not_there_is_not_replaced_by_another(tmp_path, bare, where):
    program(tmp_path / "bin", "chromium")
    option = {"browser": "/nowhere"} if where == "options.browser" else {}
    environ = bare if option else {**bare, where: "/nowhere"}
    with pytest.raises(MissingBrowser, match=f"{where} names /nowhere, which is no program; install"):
        find_browser(option, environ)


def test_none_at_all_says_what_to_install(bare):
    with pytest.raises(MissingBrowser, match="none of chromium, chromium-browser, google-chrome is on PATH; install"):
        find_browser({}, bare)


@pytest.mark.parametrize("moved", [True, False])
def test_playwrights_own_download_is_taken_last_and_only_when_whole_and_of_its_revision(tmp_path, bare, moved):
    listed = json.loads((Path(playwright.__file__).parent / "driver/package/browsers.json").read_text())["browsers"]
    revision = next(one["revision"] for one in listed if one["name"] == "chromium-headless-shell")
    environ = {**bare, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    folder = tmp_path / "cache/ms-playwright"
    if moved:
        environ = {**bare, "PLAYWRIGHT_BROWSERS_PATH": str(folder)}
    for name in ("chromium_headless_shell-1", f"chromium_headless_shell-{revision}"):
        (folder / name).mkdir(parents=True)
    (folder / "chromium_headless_shell-1/INSTALLATION_COMPLETE").touch()
    with pytest.raises(MissingBrowser):
        find_browser({}, environ)
    (folder / f"chromium_headless_shell-{revision}/INSTALLATION_COMPLETE").touch()
    assert find_browser({}, environ) == Browser(None)
    assert "executable_path" not in launch_options(Browser(None), "https://board.test", "us")


@pytest.mark.parametrize(("user", "sandboxed"), [(0, False), (1000, True)])
def test_only_root_goes_without_a_sandbox(monkeypatch, user, sandboxed):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    options = launch_options(Browser("/usr/bin/chromium"), "https://board.test:8443", "horses_scrapy/0.1 (+me)")
    assert options["chromium_sandbox"] is sandboxed
    assert options["headless"] is True
    assert "--user-agent=horses_scrapy/0.1 (+me)" in options["args"]
    assert "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE board.test" in options["args"]
