"""How a page of a run looks, on a light screen, a dark one and on paper. Pure."""

from __future__ import annotations

# Every text has a contrast of 4.5 and more with what is behind it (WCAG 2.2, 1.4.3), every area of
# 3 and more (1.4.11); the order of the areas is told by the legend as well.
STYLE = """\
:root{color-scheme:light dark;--bg:#fff;--fg:#1f2328;--muted:#59636e;--line:#d1d9e0;--soft:#f6f8fa;
--good:#1a7f37;--guess:#9a6700;--bad:#cf222e;
--cpu:#0969da;--memory:#8250df;--gpu:#1a7f37;--disk:#bc4c00;--network:#bf3989;--other:#6e7781}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--muted:#9198a1;--line:#3d444d;
--soft:#151b23;--good:#3fb950;--guess:#d29922;--bad:#f85149;
--cpu:#4493f8;--memory:#ab7df8;--gpu:#3fb950;--disk:#db6d28;--network:#db61a2;--other:#8b949e}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 20px 40px;max-width:880px;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:22px;line-height:1.3;margin:0;overflow-wrap:anywhere}
h2{font-size:16px;margin:32px 0 8px}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
p{margin:4px 0}.sub{color:var(--muted)}.caption{color:var(--muted);font-size:13px;margin-top:12px}
.good{color:var(--good)}.bad{color:var(--bad)}.guess{color:var(--guess)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin:20px 0}
.card{border:1px solid var(--line);border-radius:8px;padding:12px 14px;background:var(--soft)}
.card b{display:block;font-size:22px;line-height:1.3;font-variant-numeric:tabular-nums}
.card span{display:block;color:var(--muted);font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:6px 10px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--muted);font-weight:600;white-space:nowrap}
tbody th{font-weight:400;color:var(--muted);white-space:nowrap}
th:first-child,td:first-child{padding-left:0}td:first-child{min-width:7em}
.n{text-align:right;white-space:nowrap}
td small{display:block;color:var(--muted);overflow-wrap:anywhere}
.wide{min-width:240px}
.facts th{width:120px;padding-left:0}
.facts td:nth-child(2):not(:last-child){white-space:nowrap;font-weight:600}
.facts td,.facts th{border-bottom:0;padding-top:3px;padding-bottom:3px}
.notes{padding-left:0;list-style:none}
.notes li{border-left:3px solid var(--line);padding:2px 0 2px 12px;margin:8px 0}
.notes li.warning{border-color:var(--guess)}.notes b{font-weight:600}
.chart{display:block;width:100%;min-width:560px;height:auto}
.chart text{font:12px system-ui,sans-serif;fill:var(--muted)}
.axis{stroke:var(--muted);fill:none}.line{stroke:var(--line);fill:none}
.area{stroke:var(--bg);stroke-width:.5}.grams{stroke:var(--fg);stroke-width:1.5;fill:none}
.k-cpu{fill:var(--cpu)}.k-memory{fill:var(--memory)}.k-gpu{fill:var(--gpu)}.k-disk{fill:var(--disk)}
.k-network{fill:var(--network)}.k-other{fill:var(--other)}
.phase{fill:var(--soft);stroke:var(--line)}.chart .phase+text{fill:var(--fg)}
.indent{padding-left:1.2em}
.hint{fill:transparent}.hint:hover{fill:var(--fg);fill-opacity:.08}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;color:var(--muted);font-size:13px;margin:4px 0}
.legend svg{width:11px;height:11px;margin-right:6px}
.range{width:130px;height:14px;display:block}.range path{stroke:var(--muted);stroke-width:2}
.range circle{fill:var(--cpu)}
details{margin:8px 0}summary{cursor:pointer;color:var(--muted);font-size:13px}
footer{margin-top:36px;padding-top:12px;border-top:1px solid var(--line);color:var(--muted);
font-size:13px}
@media print{body{max-width:none;padding:0}details{display:none}.card{background:none}}
"""
