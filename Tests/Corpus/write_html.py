"""Documents as HTML: bare for Chromium's printer and EPUB, or dressed as the page of a site."""

from html import escape

from blocks import hyphenated

TAGS = {"bold": "strong", "italic": "em"}


def spans(block, hyphenate):
    parts = []
    for span in block.spans:
        text = escape(hyphenated(span.text) if hyphenate else span.text)
        if span.style == "link":
            text = f'<a href="{escape(span.target)}">{text}</a>'
        elif span.style in TAGS:
            text = f"<{TAGS[span.style]}>{text}</{TAGS[span.style]}>"
        elif span.style == "note":
            continue
        parts.append(text)
    return "".join(parts)


def element(group, hyphenate=False):
    first = group[0]
    if first.kind == "item":
        name = "ol" if first.ordered else "ul"
        return f"<{name}>\n" + "\n".join(f"<li>{spans(item, hyphenate)}</li>" for item in group) + f"\n</{name}>"
    if first.kind == "code":
        return f"<pre><code>{escape(first.text)}</code></pre>"
    if first.kind == "table":
        head, *rows = first.cells
        body = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        return ("<table>\n<thead><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head)
                + f"</tr></thead>\n<tbody>\n{body}\n</tbody></table>")
    if first.kind == "title":
        return f"<h1>{escape(first.text)}</h1>"
    if first.kind == "heading":
        return f"<h{first.level}>{escape(first.text)}</h{first.level}>"
    return f"<p>{spans(first, hyphenate)}</p>"


def body(document, hyphenate=False):
    return "\n".join(element(group, hyphenate) for group in document.groups())


def printed(document, font="Liberation Serif", size=11, columns=1, rules=True, page="A4", justify=False, hyphenate=False,
            broken=False):
    """A page for the printer; `rules` draws the borders of tables, `columns` sets the text in columns below the title.

    Tables stay on a page, unless `broken`: then they go on at the next one, without a second header.
    """
    boxes = ""
    if document.header:
        boxes += f'@top-center {{ content: "{document.header}"; font-size: 8pt }}'
    if document.footer:
        before, after = document.footer.split("#")
        boxes += f'@bottom-center {{ content: "{before}" counter(page) "{after}"; font-size: 8pt }}'
    border = "td, th { border: 1px solid #444 }" if rules else "th { font-weight: bold }"
    text = body(document, hyphenate)
    if columns > 1:
        title, _, rest = text.partition("</h1>")
        text = f'{title}</h1><div style="columns:{columns};column-gap:7mm">{rest}</div>'
    return f"""<!doctype html><html lang="{document.language}" dir="{document.direction}"><head><meta charset="utf-8">
<title>{escape(document.title)}</title><style>
@page {{ size: {page}; margin: 22mm 20mm; {boxes} }}
body {{ font: {size}pt/1.35 "{font}"; {"text-align: justify;" if justify else ""} hyphens: manual; margin: 0 }}
pre {{ font: {size - 2}pt "DejaVu Sans Mono"; white-space: pre-wrap }}
thead {{ display: table-row-group }} tr {{ break-inside: avoid }}
table {{ border-collapse: collapse; margin: 3mm 0; break-inside: {"auto" if broken else "avoid"}; text-align: start; font-size: {size - 1}pt }}
td, th {{ padding: 1mm 3mm; text-align: start; vertical-align: top }} {border}
h1, h2, h3, h4 {{ break-after: avoid; text-align: start }}
</style></head><body>
{text}
</body></html>
"""


def site(document, prose, style=0):
    """A page of a site. Its navigation, teasers, notices, scripts and styles are no content: they count against precision."""
    r = prose.random
    links = lambda count: "".join(f'<li><a href="/{r.randint(1, 99)}">{escape(prose.label())}</a></li>' for _ in range(count))
    teaser = f"<h3>{escape(prose.heading())}</h3><p>{escape(prose.sentence())}</p>"
    aside = f'<aside class="related" role="complementary"><h2>Related</h2>{teaser}<ul>{links(4)}</ul></aside>'
    nav = f'<nav aria-label="Main"><ul class="menu">{links(6)}</ul></nav>'
    crumbs = f'<nav class="breadcrumbs"><a href="/">Home</a> › <a href="/a">{escape(prose.label())}</a></nav>'
    script = ('<script>window.dataLayer = window.dataLayer || []; function track(name) { dataLayer.push({event: name}); }'
              f'track("page-{r.randint(1, 999)}");</script>')
    metadata = f'<script type="application/ld+json">{{"@type": "Article", "headline": "{prose.noun()}"}}</script>'
    inner = body(document)
    article = [f'<main id="content"><article>{inner}</article></main>',
               f'<div id="content" role="main"><div class="post"><div class="post-body">{inner}</div></div></div>',
               f"<main>{crumbs}{inner}</main>"][style % 3]
    return f"""<!DOCTYPE html>
<html lang="{document.language}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(document.title)} | {escape(prose.pick(["The Fluffham Gazette", "Yard Notes", "Open Harbour"]))}</title>
<link rel="stylesheet" href="/site.css"><style>.menu li {{ display: inline-block }} .post-body p {{ margin: 1em 0 }}</style>
{metadata}{script}
</head>
<body class="page">
<header class="site-header"><a class="logo" href="/">{escape(prose.label())}</a>{nav}
<form role="search"><input type="search" placeholder="Search"><button>Go</button></form></header>
{article}
{aside}
<noscript>This page works best with scripts.</noscript>
<template><p>{escape(prose.sentence())}</p></template>
<footer class="site-footer"><p>© 2024 {escape(prose.label())}. All rights reserved.</p><ul>{links(4)}</ul></footer>
{script}
</body>
</html>
"""
