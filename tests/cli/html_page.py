#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""html_page.py FOLDER: the page of `inbye batch --html` in a real Chromium.

Pages are written by $INBYE; the one of 20 000 jobs has the rows of a real one, multiplied. Each function that begins
with `page` or `browser` is a test, named by the sentence that must hold.
"""
import json
import os
import subprocess
import sys
import zlib

from browser import Browser

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = sys.argv[1]
INBYE = os.environ["INBYE"]
DATA = 'id="data">'
N_MANY = 20000
# Beside eight others on a slow machine; alone it is less than a second.
SECONDS_MANY = 20

HOSTILE = '</script><script>window.bad = 1</script><!-- <img src=x onerror="window.bad = 2"> \u2028 \u0001 "\\ &amp; \u20ac'
SCRIPT = """
case $1 in
*7) printf '%s\\n' "$2"; printf 'why: %s\\n' "$2" >&2; exit 3 ;;
*4) kill -SEGV $$ ;;
*) echo "fine $1" ;;
esac"""


def equal(got, wanted):
    assert got == wanted, "%r where %r was expected" % (got, wanted)


# Pages


def batch(name, *arguments, stdin=None):
    path = os.path.join(FOLDER, name)
    subprocess.run([INBYE, "batch", "-q", "--html", path, *arguments], input=stdin, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return path


def ten():
    lines = [json.dumps({"id": "job-%d%s" % (i, "</script>" if i == 7 else ""),
                         "argv": ["sh", "-c", SCRIPT, "sh", str(i), HOSTILE]}) for i in range(1, 10)]
    lines.append(json.dumps(["/does/not/exist", HOSTILE]))
    return batch("ten.html", "-j3", stdin="\n".join(lines).encode())


def many(source):
    """The page of the ten with its rows again and again, one behind the other in their slots."""
    with open(source, encoding="utf-8") as file:
        text = file.read()
    start = text.index(DATA) + len(DATA)
    end = text.index("</script>", start)
    data = json.loads(text[start:end])
    rows, span = data["jobs"], int(data["summary"]["duration"] * 1e6) + 1000
    data["jobs"] = [[i + 1] + rows[i % 10][1:8] + [rows[i % 10][8] + i // 10 * span] + rows[i % 10][9:]
                    for i in range(N_MANY)]
    data["summary"]["duration"] = N_MANY / 10 * span / 1e6
    counts = data["summary"]["by_status"]
    data["summary"]["by_status"] = {name: n * N_MANY // 10 for name, n in counts.items()}
    path = os.path.join(FOLDER, "many.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text[:start] + json.dumps(data).replace("<", "\\u003c") + text[end:])
    return path


# What a screenshot holds


def pixels(png):
    """Rows of a PNG of 8 bits per channel without interlace, as Chromium writes them."""
    at, packed = 8, b""
    while at < len(png):
        n, kind = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
        if kind == b"IHDR":
            width, height, depth, colour = (int.from_bytes(png[at + 8 + a:at + 8 + b], "big")
                                            for a, b in ((0, 4), (4, 8), (8, 9), (9, 10)))
        elif kind == b"IDAT":
            packed += png[at + 8:at + 8 + n]
        at += 12 + n
    assert depth == 8 and colour in (2, 6)
    size = 3 if colour == 2 else 4
    return unfilter(zlib.decompress(packed), width * size, height, size), size


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def unfilter(data, stride, height, size):
    rows, above = [], bytearray(stride)
    for y in range(height):
        kind, row = data[y * (stride + 1)], bytearray(data[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride if kind else 0):
            a, b, c = (row[i - size] if i >= size else 0), above[i], (above[i - size] if i >= size else 0)
            row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth(a, b, c) if kind == 4 else 0)[kind]) & 255
        rows.append(row)
        above = row
    return rows


def look_at(png):
    """(mean brightness 0 to 255, number of colours) of every fourth line."""
    rows, size = pixels(png)
    rows = rows[::4]
    total = sum(sum(row[0::size]) + sum(row[1::size]) + sum(row[2::size]) for row in rows)
    colours = {bytes(row[i:i + 3]) for row in rows for i in range(0, len(row), size)}
    return total / (3 * sum(len(row) // size for row in rows)), len(colours)


# What can be asked of a page

ROWS = "document.querySelectorAll('#rows tr[data-position]').length"
FOUND = "document.querySelector('#found').textContent"
CELL = "document.querySelector('#rows tr[data-position] .c-%s').textContent"
# Elements with text of their own, against the background that is behind them. Large or not: 4.5 to 1.
CONTRAST = """(() => {
const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const light = (c) => c.slice(0, 3).map((v) => v / 255)
        .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const behind = (e) => {
        for (; e; e = e.parentElement) {
                const c = rgb(getComputedStyle(e).backgroundColor);
                if (c.length === 3 || c[3] === 1) return c;
        }
        return [255, 255, 255];
};
const bad = [];
for (const e of document.querySelectorAll("body *")) {
        const hasText = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (!hasText || !e.checkVisibility() || e.closest(":disabled, script, style, noscript, .unseen, dialog:not([open])")) continue;
        const style = getComputedStyle(e), a = light(rgb(e instanceof SVGElement ? style.fill : style.color)), b = light(behind(e));
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) bad.push(`${e.tagName}.${e.className.baseVal ?? e.className} ${ratio.toFixed(2)} ${e.textContent.slice(0, 30)}`);
}
return bad;
})()"""
# Text that does not fit where nothing says that it was cut.
CUT = """[...document.querySelectorAll("button, dd, dt, h1, h2, th, .chip, .status span, figcaption, .tick")]
        .filter((e) => e.checkVisibility() && !e.closest("dialog:not([open])") && getComputedStyle(e).fontSize !== "0px")
        .filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1)
        .map((e) => e.tagName + " " + e.textContent)"""


def search(page, text):
    page.evaluate("document.querySelector('#query').value = ''; document.querySelector('#query').focus()")
    page.type(text)
    page.wait(FOUND + " !== ''")
    page.settle()


def quiet(page):
    equal(page.complaints(), [])


# Tests


def page_of_ten_jobs_opens_without_a_complaint(browser):
    page = browser.open(PAGES["ten"])
    equal(page.evaluate(ROWS), 10)
    equal(page.evaluate("document.title"), "inbye batch: 10 jobs, 3 not ok")
    equal(page.evaluate("document.documentElement.dataset.ready"), "yes")
    assert page.seconds < SECONDS_MANY
    quiet(page)


def page_shows_what_jobs_write_and_runs_none_of_it(browser):
    page = browser.open(PAGES["ten"])
    texts = page.evaluate("[...document.querySelectorAll('.failure[open] .stream pre')].map((e) => e.textContent)")
    assert HOSTILE + "\n" in texts and "why: " + HOSTILE + "\n" in texts, texts
    equal(page.evaluate("typeof window.bad"), "undefined")
    equal(page.evaluate("document.querySelectorAll('img, iframe, object, embed, link[rel=stylesheet]').length"), 0)
    assert "job-7</script>" in page.evaluate("document.querySelector('#failure-list').textContent")
    quiet(page)


def page_puts_failures_first_with_their_reasons(browser):
    page = browser.open(PAGES["ten"])
    marks = page.evaluate("[...document.querySelectorAll('.failure summary .status')].map((e) => e.textContent)")
    equal(marks, ["spawn error", "signal", "exit code"])
    assert "does/not/exist" in page.evaluate("document.querySelector('.failure .in').textContent")
    above = "document.querySelector('#failures').offsetTop < document.querySelector('#timeline').offsetTop"
    assert page.evaluate(above)


def page_finds_by_text(browser):
    page = browser.open(PAGES["ten"])
    search(page, "fine 5")
    equal(page.evaluate(FOUND), "1 of 10")
    equal(page.evaluate(ROWS), 1)
    equal(page.evaluate(CELL % "number"), "5")
    search(page, "there is no such text")
    equal(page.evaluate(ROWS), 0)
    page.evaluate("document.querySelector('#clear').click()")
    page.settle()
    equal(page.evaluate(ROWS), 10)
    quiet(page)


def page_finds_by_status(browser):
    page = browser.open(PAGES["ten"])
    page.evaluate("document.querySelector('.chip[data-status=signaled]').click()")
    page.settle()
    equal(page.evaluate(ROWS), 1)
    equal(page.evaluate(CELL % "exit"), "SIGSEGV")
    equal(page.evaluate("document.querySelector('.chip[data-status=signaled]').getAttribute('aria-pressed')"), "true")
    quiet(page)


def page_sorts_by_any_column(browser):
    page = browser.open(PAGES["ten"])
    for key, wanted in (("number", "10"), ("status", "1"), ("command", "10")):
        page.evaluate("document.querySelector('th button[data-key=%s]').click()" % key)
        page.settle()
        equal(page.evaluate(CELL % "number"), wanted)
        equal(page.evaluate("document.querySelectorAll('th[aria-sort=ascending], th[aria-sort=descending]').length"), 1)
    quiet(page)


def page_can_be_used_by_keys_alone(browser):
    page = browser.open(PAGES["ten"])
    page.evaluate("document.querySelector('#jobs').focus()")
    for key in ("ArrowDown", "ArrowDown", "End", "ArrowUp"):
        page.key(key)
    equal(page.evaluate("document.querySelector('#jobs').getAttribute('aria-activedescendant')"), "row-8")
    page.key("Enter")
    equal(page.evaluate("document.querySelector('#detail').open"), True)
    equal(page.evaluate("document.querySelector('#detail-title').textContent"), "job-9, job 9")
    page.key("Escape")
    equal(page.evaluate("document.querySelector('#detail').open"), False)
    page.evaluate("document.querySelector('#lanes').focus()")
    page.key("ArrowRight")
    page.key("ArrowRight")
    said = page.evaluate("document.querySelector('#timeline-said').textContent")
    assert ", slot 1: " in said, said
    page.key("+")
    equal(page.evaluate("document.querySelector('#zoom-all').disabled"), False)
    page.key("0")
    equal(page.evaluate("document.querySelector('#zoom-all').disabled"), True)
    page.evaluate("document.activeElement.blur()")
    page.key("/")
    equal(page.evaluate("document.activeElement.id"), "query")
    quiet(page)


def page_tells_of_the_job_below_the_mouse(browser):
    page = browser.open(PAGES["ten"])
    page.evaluate("document.querySelector('#timeline').scrollIntoView({ block: 'center' })")
    page.settle()
    box = page.evaluate("(() => { const b = lanes.getBoundingClientRect(); return [b.left, b.top, b.width]; })()")
    start, length, end = page.evaluate("""(() => { const d = JSON.parse(data.textContent);
        const row = d.jobs.find((r) => r[7] === 1);
        return [row[8], row[9], Math.max(d.summary.duration * 1e6, ...d.jobs.map((r) => r[8] + r[9]))]; })()""")
    page.mouse("mouseMoved", box[0] + 52 + (start + length / 2) / end * (box[2] - 52), box[1] + 34)
    page.wait("!document.querySelector('#tip').hidden")
    assert "slot 1" in page.evaluate("document.querySelector('#tip').textContent")
    quiet(page)


def page_has_a_name_for_whatever_can_be_used(browser):
    page = browser.open(PAGES["ten"])
    page.call("Accessibility.enable")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "searchbox", "textbox", "radio", "grid", "application", "image", "img", "search", "columnheader")
    seen = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]
    nameless = [role for role, name in seen if role in roles and not name.strip()]
    equal(nameless, [])
    assert {"grid", "application", "searchbox", "radio"} <= {role for role, _ in seen}, seen


def page_is_readable_in_light_and_in_dark(browser):
    shots = {}
    for dark in (False, True):
        page = browser.open(PAGES["ten"], dark=dark)
        equal(page.evaluate(CONTRAST), [])
        shots[dark] = look_at(page.screenshot())
        page.close()
    (light, n_light), (dark, n_dark) = shots[False], shots[True]
    assert light > 220 and dark < 60, shots
    assert n_light > 20 and n_dark > 20, "a page without pictures: %s" % shots


def page_keeps_the_colours_that_were_chosen(browser):
    page = browser.open(PAGES["ten"], dark=False)
    page.evaluate("document.querySelector('#theme input[value=dark]').click()")
    page.settle()
    equal(page.evaluate("getComputedStyle(document.documentElement).colorScheme"), "dark")
    assert look_at(page.screenshot())[0] < 60
    page.evaluate("document.querySelector('#theme input[value=auto]').click()")
    page.prefer(True)
    page.wait("document.documentElement.dataset.colours === 'dark'")
    page.prefer(False)
    page.wait("document.documentElement.dataset.colours === 'light'")
    quiet(page)


def page_fits_a_window_of_any_width(browser):
    for name, width in (("ten", 400), ("ten", 700), ("ten", 1280), ("many", 400)):
        page = browser.open(PAGES[name], width=width)
        equal(page.evaluate("document.documentElement.scrollWidth"), width)
        equal(page.evaluate(CUT), [])
        page.close()


def page_of_twenty_thousand_jobs_stays_quick(browser):
    page = browser.open(PAGES["many"])
    assert page.seconds < SECONDS_MANY, page.seconds
    n_rows = page.evaluate(ROWS)
    assert 10 < n_rows < 100, "%d rows are in the document" % n_rows
    took = page.evaluate("""(async () => { const start = performance.now();
        document.querySelector("th button[data-key=duration]").click();
        document.querySelector("#zoom-in").click();
        await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
        return performance.now() - start; })()""")
    assert took < 1000 * SECONDS_MANY, took
    page.evaluate("document.querySelector('th button[data-key=number]').click()")
    page.evaluate("document.querySelector('#scroller').scrollTop = 1e9")
    page.settle()
    equal(page.evaluate("[...document.querySelectorAll('#rows tr[data-position]')].pop().firstChild.textContent"),
          str(N_MANY))
    search(page, "job-5")
    equal(page.evaluate(FOUND).replace("\u202f", ""), "2000 of 20000")
    equal(page.evaluate("document.querySelectorAll('.failure').length"), 0)
    quiet(page)


def page_of_no_jobs_says_so(browser):
    page = browser.open(PAGES["none"])
    equal(page.evaluate("document.querySelector('#failure-list').textContent"), "No job ended.")
    quiet(page)


def page_prints_all_its_rows_on_white(browser):
    page = browser.open(PAGES["many"], dark=True)
    page.call("Emulation.setEmulatedMedia", media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    equal(page.evaluate(ROWS), 2000)
    assert "18\u202f000 more rows" in page.evaluate("document.querySelector('#rows').lastChild.textContent")
    equal(page.evaluate("getComputedStyle(document.querySelector('.filter')).display"), "none")
    equal(page.evaluate("document.documentElement.dataset.colours"), "light")
    page.call("Emulation.setEmulatedMedia", media="")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(ROWS) < 100
    quiet(page)
    ten_ = browser.open(PAGES["ten"])
    assert ten_.pdf().startswith(b"%PDF-")


def browser_would_tell_of_a_complaint(browser):
    """The tests above would see one."""
    path = os.path.join(FOLDER, "bad.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write("<!DOCTYPE html><script>nothing.here()</script><img src='http://127.0.0.1:9/x.png'>")
    complaints = " ".join(browser.open(path).complaints())
    assert "nothing is not defined" in complaints and "asked the network" in complaints, complaints


PAGES = {"ten": ten(), "none": batch("none.html", "--", "true", stdin=b"")}
PAGES["many"] = many(PAGES["ten"])


def main():
    tests = [f for name, f in list(globals().items()) if name.startswith(("page_", "browser_")) and callable(f)]
    with Browser(FOLDER) as browser:
        for test in tests:
            name = test.__name__.replace("_", " ")
            if len(sys.argv) > 2 and sys.argv[2] not in test.__name__:
                continue
            try:
                test(browser)
                print("ok %s" % name, flush=True)
            except (AssertionError, RuntimeError) as error:
                print("not ok %s\n    %s" % (name, error), flush=True)
    print("done")


main()
