import Concurrency

/// A piece of the files that an export makes, on its way from the connection's thread to the job's task.
enum FilePiece: Sendable {
    /// A file begins: of a table, or of all of them.
    case begin(table: String?)
    case bytes([UInt8])
    /// So many more rows were taken.
    case counted(Int)
    /// About so many rows will come in all.
    case expected(Int)
    case end(rows: Int)
}

/// The sending side.
final class HandedPieces: FileOutput {
    private let handover: Handover<FilePiece>

    init(_ handover: Handover<FilePiece>) { self.handover = handover }

    func begin(table: String?) throws { try handover.send(.begin(table: table)) }
    func append(_ bytes: [UInt8]) throws { try handover.send(.bytes(bytes)) }
    func count(rows: Int) throws { try handover.send(.counted(rows)) }
    /// Tells about how many rows will come in all.
    func expect(rows: Int) throws { try handover.send(.expected(rows)) }
    func end(rows: Int) throws { try handover.send(.end(rows: rows)) }
}
