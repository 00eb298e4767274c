"""`make docs`: the README's picture, taken in Chromium from a page that a running server gave for the demo's home."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from api.app import create_app
from ledger.errors import Unavailable
from ops.demo.story import CHANNEL, TERRITORY, USE
from ops.settings import read_settings
from ops.wiring import services_of

HOME, TARGET = Path("demo-home"), Path("docs/verdict.png")
WINDOW = "1180,1240"  # CSS pixels: a verdict with its reasons, above the fold
START_SECONDS_MAX = 20


def main() -> None:
    """Raises Unavailable `chromium_missing`, NotFound `home_missing` (run `make demo` first)."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise Unavailable("chromium_missing", "the picture is taken with Chromium", "apt-get install chromium")
    TARGET.parent.mkdir(exist_ok=True)
    with _serving() as address, tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        page = Path(folder) / "verdict.html"
        page.write_text(_verdict(address), encoding="utf-8")
        _photograph(chromium, page, Path(folder) / "profile")


def _verdict(address: str) -> str:
    """The page that a person sees after choosing the demo's signed clip, with its style sheet inside.

    The server forbids other origins to load its parts, and a saved page is another origin.
    """
    clip = HOME / "signed.mp4"
    form = {"use": USE, "channel": CHANNEL, "territory": TERRITORY}
    with clip.open("rb") as file:
        answer = httpx.post(
            f"{address}/verify", data=form, files={"file": (clip.name, file)}, headers={"Origin": address}, timeout=60
        )
    answer.raise_for_status()
    return re.sub(r'<link rel="stylesheet" href="([^"]+)">', lambda link: _style(address + link[1]), answer.text)


def _style(address: str) -> str:
    return f"<style>{httpx.get(address).raise_for_status().text}</style>"


def _photograph(chromium: str, page: Path, profile: Path) -> None:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-sync", "--no-first-run", "--hide-scrollbars"]
    quiet = ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}"]
    picture = [f"--window-size={WINDOW}", f"--screenshot={TARGET.resolve()}", page.as_uri()]
    subprocess.run([chromium, *flags, *quiet, *picture], check=True, capture_output=True, timeout=60)


@contextmanager
def _serving() -> Iterator[str]:
    """The real application on a free loopback port."""
    with services_of(HOME) as services, socket.socket() as listener:
        services.views.catch_up()
        listener.bind(("127.0.0.1", 0))
        app = create_app(services, local_operator=read_settings(HOME).operator)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        deadline = time.monotonic() + START_SECONDS_MAX
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    main()
