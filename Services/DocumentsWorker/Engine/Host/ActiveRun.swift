import Foundation

/// A child in flight: its two pipes and what is known of its end. Owned by the host's thread.
final class ActiveRun {
    private static let keptDiagnostics = 8 << 10

    let id: UInt64
    var deadline: ContinuousClock.Instant
    /// Why the host killed it, if it did.
    var killedFor: ChildEnd.Cause?
    var report: ChildReport?
    /// The helper died before it reported.
    var isLost = false
    private(set) var output: Int32
    private(set) var errors: Int32
    private let run: ChildRun
    private var diagnostics: [UInt8] = []

    init(_ run: ChildRun, output: Int32, errors: Int32) {
        id = run.request.id
        deadline = run.deadline
        self.run = run
        self.output = output
        self.errors = errors
    }

    deinit {
        if output >= 0 { close(output) }
        if errors >= 0 { close(errors) }
    }

    /// Whether both pipes are at their end and the status is known or never will be.
    var hasEnded: Bool { (output < 0 && errors < 0 && report != nil) || isLost }

    func readOutput(into buffer: UnsafeMutableRawBufferPointer) -> ChildRun.Verdict {
        guard let bytes = Self.read(&output, into: buffer) else { return .more }
        // What comes after a kill belongs to a document that is already given up.
        return killedFor == nil ? run.receive(bytes) : .more
    }

    func readErrors(into buffer: UnsafeMutableRawBufferPointer) {
        guard let bytes = Self.read(&errors, into: buffer) else { return }
        diagnostics += bytes.prefix(Self.keptDiagnostics - diagnostics.count)
    }

    /// Reads once; closes the descriptor and sets it to -1 at the end.
    private static func read(
        _ descriptor: inout Int32, into buffer: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count > 0 { return UnsafeRawBufferPointer(rebasing: buffer[..<count]) }
        guard count == 0 || errno != EINTR else { return nil }
        close(descriptor)
        descriptor = -1
        return nil
    }

    func finish() {
        var end = ChildEnd(cause: .helperLost, diagnostics: String(decoding: diagnostics, as: UTF8.self))
        if let report {
            end.cause = ChildEnd.cause(waitStatus: report.waitStatus)
            end.peakMemoryBytes = report.peakMemoryBytes
            end.cpuMicroseconds = report.cpuMicroseconds
        }
        if let killedFor { end.cause = killedFor }
        run.finish(end)
    }
}
