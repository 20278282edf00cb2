"""Drives a report in headless Chromium: report_page.py INDEX.HTML; TAP lines without the plan."""
import sys

sys.path.insert(0, "tests/browser")
import cdp

page = sys.argv[1]
SETTLE = "new Promise(r => setTimeout(r, 300))"
n = 0


def check(name, ok, why=""):
    global n
    n += 1
    print(("ok" if ok else "not ok") + " - " + name)
    if not ok:
        print("# " + str(why).replace("\n", "\n# "))


def column(b, i):
    return b.js("[...document.querySelector('table.results').tBodies[0].rows].map(r => r.cells[%d]).map(c => c.dataset.v === undefined ? c.textContent : Number(c.dataset.v))" % i)


for width in (1400, 400):
    b = cdp.Browser(width, 900)
    b.open(page)
    rows = b.js("document.querySelectorAll('table.results tbody tr').length")
    check("%d px: opens with rows and pictures" % width, rows > 5 and b.js("document.querySelectorAll('.plot svg').length") > 1, rows)
    check("%d px: nothing but tables and pictures is wider than the screen" % width, b.js("document.documentElement.scrollWidth") <= width,
          b.js("document.documentElement.scrollWidth"))

    # Sorting: by the median, up and down, rows without a figure last; by text.
    head = "document.querySelector('table.results th:nth-child(%d) button').click()"
    b.js(head % 7)
    up = [v for v in column(b, 6) if v != ""]
    blank = column(b, 6)[len(up):]
    check("%d px: sorts numbers upwards" % width, up == sorted(up) and len(set(up)) > 2 and all(v == "" for v in blank), up)
    b.js(head % 7)
    down = [v for v in column(b, 6) if v != ""]
    check("%d px: and downwards" % width, down == up[::-1] and column(b, 6)[len(down):] == blank, down)
    check("%d px: says how it is sorted" % width, b.js("document.querySelector('table.results th:nth-child(7)').getAttribute('aria-sort')") == "descending")
    b.js(head % 3)
    devices = column(b, 2)
    check("%d px: sorts text" % width, devices == sorted(devices) and len(set(devices)) > 1, devices)

    # Filter: words, then the status, then nothing.
    shown = "[...document.querySelectorAll('table.results tbody tr')].filter(r => !r.hidden).length"
    b.js("words.value = 'OpenCL f32'; words.dispatchEvent(new Event('input')); " + SETTLE)
    want = b.js("[...document.querySelectorAll('table.results tbody tr')].filter(r => /opencl/i.test(r.textContent) && /f32/.test(r.textContent)).length")
    check("%d px: filters by words" % width, b.js(shown) == want and 0 < want < rows, (b.js(shown), want))
    check("%d px: says how many rows are left" % width, b.js("shown.textContent") == "%d of %d rows" % (want, rows), b.js("shown.textContent"))
    b.js("words.value = ''; words.dispatchEvent(new Event('input')); document.getElementById('status').value = 'FAIL';"
         "document.getElementById('status').dispatchEvent(new Event('change')); " + SETTLE)
    want = b.js("[...document.querySelectorAll('table.results tbody tr')].filter(r => r.cells[0].textContent === 'FAIL').length")
    check("%d px: filters by status" % width, b.js(shown) == want and 0 < want < rows, (b.js(shown), want))
    b.js("document.getElementById('status').value = ''; document.getElementById('status').dispatchEvent(new Event('change')); " + SETTLE)
    check("%d px: and shows all rows again" % width, b.js(shown) == rows)

    # Colours: the system's choice, and the switch.
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('.plot svg [fill=black]')).fill"
    light = b.js(paper), b.js(ink)
    b.dark(True)
    dark = b.js(paper), b.js(ink)
    check("%d px: follows the system's dark mode, pictures too" % width, light[0] != dark[0] and light[1] != dark[1], (light, dark))
    b.js("theme.click()")
    check("%d px: the switch goes back to light" % width, (b.js(paper), b.js(ink)) == light)
    b.js("theme.click()")
    check("%d px: and to dark" % width, (b.js(paper), b.js(ink)) == dark)

    contrast = b.js("""(() => {
        const rgb = c => c.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
        const lum = c => { const [r, g, b] = rgb(c); return .2126 * r + .7152 * g + .0722 * b; };
        const ratio = (a, b) => { const [x, y] = [lum(a), lum(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
        const paper = getComputedStyle(document.body).backgroundColor;
        return Math.min(...[...document.querySelectorAll('.PASS, .FAIL, .SKIP, .count, td, a')].map(e => ratio(getComputedStyle(e).color, paper)));
    })()""")
    check("%d px: text has a contrast of 4.5 or more on dark" % width, contrast >= 4.5, contrast)

    b.js("document.querySelector('table.results td details').open = true")
    check("%d px: a row's command is shown" % width, "mlxbench run '" in b.js("document.querySelector('table.results td details[open] pre').innerText"))
    check("%d px: no complaint in the console" % width, not b.complaints(), b.complaints())
    other = [u for u in b.requests() if not u.startswith("file://") and not u.startswith("data:")]
    files = [u for u in b.requests() if u.startswith("file://")]
    check("%d px: nothing is loaded but the page" % width, not other and len(files) == 1, other + files)
    b.close()
