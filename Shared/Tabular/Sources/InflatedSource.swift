import Compression

/// How much a compressed file may become.
public struct InflationLimits: Sendable, Hashable, Codable {
    /// Bytes in all.
    public var bytes: Int
    /// Bytes for each byte of the compressed file, once there are more than `freeBytes`.
    public var ratio: Int
    /// Bytes that nobody counts: short files of equal bytes have any ratio.
    public var freeBytes: Int

    /// Makes limits: 1 TiB, and 500 times what was compressed once there are more than 64 MiB.
    public init(bytes: Int = 1 << 40, ratio: Int = 500, freeBytes: Int = 64 << 20) {
        self.bytes = bytes
        self.ratio = ratio
        self.freeBytes = freeBytes
    }

    /// How many bytes may be made of so many.
    func most(from compressed: Int) -> Int {
        let (product, hasOverflow) = compressed.multipliedReportingOverflow(by: ratio)
        return min(bytes, hasOverflow ? bytes : max(product, freeBytes))
    }
}

/// The content of a gzip or Zstandard file, whose members follow each other; told by its first bytes.
public final class InflatedSource: ByteSource {
    private let stream: any InflatingStream
    private let limits: InflationLimits
    private let isMember: ([UInt8]) -> Bool
    private var piece: InputPiece
    private var (taken, made) = (0, 0)
    private var state = State.betweenMembers

    private enum State { case betweenMembers, inMember, ended }

    /// Nil for bytes that are compressed by neither.
    ///
    /// - Parameter prefix: the first bytes of the source, which has them still to come.
    init?(_ source: any ByteSource, prefix: [UInt8], limits: InflationLimits) throws(TableError) {
        piece = InputPiece(source)
        self.limits = limits
        do throws(CompressionError) {
            if Gzip.isGzip(prefix) {
                stream = try GzipStream()
                isMember = { Gzip.isGzip($0) }
            } else if ZstdStream.isZstd(prefix) {
                stream = try ZstdStream()
                isMember = { ZstdStream.isZstd($0) }
            } else {
                return nil
            }
        } catch { throw TableError(error) }
    }

    /// Inflates the next bytes.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TableError) -> Int {
        guard !buffer.isEmpty else { return 0 }
        while state != .ended {
            if state == .betweenMembers { try beginMember() }
            guard state == .inMember else { break }
            let step = try inflate(into: buffer)
            if step.isAtEnd { state = .betweenMembers }
            if step.made > 0 { return step.made }
        }
        return 0
    }

    private func inflate(into buffer: UnsafeMutableRawBufferPointer) throws(TableError) -> InflationStep {
        let step: InflationStep
        do throws(CompressionError) {
            step = try stream.inflate(piece.bytes, into: buffer)
        } catch { throw TableError(error) }
        piece.consume(step.taken)
        taken += step.taken
        made += step.made
        try checkLimits()
        if step.made == 0 && !step.isAtEnd && piece.bytes.isEmpty {
            guard try piece.refill() else {
                throw TableError(
                    .corrupt, "the compressed file ends within its data: it was cut; upload it again as a whole")
            }
        }
        return step
    }

    private func checkLimits() throws(TableError) {
        guard made <= limits.bytes else {
            throw TableError(.tooLarge, "the file inflates to over \(limits.bytes) bytes: split it or raise the limit")
        }
        guard made <= limits.most(from: taken) else {
            throw TableError(
                .tooLarge,
                "the file inflates to over \(limits.ratio) times its size: upload it as it is, or compressed less")
        }
    }

    /// Begins the next member; what follows the last one and is none is left out, as gzip itself does.
    private func beginMember() throws(TableError) {
        while piece.bytes.count < 4, try piece.refill() {}
        guard isMember(Array(piece.bytes.prefix(4))) else {
            state = .ended
            return
        }
        stream.reset()
        state = .inMember
    }
}
