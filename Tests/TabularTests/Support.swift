import Foundation
import Tabular
import Testing

/// What reading a table has come to.
struct Outcome {
    var rows: [[String?]] = []
    var positions: [Position] = []
    var faults: [RowFault] = []
    var notes: [RowFault] = []
}

/// Reads all that a reader has left.
func readAll(_ reader: any RecordReader) throws -> Outcome {
    var outcome = Outcome()
    var record = Record()
    while true {
        switch try reader.read(into: &record) {
        case .record:
            outcome.rows.append((0..<record.count).map { record.text(of: $0) })
            outcome.positions.append(record.position)
            outcome.notes += record.notes
        case .fault(let fault): outcome.faults.append(fault)
        case .end: return outcome
        }
    }
}

func csv(
    _ text: String, _ dialect: Dialect = Dialect(hasHeader: false), columns: Int? = nil,
    limits: ReadingLimits = ReadingLimits(), rules: RowRules = RowRules()
) throws -> Outcome {
    try readAll(
        CSVReader(ArraySource(Array(text.utf8)), dialect: dialect, columns: columns, limits: limits, rules: rules))
}

/// Calls `body` with the path of a file of these bytes.
func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
    let file = FileManager.default.temporaryDirectory.appending(path: "table-\(UUID().uuidString)")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try body(file.path)
}

/// Finds out what the file is and reads it.
func readFile(_ bytes: [UInt8], _ settings: TableSettings = TableSettings()) throws -> (TableLayout, Outcome) {
    try withFile(bytes) { path in
        let table = TableFile(path: path, settings: settings)
        let layout = try table.layout()
        return (layout, try readAll(table.reader(layout)))
    }
}

/// The text in another encoding, by iconv.
func encoded(_ text: String, _ encoding: String) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["iconv", "-f", "UTF-8", "-t", encoding]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try input.fileHandleForWriting.close()
    let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return bytes
}

/// The largest memory that this process has had so far, in bytes.
func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.filter(\.isNumber))) * 1024
}

/// Bytes that are made up as they are read: some, a piece that comes again and again, and some more.
final class MadeUpSource: ByteSource {
    private let head: [UInt8]
    private let piece: [UInt8]
    private let tail: [UInt8]
    private let repeated: Int
    private var position = 0

    init(_ head: String, repeating piece: String, upTo count: Int, then tail: String) {
        self.head = Array(head.utf8)
        // Long enough that copying it is fast.
        self.piece = Array(String(repeating: piece, count: max(1, (64 << 10) / piece.utf8.count)).utf8)
        self.tail = Array(tail.utf8)
        repeated = count / self.piece.count * self.piece.count
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let (part, offset): ([UInt8], Int) =
            if position < head.count {
                (head, position)
            } else if position < head.count + repeated {
                (piece, (position - head.count) % piece.count)
            } else {
                (tail, position - head.count - repeated)
            }
        let count = min(buffer.count, part.count - offset)
        part.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)]))
        }
        position += count
        return count
    }
}

/// The value as it comes back from JSON.
func reread<Value: Codable>(_ value: Value) throws -> Value {
    try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
}
