"""A headless Chromium that watches what a page does."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

# It asks its maker's hosts at every start otherwise.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = (1280, 900), (390, 800)


@dataclass
class WatchedPage:
    """A page, what it wrote to the console, and what it asked for beside itself."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def overflows(self) -> bool:
        """Returns whether the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def find_chromium() -> str:
    """Returns the path of a Chromium; skips the test where there is none."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine; install one, or name it with CHROMIUM=/path/to/chromium")
    return path


@contextmanager
def open_page(path: Path, size: tuple[int, int] = WIDE) -> Iterator[WatchedPage]:
    """Opens an HTML file in a window of this width and height."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(QUIET))
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        watched = WatchedPage(page)
        page.on("console", lambda message: watched.console.append(message.text))
        page.on("pageerror", lambda error: watched.console.append(str(error)))
        page.on("request", lambda request: watched.requests.append(request.url))
        page.goto(path.absolute().as_uri())
        # The page itself, and what it carries, are no requests to anywhere.
        watched.requests = [url for url in watched.requests if not url.startswith(("file:", "data:"))]
        yield watched
        browser.close()
