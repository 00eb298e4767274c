"""A browser and a served office. Where Debian's Chromium is missing these tests skip and say so; in CI they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser_of import CHROMIUM, Browser
from tests.office_of import Made, Office, make_office
from tests.server_of import serving


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_office(tmp_path_factory.mktemp("shown"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None and os.environ.get("CI"):
        pytest.fail("chromium is missing in CI: ops/setup/chromium.sh should have installed it")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed; on Debian: apt-get install chromium")
    opened = Browser()
    yield opened
    opened.close()


@pytest.fixture
def local(browser: Browser, made: Made, tmp_path: Path) -> Iterator[tuple[Browser, str, Office]]:
    """(browser, address, office) on one's own machine, where nobody signs in."""
    yield from _served(browser, made, tmp_path, "operator")


@pytest.fixture
def remote(browser: Browser, made: Made, tmp_path: Path) -> Iterator[tuple[Browser, str, Office]]:
    """The same beyond loopback, where pages need a session."""
    yield from _served(browser, made, tmp_path, None)


def _served(browser: Browser, made: Made, folder: Path, operator: str | None) -> Iterator[tuple[Browser, str, Office]]:
    office = Office(made, folder, operator)
    browser.width(1280)
    browser.call("Network.clearBrowserCookies")
    try:
        with serving(office.app) as address:
            yield browser, address, office
            browser.open("about:blank")  # so that no connection is kept open into the next test
    finally:
        office.close()
