"""`scrapy shell` calls the same parse functions, and leaves nothing behind."""

import subprocess
import sys

from crawling import ROOT

CODE = "__import__('horses_scrapy.sources.demo', fromlist=['x']).parse_card(response, spider.visit(response)).__next__().race_number"


def test_a_shell_parses_a_page_and_opens_no_run(tote, installation):
    zone = tote.ledger.plan.timezone
    environment = installation.environment()
    tracks = installation.home / "config/tracks.yaml"
    tracks.write_text(tracks.read_text("utf-8").replace("America/New_York", zone), "utf-8")
    command = [sys.executable, "-m", "scrapy", "shell", "--spider", "track_demo", "-c", CODE, f"{tote.server.url}/"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "1"), done.stderr
    assert not (installation.home / "data").exists()
