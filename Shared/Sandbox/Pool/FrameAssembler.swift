/// Puts together one frame from a child: four bytes of length, little endian, and as many bytes.
struct FrameAssembler {
    enum Progress {
        case partial
        case whole([UInt8])
        case tooLarge
        /// There is more than one frame.
        case malformed
    }

    /// A length is only what a child says: room is made as bytes come.
    private static let mostReserved = 1 << 20

    private let limit: Int
    private var length = 0
    private var headerCount = 0
    private var payload: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// Takes the next bytes; begins anew after a whole frame.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Progress {
        var rest = bytes[...]
        while headerCount < FrameHeader.length, let byte = rest.popFirst() {
            length |= Int(byte) << (8 * headerCount)
            headerCount += 1
            if headerCount == FrameHeader.length { payload.reserveCapacity(min(length, Self.mostReserved)) }
        }
        guard headerCount == FrameHeader.length else { return .partial }
        guard length <= limit else { return .tooLarge }
        guard rest.count <= length - payload.count else { return .malformed }
        payload.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest))
        guard payload.count == length else { return .partial }
        defer { self = FrameAssembler(limit: limit) }
        return .whole(payload)
    }
}
