import Foundation
import Testing
@testable import Host

/// Whether a program can be run.
private func isInstalled(_ names: String...) -> Bool { names.contains { (try? ExternalProgram($0, purpose: "tests", package: $0)) != nil } }

/// Whether there is a LaTeX with the fonts of links.
private let hasLaTeX: Bool = {
    guard isInstalled("pandoc"), isInstalled("xelatex", "lualatex", "pdflatex"), let search = try? ExternalProgram("kpsewhich", purpose: "tests", package: "texlive-base") else { return false }
    return (try? ExternalProgram.inTemporaryFolder { try search.run(["pzdr.tfm"], in: $0).status == 0 }) ?? false
}()

@Suite struct NotebookPublicationTests {
    private static let source = """
        ---
        title: Cited & counted
        author: [A. First, B. Second]
        bibliography: refs.bib
        ---

        As @tian2023 and others [@radford2021, p. 3] say, see @tbl-rates. Formula: $\\sum_i x_i^2$.

        ```lua
        --| label: tbl-rates
        --| caption: Rates in 100 % of cases
        rates
        ```

        # References

        """
    private static let bibliography = """
        @article{tian2023, author = {Tian, Yonglong and Fan, Lijie}, title = {StableRep}, journal = {NeurIPS}, year = {2023}}
        @inproceedings{radford2021, author = {Radford, Alec}, title = {Learning Transferable Visual Models}, booktitle = {ICML}, year = {2021}}
        @misc{unused, author = {Nobody}, title = {Never cited}, year = {1999}}
        """

    /// Builds a notebook with a table, a citation and a formula.
    private func build(_ folder: String, _ formats: Set<NotebookBuilder.Format>) throws -> NotebookRun {
        try AtomicFile.write(Self.source, to: folder + "/n.md")
        try AtomicFile.write(Self.bibliography, to: folder + "/refs.bib")
        var table = try Table(caption: "own", columns: [.init("name & kind"), .init("rate", decimals: 2, best: .highest)])
        try table.add([.text("a_b"), .number(0.5)])
        try table.add([.text("c, \"d\""), .number(0.75)])
        let builder = NotebookBuilder(output: folder + "/out", formats: formats, announce: { Issue.record("\($0)") }) { file in
            let state = try LuaState(interrupt: Interrupt())
            try state.setGlobal("rates", .string("rates"))
            return NotebookEnvironment(state: state, version: "test", display: { [table] value in value.asString == "rates" ? NotebookDisplay("text", form: .table(table)) : nil }, receive: { _ in })
        }
        return try builder.build(folder + "/n.md")
    }

    @Test(.enabled(if: isInstalled("pandoc"), "pandoc is not installed")) func `citations come from the bibliography, in HTML and in LaTeX, and each table is CSV and booktabs`() throws {
        try inNotebookFolder { folder in
            #expect(try build(folder, [.html, .tex]).failure == nil)
            func read(_ name: String) throws -> String { String(decoding: try Folder.contents(folder + "/out/" + name), as: UTF8.self) }
            let page = try read("n.html"), print = try read("n.tex")
            for marked in [page, print] {
                // Without the links that lead to the references.
                let text = marked.replacing(#/<[^>]*>/#, with: "").replacing(#/\\protect\\hyperlink\{[^}]*\}\{([^}]*)\}/#) { String($0.output.1) }.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                #expect(text.contains("Tian and Fan (2023)") && text.contains("(Radford 2021, 3)"), "\(text)")
                #expect(text.contains("Learning Transferable Visual Models") && !text.contains("Never cited"))
            }
            #expect(page.contains("href=\"#ref-tian2023\"") && print.contains("hyperlink{ref-tian2023}") && page.contains("<math"))
            #expect(print.contains("\\toprule") && print.contains("booktabs") && print.contains("a\\_b"))
            #expect(try read("n_files/tbl-rates.csv") == "name & kind,rate\na_b,0.5\n\"c, \"\"d\"\"\",0.75\n")
            let booktabs = try read("n_files/tbl-rates.tex")
            for part in ["\\toprule", "\\midrule", "\\bottomrule", "name \\& kind", "\\caption{Rates in 100 \\% of cases}", "\\label{tbl-rates}", "\\textbf{0.75}"] {
                #expect(booktabs.contains(part), "\(part) in \(booktabs)")
            }
        }
    }

    @Test func `what pandoc warns of is told, characters without a font in one sentence`() {
        let messages = """
            [WARNING] The term Abstract has no translation defined.
            [WARNING] Citeproc: citation nobody not found
            [WARNING] Missing character: There is no 漢 (U+6F22) (U+6F22) in font DejaVu Serif/OT:script=la
            [WARNING] Missing character: There is no ✓ (U+2713) (U+2713) in font DejaVu Serif/OT:script=la
            [WARNING] Missing character: There is no 漢 (U+6F22) (U+6F22) in font DejaVu Sans Mono/OT:scrip
            [INFO] Running filter
            """
        #expect(Pandoc.warnings(messages) == ["Citeproc: citation nobody not found", "the PDF lacks characters that its fonts do not have: 漢 ✓; HTML has them"])
        #expect(Pandoc.warnings("").isEmpty)
    }

    @Test(.enabled(if: hasLaTeX, "pandoc and LaTeX (texlive-xetex, texlive-fonts-recommended, lmodern) are not all installed"))
    func `a PDF is made of the notebook, with the same bytes each time`() throws {
        try inNotebookFolder { folder in
            #expect(try build(folder, [.pdf]).failure == nil)
            let first = try Folder.contents(folder + "/out/n.pdf")
            #expect(first.starts(with: Array("%PDF-".utf8)) && first.count > 5000)
            try Folder.remove(folder + "/out")
            _ = try build(folder, [.pdf])
            #expect(try Folder.contents(folder + "/out/n.pdf") == first)
        }
    }

    @Test(.enabled(if: isInstalled("pandoc"), "pandoc is not installed")) func `a bibliography outside the notebook's folder is not read`() throws {
        try inNotebookFolder { folder in
            try Folder.create(folder + "/in")
            try AtomicFile.write(Self.bibliography, to: folder + "/refs.bib")
            try AtomicFile.write("---\nbibliography: ../refs.bib\n---\n\nAs @tian2023 says.\n", to: folder + "/in/n.md")
            let builder = NotebookBuilder(output: folder + "/out", formats: [.html], announce: { _ in }, environment: plainEnvironment)
            _ = try builder.build(folder + "/in/n.md")
            #expect(!String(decoding: try Folder.contents(folder + "/out/n.html"), as: UTF8.self).contains("StableRep"))
        }
    }
}
