/// A table of results: named columns, rows of texts, numbers and estimates, and its forms for terminal, files and pages.
public struct Table: Sendable {
    /// Which cell of a column is printed in bold.
    public enum Best: Sendable { case none, highest, lowest }

    /// One column.
    public struct Column: Sendable {
        public var title: String
        /// Decimal places of its numbers, 0 to 17; nil prints 4 significant digits.
        public var decimals: Int?
        public var best: Best

        public init(_ title: String, decimals: Int? = nil, best: Best = .none) {
            self.title = title
            self.decimals = decimals
            self.best = best
        }
    }

    /// One cell.
    public enum Cell: Equatable, Sendable {
        case text(String)
        case integer(Int)
        case number(Double)
        case estimate(Estimate)
        /// Printed as a dash: nothing was measured.
        case missing
    }

    /// What stands above the table.
    public var caption: String
    public let columns: [Column]
    public private(set) var rows: [[Cell]] = []
    /// Sentences below the table.
    public var notes: [String] = []

    /// - Throws: ``StoreError`` without columns or when two have the same title.
    public init(caption: String = "", columns: [Column]) throws {
        guard !columns.isEmpty else { throw StoreError("a table needs at least one column") }
        var seen: Set<String> = []
        for column in columns where !seen.insert(column.title).inserted {
            throw StoreError("a table has two columns \"\(column.title)\"; give each a title of its own")
        }
        self.caption = caption
        self.columns = columns
    }

    /// Adds a row at the end.
    /// - Throws: ``StoreError`` when the number of cells is not that of the columns.
    public mutating func add(_ row: [Cell]) throws {
        guard row.count == columns.count else {
            throw StoreError("row \(rows.count + 1) of the table has \(row.count) cells, but the table has \(columns.count) columns ("
                + columns.map(\.title).joined(separator: ", ") + "); use a missing cell where nothing was measured")
        }
        rows.append(row)
    }

    /// Whether a column holds only numbers, which are aligned at the right.
    func isNumeric(_ column: Int) -> Bool {
        rows.contains { $0[column].value != nil } && rows.allSatisfy { row in
            if case .text = row[column] { return false }
            return true
        }
    }

    /// The row with the best value of a column, if the column has one; with equal values the first.
    func bestRow(_ column: Int) -> Int? {
        let values = rows.enumerated().compactMap { index, row in row[column].value.map { (index, $0) } }.filter { !$0.1.isNaN }
        switch columns[column].best {
        case .none: return nil
        case .highest: return values.max { ($0.1, $1.0) < ($1.1, $0.0) }?.0
        case .lowest: return values.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
        }
    }

    /// A number as this column prints it.
    func text(_ number: Double, column: Int) -> String {
        if let decimals = columns[column].decimals { return Decimals.text(number, places: decimals) }
        return Decimals.text(number, digits: 4)
    }

    /// A cell as its two printed parts: the value, and the interval with its sign or brackets.
    func parts(_ cell: Cell, column: Int) -> (value: String, interval: String) {
        switch cell {
        case .text(let text): return (text, "")
        case .integer(let integer): return (String(integer), "")
        case .number(let number): return (text(number, column: column), "")
        case .missing: return ("–", "")
        case .estimate(let estimate):
            let mean = text(estimate.mean, column: column)
            if let half = estimate.halfWidth { return (mean, "± " + text(half, column: column)) }
            guard let lower = estimate.lower, let upper = estimate.upper else { return (mean, "") }
            return (mean, "[\(text(lower, column: column)), \(text(upper, column: column))]")
        }
    }
}

extension Table.Cell {
    /// The number that a cell stands for.
    var value: Double? {
        switch self {
        case .integer(let integer): return Double(integer)
        case .number(let number): return number
        case .estimate(let estimate): return estimate.mean
        case .text, .missing: return nil
        }
    }
}
