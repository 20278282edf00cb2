/* The report's script: sorting, filtering, the switch of colours.  The page is complete without it. */
(function () {
    'use strict';
    var root = document.documentElement, dark = matchMedia('(prefers-color-scheme: dark)');
    root.classList.add('scripted');

    /* ---- colours ---- */
    var button = document.getElementById('theme');
    function isDark() { return root.dataset.theme ? root.dataset.theme === 'dark' : dark.matches; }
    function show() { button.textContent = isDark() ? 'Light' : 'Dark'; }
    function recall() { try { return localStorage.getItem('mlxbench-theme'); } catch (e) { return null; } }
    function keep(theme) { try { localStorage.setItem('mlxbench-theme', theme); } catch (e) { /* a page from disk may have no storage */ } }
    if (recall()) root.dataset.theme = recall();
    button.addEventListener('click', function () {
        root.dataset.theme = isDark() ? 'light' : 'dark';
        keep(root.dataset.theme);
        show();
    });
    dark.addEventListener('change', show);
    show();

    /* ---- sorting: rows without a figure stay at the end ---- */
    function keyOf(row, column) {
        var cell = row.cells[column], v = cell.dataset.v;
        return v !== undefined ? Number(v) : cell.textContent;
    }
    function sort(table, th, column) {
        var up = th.getAttribute('aria-sort') !== 'ascending', body = table.tBodies[0];
        var rows = Array.from(body.rows).map(function (row) { return { row: row, key: keyOf(row, column) }; });
        rows.sort(function (a, b) {
            if (a.key === '' || b.key === '') return (a.key === '') - (b.key === '');
            var order = typeof a.key === 'number' && typeof b.key === 'number' ? a.key - b.key
                                                                              : String(a.key).localeCompare(String(b.key), 'en', { numeric: true });
            return up ? order : -order;
        });
        table.querySelectorAll('th').forEach(function (other) { other.removeAttribute('aria-sort'); });
        th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        rows.forEach(function (r) { body.appendChild(r.row); });
    }
    document.querySelectorAll('table.results').forEach(function (table) {
        Array.from(table.tHead.rows[0].cells).forEach(function (th, column) {
            if (!th.textContent) return;
            var b = document.createElement('button');
            b.type = 'button';
            b.textContent = th.textContent;
            th.textContent = '';
            th.dataset.sort = '';
            th.appendChild(b);
            th.addEventListener('click', function () { sort(table, th, column); });
        });
    });

    /* ---- filter: every word must be in the row ---- */
    var words = document.getElementById('words'), status = document.getElementById('status'), shown = document.getElementById('shown');
    var rows = null, timer = 0;
    function collect() {
        rows = Array.from(document.querySelectorAll('table.results tbody tr')).map(function (row) {
            return { row: row, text: row.textContent.toLowerCase(), status: row.cells[0].textContent, op: row.closest('details.op') };
        });
    }
    function filter() {
        if (!rows) collect();
        var wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean), st = status.value, n = 0, hits = new Map();
        rows.forEach(function (r) {
            var ok = (!st || (st === '!' ? r.status !== 'PASS' : r.status === st)) &&
                     wanted.every(function (w) { return r.text.indexOf(w) >= 0; });
            r.row.hidden = !ok;
            n += ok;
            if (ok) hits.set(r.op, true);
        });
        shown.textContent = wanted.length || st ? n + ' of ' + rows.length + ' rows' : '';
        if (wanted.length || st) document.querySelectorAll('details.op').forEach(function (op) { op.open = hits.has(op); });
    }
    function soon() { clearTimeout(timer); timer = setTimeout(filter, 120); }
    words.addEventListener('input', soon);
    status.addEventListener('change', filter);
    document.getElementById('filter').addEventListener('submit', function (e) { e.preventDefault(); filter(); });

    /* ---- links into closed parts, and paper ---- */
    function reveal() {
        var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
        if (target && target.tagName === 'DETAILS') target.open = true;
    }
    addEventListener('hashchange', reveal);
    addEventListener('beforeprint', function () { document.querySelectorAll('details.op, details.reasons').forEach(function (d) { d.open = true; }); });
    reveal();
}());
