/// The page around a notebook: styles inside, no scripts, nothing from a network. `$...$` is filled by pandoc.
enum PageTemplate {
    static let html = """
        <!DOCTYPE html>
        <html lang="$if(lang)$$lang$$else$en$endif$">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>$pagetitle$</title>
        <style>
        \(ReportStyle.css.replacing("$", with: "$$"))
        \(styles)
        $highlighting-css$
        </style>
        </head>
        <body>
        <main>
        $if(title)$
        <header>
        <h1>$title$</h1>
        $if(subtitle)$<p class="subtitle">$subtitle$</p>$endif$
        $if(author)$<p class="subtitle">$for(author)$$author$$sep$, $endfor$$if(date)$, $date$$endif$</p>$endif$
        $if(abstract)$<p>$abstract$</p>$endif$
        </header>
        $endif$
        $body$
        </main>
        </body>
        </html>

        """

    private static let styles = """
        main img { max-width: 100%; height: auto; background: #fff; }
        main table { border-top: 2px solid var(--text); border-bottom: 2px solid var(--text); margin: .8rem 0; }
        main th, main td { padding: .32rem .8rem; vertical-align: baseline; }
        main thead th { border-bottom: 1px solid var(--text); font-weight: 600; font-size: .92rem; }
        main tbody tr + tr td { border-top: 1px solid var(--line); }
        caption { caption-side: top; text-align: left; color: var(--soft); font-size: .9rem; padding-bottom: .4rem; }
        caption strong, figcaption strong { color: var(--text); }
        .images table, .images td, .images tr + tr td { border: none; }
        .images img { image-rendering: pixelated; }
        pre { overflow-x: auto; }
        div.sourceCode { margin: .8rem 0; }
        hr { border: none; border-top: 1px solid var(--line); margin: 2rem 0 1rem; }
        @media (prefers-color-scheme: dark) { code span { filter: brightness(1.6); } }
        """
}
