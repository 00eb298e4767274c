"""The pages as people see them: without scripts, wide and narrow, light and dark, by keyboard and on paper."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.browser_of import Browser
from tests.office_of import ASKED, Made, Office
from tests.sounds_of import RATE_HZ, sped, tune, written

Shown = tuple[Browser, str, Office]
CONTRAST_MIN = 4.5  # WCAG 2.2, 1.4.3, for text

# Contrast of every piece of text against what is really painted behind it (WCAG 2.2: relative luminance).
CONTRAST = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data; };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => { for (let at = element; at; at = at.parentElement) {
    const colour = rgba(getComputedStyle(at).backgroundColor); if (colour[3] === 255) return colour; }
    return rgba(matchMedia("(prefers-color-scheme: dark)").matches ? "black" : "white"); };
  const poor = [];
  for (const element of document.querySelectorAll("body *:not(svg *)")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.getClientRects().length) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < MINIMUM) poor.push(`${element.tagName} ${element.className}: ${ratio.toFixed(2)}`);
  }
  return poor;
})()
"""


def ask(browser: Browser, address: str, file: Path, **asked: str) -> str:
    """Fills in the form on the first page and sends it; the verdict's word."""
    browser.open(address + "/")
    browser.choose_file("#file", file)
    for name, value in (ASKED | asked).items():
        browser.fill(f"#{name}", value)
    browser.click("button.main")
    return browser.text(".verdict .word")


def test_a_person_gets_all_four_verdicts(local: Shown, made: Made) -> None:
    browser, address, _ = local
    assert ask(browser, address, made.file("signed")) == "Allow"
    assert "exactly the bytes" in browser.text()
    assert ask(browser, address, made.file("signed"), territory="US") == "Deny"
    assert "territory_out_of_scope" in browser.text(".reasons")
    assert ask(browser, address, made.file("copy")) == "Review"
    assert ask(browser, address, made.file("stranger")) == "Unknown"
    assert "not permission" in browser.text(".verdict")
    assert browser.complaints() == []


def test_a_verdict_leads_to_the_entry_behind_it_and_to_the_known_file(local: Shown, made: Made) -> None:
    browser, address, _ = local
    ask(browser, address, made.file("signed"), territory="US")
    browser.click(".reasons a")
    assert "Proof that it is in the log" in browser.text()
    ask(browser, address, made.file("copy"))
    browser.click('.facts a[href^="/assets/"]')
    assert "Rights at this time" in browser.text()
    assert browser.complaints() == []


def test_a_files_page_is_moved_through_time(local: Shown, made: Made) -> None:
    browser, address, _ = local
    browser.open(f"{address}/assets/{made.signed}")
    assert "given" in browser.text("table") and "not in force" not in browser.text()
    browser.fill("#at", (made.story.ends_at + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S"))
    browser.click("form.inline button")
    assert "expired" in browser.text("table") and "not in force" in browser.text()


def test_files_are_searched_by_words_and_by_example(local: Shown, made: Made) -> None:
    browser, address, _ = local
    browser.open(address + "/search")
    browser.fill("#text", "clip.mp4")
    browser.click("form button.main")
    assert "clip.mp4" in browser.text(".results") and "advertising through social in DE" in browser.text(".results")
    assert "1 file" in browser.text(".alert") and "clearance_missing" in browser.text(".alert")
    still = "document.querySelector('.results img')"
    browser.run(f"{still}.loading = 'eager'")
    assert browser.run(f"{still}.decode().then(() => {still}.naturalWidth)") == 400
    browser.choose_file("#file", made.file("copy"))
    browser.run("document.querySelector('#example-rights').value = 'all'")
    browser.click('form[enctype="multipart/form-data"] button')
    shown = browser.text(".results")
    assert "copy by picture" in shown.lower() and "are the same seconds of it" in shown
    assert "allow" in shown and "review" in shown
    browser.click(".results h3 a")
    assert "Rights at this time" in browser.text()
    assert browser.complaints() == []


@pytest.mark.usefixtures("chromaprint")
def test_a_song_is_searched_by_example_and_its_work_says_who_used_it(local: Shown, tmp_path: Path) -> None:
    browser, address, office = local
    song = tune(21, 14)
    theirs = written(tmp_path / "song.mp3", song, "libmp3lame", 96_000).read_bytes()
    answer = office.post("/v1/references?basis=catalogue&title=Harbour%20Song", "ivy", content=theirs)
    assert answer.status_code == 201, answer.text
    with_it = written(tmp_path / "ours.opus", sped(song, 1.03), "libopus", 16_000)
    asset = office.post("/v1/assets?title=ours.opus", "mara", content=with_it.read_bytes()).json()["asset_sha256"]
    browser.open(address + "/search")
    browser.choose_file("#file", written(tmp_path / "cut.wav", song[3 * RATE_HZ :]))
    browser.run("document.querySelector('#example-rights').value = 'all'")
    browser.click('form[enctype="multipart/form-data"] button')
    shown = browser.text(".results").lower()
    assert "copy by sound" in shown and "ours.opus" in shown
    browser.open(f"{address}/assets/{asset}")
    assert "sound" in browser.text("#matches + .scroll") and "A sound, looked for among" in browser.text()
    browser.open(f"{address}/references/{answer.json()['reference']}")
    told = browser.text()
    assert "Who used Harbour Song?" in told and "Compared by" in told and "s of the reference" in told
    assert browser.complaints() == []


def test_signing_in_and_out(remote: Shown, made: Made) -> None:
    browser, address, office = remote
    browser.open(f"{address}/assets/{made.signed}")
    assert "Sign in" in browser.text("h1")
    browser.fill("#token", "cs_wrong")
    browser.click("main button.main")
    assert "not known here" in browser.text()
    browser.fill("#token", office.tokens["lena"])
    browser.click("main button.main")
    assert "clip.mp4" in browser.text("h1") and "lena" in browser.text(".who")
    assert browser.run("document.cookie") == ""  # HttpOnly: no script could read it
    browser.click(".who button")
    browser.open(f"{address}/log/3")
    assert "Sign in" in browser.text("h1")


def test_the_policy_stops_every_script(local: Shown) -> None:
    browser, address, _ = local
    browser.open(address + "/")
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    browser.run("const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)")
    assert browser.run("window.ran ?? 0") == 0


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_every_page_fits_and_can_be_read(local: Shown, made: Made, width: int, dark: bool) -> None:
    browser, address, _ = local
    browser.width(width, dark=dark)
    pages = [
        "/",
        "/search?text=clip&rights=all",
        "/log",
        "/log/5",
        f"/assets/{made.signed}",
        f"/assets/{made.asset}",
        "/assets/" + "0" * 64,
    ]
    for path in pages:
        browser.open(address + path)
        assert browser.overflow() == 0, path
        assert browser.run(CONTRAST.replace("MINIMUM", str(CONTRAST_MIN))) == [], path
    for name, territory in (("signed", "DE"), ("copy", "US")):
        ask(browser, address, made.file(name), territory=territory)
        assert browser.overflow() == 0
        assert browser.run(CONTRAST.replace("MINIMUM", str(CONTRAST_MIN))) == []


def test_every_page_prints_without_its_controls(local: Shown, made: Made) -> None:
    browser, address, _ = local
    browser.open(f"{address}/assets/{made.signed}")
    browser.width(1280, media="print")
    hidden = "[...document.querySelectorAll('nav, form, .actions')].every(e => !e.getClientRects().length)"
    assert browser.run(hidden) is True
    assert "Trail" in browser.text()


def test_the_verdict_is_told_by_word_and_sign_not_by_colour_alone(local: Shown, made: Made) -> None:
    browser, address, _ = local
    signs = set()
    for territory in ("DE", "US"):
        ask(browser, address, made.file("signed"), territory=territory)
        signs.add(browser.run("document.querySelector('.verdict svg').innerHTML"))
    assert len(signs) == 2


def test_the_keyboard_reaches_everything_in_order(local: Shown) -> None:
    browser, address, _ = local
    browser.open(address + "/")
    reached = []
    for _ in range(12):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.append(browser.run("document.activeElement.id || document.activeElement.textContent.trim()"))
    wanted = [
        "Skip to the content",
        "Countersign",
        "Verify",
        "Search",
        "Log",
        "Drift",
        "Disputes",
        "file",
        "use",
        "channel",
        "territory",
        "Verify",
    ]
    assert reached == wanted
