/// The style sheet of a report: system fonts, light and dark, one column that fits a phone.
enum ReportStyle {
    static let css = """
        :root {
          color-scheme: light dark;
          --page: #ffffff; --text: #1d2328; --soft: #5b6670; --line: #d9dee3; --panel: #f5f7f9; --accent: #2f6f9f;
        }
        @media (prefers-color-scheme: dark) {
          :root { --page: #15191d; --text: #dfe4e8; --soft: #98a3ad; --line: #343c44; --panel: #1d2328; --accent: #7db7e0; }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body {
          margin: 0; background: var(--page); color: var(--text);
          font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
        }
        main { max-width: 54rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; overflow-wrap: break-word; }
        header { border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; }
        h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .4rem; letter-spacing: -.01em; }
        h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.4rem 0 .6rem; }
        h3 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
        p { margin: .7rem 0; max-width: 44rem; }
        .subtitle { color: var(--soft); margin: 0 0 1rem; }
        .scroll { overflow-x: auto; -webkit-overflow-scrolling: touch; }
        figure { margin: 1.6rem 0; }
        figcaption { color: var(--soft); font-size: .9rem; line-height: 1.45; margin: .5rem 0; max-width: 44rem; }
        figcaption b { color: var(--text); font-weight: 600; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        figure.table table { min-width: min(100%, 24rem); border-top: 2px solid var(--text); border-bottom: 2px solid var(--text); }
        figure.table th, figure.table td { padding: .32rem .9rem; text-align: left; white-space: nowrap; vertical-align: baseline; }
        figure.table th:first-child, figure.table td:first-child { padding-left: .2rem; }
        figure.table thead th { border-bottom: 1px solid var(--text); font-weight: 600; font-size: .92rem; }
        figure.table tbody tr + tr td { border-top: 1px solid var(--line); }
        figure.table .number { text-align: right; }
        .interval { color: var(--soft); font-size: .86em; }
        .note { color: var(--soft); font-size: .86rem; margin: .4rem 0 0; }
        figure.images table { border-spacing: 0; }
        figure.images td { padding: .2rem; vertical-align: top; }
        figure.images th { font-weight: 500; font-size: .86rem; line-height: 1.3; color: var(--soft); padding: .2rem .4rem; text-align: center; }
        figure.images th[scope=row] {
          position: sticky; left: 0; background: var(--page); text-align: right; max-width: 11rem; min-width: 4rem; padding-left: 0;
        }
        figure.images img { display: block; border-radius: 4px; background: var(--panel); }
        .pixels { image-rendering: pixelated; }
        .small { font-size: .78rem; line-height: 1.3; color: var(--soft); padding: .2rem 0; }
        .drawing { min-width: 30rem; max-width: 46rem; }
        .drawing svg { display: block; width: 100%; height: auto; }
        details { margin: 1rem 0; border: 1px solid var(--line); border-radius: 6px; padding: .1rem .9rem; background: var(--panel); font-size: .9rem; }
        figure details { background: none; border: none; padding: 0; margin: 0; }
        summary { cursor: pointer; padding: .35rem 0; color: var(--accent); }
        details[open] { padding-bottom: .7rem; }
        table.values th, table.values td { text-align: left; vertical-align: top; padding: .15rem 1rem .15rem 0; font-weight: 400; }
        table.values th { color: var(--soft); white-space: nowrap; }
        table.values table.values { border-left: 2px solid var(--line); }
        table.values table.values th { padding-left: .7rem; }
        pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; font-size: .86rem; line-height: 1.5; }
        code { font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; }
        @media (max-width: 40rem) {
          main { padding: 1.2rem 1rem 3rem; }
          h1 { font-size: 1.4rem; }
          figure.table th, figure.table td { padding: .32rem .6rem; }
          figure.images th[scope=row] { max-width: 6.5rem; font-size: .78rem; }
        }
        @media print { details { display: none; } figure { break-inside: avoid; } }
        """
}
