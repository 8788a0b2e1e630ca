import Markup

/// The frames in what a child writes, whole ones only. The child may be under a hostile document's control, so lengths are checked.
struct FrameBuffer {
    private static let headerLength = 5
    private static let longestFrame = 1 << 20

    private var pending: [UInt8] = []
    /// Whether what came is no frame.
    private(set) var isMalformed = false

    /// Takes a piece of output; answers the frames that are whole with it.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> [(kind: ResultFrame, payload: ArraySlice<UInt8>)] {
        pending += bytes
        var (start, frames) = (0, [(kind: ResultFrame, payload: ArraySlice<UInt8>)]())
        while !isMalformed, let length = Self.length(pending[start...]) {
            guard length <= Self.longestFrame, let kind = ResultFrame(rawValue: pending[start]) else {
                isMalformed = true
                break
            }
            let end = start + Self.headerLength + length
            guard end <= pending.count else { break }
            frames.append((kind, pending[(start + Self.headerLength)..<end]))
            start = end
        }
        // The frames keep the bytes that they are parts of.
        if start > 0 { pending = Array(pending[start...]) }
        return frames
    }

    private static func length(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= headerLength else { return nil }
        return bytes.dropFirst().prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// The parts of a payload, which end with NUL; the last may have more of it. Nil when there are not as many.
    static func fields(_ payload: ArraySlice<UInt8>, _ count: Int) -> [String]? {
        let parts = payload.split(separator: 0, maxSplits: count - 1, omittingEmptySubsequences: false)
        return parts.count == count ? parts.map { String(decoding: $0, as: UTF8.self) } : nil
    }
}

extension ExtractionError {
    /// The error that a frame of the kind `failure` tells; nil when it tells none.
    init?(frame payload: ArraySlice<UInt8>) {
        guard let parts = FrameBuffer.fields(payload, 3), let code = Code(rawValue: parts[0]) else { return nil }
        self.init(code, parts[2], mediaType: parts[1].isEmpty ? nil : parts[1])
    }
}
