import Foundation
import Markup
import Synchronization

/// Collects an output in a file, up to a limit.
final class OutputFile: Sendable {
    private let file: UnnamedFile
    private let limit: Int
    private let state = Mutex((size: 0, isBroken: false))

    init(_ file: UnnamedFile, limit: Int) {
        self.file = file
        self.limit = limit
    }

    var descriptor: Int32 { file.descriptor }
    var size: Int { state.withLock(\.size) }
    /// Whether the system has refused to write.
    var isBroken: Bool { state.withLock(\.isBroken) }

    /// Takes a piece; says stop when there is more than the limit, or no room for it.
    func append(_ piece: UnsafeRawBufferPointer) -> ChildRun.Verdict {
        state.withLock { state in
            guard piece.count <= limit - state.size else { return .stop }
            state.isBroken = !UnnamedFile.write(piece, to: descriptor, at: state.size)
            guard !state.isBroken else { return .stop }
            state.size += piece.count
            return .more
        }
    }

    /// All of it; that it cannot be read is no fault of the document.
    func bytes() throws(ExtractionError) -> [UInt8] {
        do throws(ExtractionError) {
            return try InputFile.contents(of: descriptor, limit: limit)
        } catch {
            throw .unavailable(error.message)
        }
    }
}
