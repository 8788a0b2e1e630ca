import Foundation
import Sandbox
import Synchronization

/// A new pipe, wide enough that a child seldom waits for who reads it.
struct Pipe {
    let readEnd: Int32
    let writeEnd: Int32

    init?() {
        guard let ends = Descriptors.pipe(capacity: 256 << 10) else { return nil }
        (readEnd, writeEnd) = ends
    }

    /// Closes both ends.
    func close() { for end in [readEnd, writeEnd] { Glibc.close(end) } }
}

/// A pipe from one child to another.
///
/// Each end is closed here as soon as its child has it: only so does the reader see the end when the writer has gone, and the writer
/// ends when the reader has.
final class Conduit: Sendable {
    /// What one of the two children has of it.
    struct End: Sendable {
        fileprivate let conduit: Conduit
        fileprivate let isInput: Bool

        /// The standard input of the child that reads.
        var input: Int32? { isInput ? conduit.pipe.readEnd : nil }
        /// The standard output of the child that writes.
        var output: Int32? { isInput ? nil : conduit.pipe.writeEnd }

        func close() { conduit.close(isInput ? \.readEnd : \.writeEnd) }
    }

    private let pipe: Pipe
    private let open = Mutex<Set<Int32>>([])

    init?() {
        guard let pipe = Pipe() else { return nil }
        self.pipe = pipe
        open.withLock { $0 = [pipe.readEnd, pipe.writeEnd] }
    }

    deinit { for end in open.withLock({ $0 }) { Glibc.close(end) } }

    var writer: End { End(conduit: self, isInput: false) }
    var reader: End { End(conduit: self, isInput: true) }

    private func close(_ end: KeyPath<Pipe, Int32>) {
        let descriptor = pipe[keyPath: end]
        guard open.withLock({ $0.remove(descriptor) }) != nil else { return }
        Glibc.close(descriptor)
    }
}
