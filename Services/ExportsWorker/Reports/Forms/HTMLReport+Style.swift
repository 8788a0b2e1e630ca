extension HTMLReport {
    /// The style sheet of a page, which its policy names by its digest.
    static let style = """
        :root { color-scheme: light dark; --text: #1c2126; --soft: #5b6570; --rule: #d5dae0; --back: #fff; --band: #f4f6f8; --accent: #2563a8; }
        @media (prefers-color-scheme: dark) {
          :root { --text: #e4e8ec; --soft: #9aa5b1; --rule: #3a424b; --back: #14181c; --band: #1d2329; --accent: #6ea8e8; }
        }
        body { margin: 0 auto; max-width: 75rem; padding: 1rem 1.5rem 3rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
        h1, h2, figcaption { overflow-wrap: anywhere; }
        td, th { overflow-wrap: break-word; }
        h2 { margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--rule); }
        small, p, caption, summary, .null { color: var(--soft); }
        p { margin: .25rem 0; }
        a { color: var(--accent); }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.5rem; margin: 1.5rem 0; }
        figure { margin: 0; break-inside: avoid; }
        figcaption { font-weight: 600; }
        svg { width: 100%; max-width: 36rem; height: auto; font: 9px system-ui, sans-serif; }
        svg text { fill: var(--soft); }
        .bar { fill: var(--accent); }
        .line { fill: none; stroke: var(--accent); stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; }
        .rule { stroke: var(--rule); stroke-width: .5; }
        .wide { overflow-x: auto; margin: 1.5rem 0; }
        table { border-collapse: collapse; font-size: .875rem; }
        caption { text-align: start; font-weight: 600; padding-bottom: .25rem; }
        th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--rule); text-align: start; vertical-align: top; max-width: 24rem; }
        thead th { background: var(--band); white-space: nowrap; }
        td.number, th.number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
        .null { font-style: italic; }
        @media print {
          :root { --text: #000; --soft: #444; --rule: #bbb; --back: #fff; --band: #eee; --accent: #2563a8; }
          body { max-width: none; padding: 0; font-size: 10pt; }
          .wide { overflow: visible; }
          thead { display: table-header-group; }
          tr { break-inside: avoid; }
          details { display: none; }
        }
        """
}
