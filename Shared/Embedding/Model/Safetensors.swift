import JSON

/// A file of tensors, read in place: eight bytes with the length of a JSON header, the header, the numbers.
///
/// The header is believed in nothing: offsets, shapes and sizes must agree with each other and with the file, and the tensors must
/// fill it without gaps or overlaps, as the format asks.
struct Safetensors: Sendable {
    /// How a number is stored, little-endian.
    enum Format: String, Sendable {
        case float32 = "F32"
        case float16 = "F16"
        case bfloat16 = "BF16"

        var size: Int { self == .float32 ? 4 : 2 }
    }

    /// Where a tensor of numbers lies in the file, and how.
    struct Tensor: Sendable {
        let format: Format
        let shape: [Int]
        let bytes: Range<Int>
    }

    private struct Entry {
        let name: String
        let format: String
        let shape: [Int]
        let bytes: Range<Int>
    }

    /// The most bytes of a header; one of a model with a hundred layers has about 200 KB.
    private static let headerLimit = 8 << 20
    /// The sizes in bytes of all formats there are; those that are not `Format`s are tensors that no encoder reads.
    private static let sizes = [
        "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4,
        "U32": 4,
        "F32": 4, "I64": 8, "U64": 8, "F64": 8,
    ]

    let file: MappedFile
    /// By name, those that hold numbers with a fraction.
    let tensors: [String: Tensor]

    init(_ file: MappedFile) throws(EmbeddingError) {
        self.file = file
        let bytes = file.bytes
        guard bytes.count >= 8 else { throw Self.error("it is shorter than its own length") }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.headerLimit), length <= UInt64(bytes.count - 8) else {
            throw Self.error("its header has \(length) bytes, more than the file or the limit of \(Self.headerLimit)")
        }
        let start = 8 + Int(length)
        let entries = try Self.entries(of: UnsafeRawBufferPointer(rebasing: bytes[8..<start]))
        try Self.check(entries, fill: bytes.count - start)
        var tensors: [String: Tensor] = [:]
        for entry in entries {
            guard let format = Format(rawValue: entry.format) else { continue }
            let place = (start + entry.bytes.lowerBound)..<(start + entry.bytes.upperBound)
            tensors[entry.name] = Tensor(format: format, shape: entry.shape, bytes: place)
        }
        self.tensors = tensors
    }

    private static func entries(of header: UnsafeRawBufferPointer) throws(EmbeddingError) -> [Entry] {
        let json: JSON
        do {
            json = try JSON.parse(header, maxDepth: 4)
        } catch {
            throw Self.error("its header is no JSON: \(error)")
        }
        guard let members = json.objectValue else { throw Self.error("its header is no JSON object") }
        var entries: [Entry] = []
        for (name, value) in members where name != "__metadata__" { entries.append(try entry(name, value)) }
        return entries
    }

    private static func entry(_ name: String, _ value: JSON) throws(EmbeddingError) -> Entry {
        guard let format = value["dtype"]?.stringValue, let size = sizes[format] else {
            throw error("the tensor \(name) has a format that is not known")
        }
        guard let shape = naturals(value["shape"]), let offsets = naturals(value["data_offsets"]), offsets.count == 2,
            offsets[0] <= offsets[1]
        else { throw error("the tensor \(name) has no shape or no place") }
        var count = size
        for side in shape {
            let (product, isTooLarge) = count.multipliedReportingOverflow(by: side)
            guard !isTooLarge else { throw error("the tensor \(name) is larger than any file") }
            count = product
        }
        guard count == offsets[1] - offsets[0] else {
            throw error("the tensor \(name) has \(offsets[1] - offsets[0]) bytes, but its shape takes \(count)")
        }
        return Entry(name: name, format: format, shape: shape, bytes: offsets[0]..<offsets[1])
    }

    private static func naturals(_ value: JSON?) -> [Int]? {
        guard let values = value?.arrayValue else { return nil }
        let numbers = values.compactMap { $0.intValue }.filter { $0 >= 0 }
        return numbers.count == values.count ? numbers : nil
    }

    private static func check(_ entries: [Entry], fill size: Int) throws(EmbeddingError) {
        var end = 0
        for entry in entries.sorted(by: {
            ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
        }) {
            guard entry.bytes.lowerBound == end else {
                throw error(
                    "the tensor \(entry.name) begins at byte \(entry.bytes.lowerBound), the one before it ends at \(end)"
                )
            }
            end = entry.bytes.upperBound
        }
        guard end == size else { throw error("its tensors take \(end) bytes, but it has \(size)") }
    }

    private static func error(_ message: String) -> EmbeddingError {
        EmbeddingError(.model, "model.safetensors cannot be used: \(message).")
    }
}
