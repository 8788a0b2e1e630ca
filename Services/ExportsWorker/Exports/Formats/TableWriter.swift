import Postgres

/// A table that is exported: the rows of one source.
struct ExportTable: Sendable {
    /// By what files and sheets are named.
    let name: String
    let columns: [ResultColumn]
}

extension ResultColumn {
    /// The type without its modifiers: `numeric` for `numeric(12,2)`, `timestamp` for `timestamp(3) with time zone`.
    var baseType: Substring { typeName.prefix { $0 != "(" } }
}

/// Turns the rows of COPY into the files of a format. It works on the thread of the connection.
protocol TableWriter: AnyObject {
    /// How COPY is asked for the rows.
    var copyOptions: SQLText { get }
    /// The query as the format wants its rows.
    func rows(of query: SQLText) -> SQLText
    /// Begins a table; the one before has ended.
    func begin(_ table: ExportTable) throws
    /// Takes a row as COPY gives it, with its end of line.
    func add(_ row: UnsafeRawBufferPointer) throws
    /// Ends the table.
    func end() throws
    /// Ends the export.
    func finish() throws
    /// How many texts a spreadsheet would have run as a formula.
    var neutralised: Int { get }
    /// How many texts were longer than the format takes, and were cut.
    var cutTexts: Int { get }
    /// What to know of the rows of the table that has ended: sentences.
    var notes: [String] { get }
}

extension TableWriter {
    func rows(of query: SQLText) -> SQLText { query }
    var cutTexts: Int { 0 }
    var notes: [String] { [] }
}

/// Where the bytes of files go, one file after the other.
protocol FileOutput: AnyObject {
    /// Begins a file of a table, or of all of them.
    func begin(table: String?) throws
    /// Adds bytes to the file.
    func append(_ bytes: [UInt8]) throws
    /// Says that so many more rows were taken, whether their bytes are there yet or not.
    func count(rows: Int) throws
    /// Ends the file.
    func end(rows: Int) throws
}
