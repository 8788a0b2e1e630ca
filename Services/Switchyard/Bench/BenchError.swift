import Foundation

/// Why the bench ended: what was asked and what was answered instead.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// A call of the C library that failed; reads `errno`.
    static func system(_ call: String) -> BenchError { BenchError("\(call): \(String(cString: strerror(errno)))") }
}

/// Tells the person at the terminal what happens now.
func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

/// The monotonic clock in nanoseconds.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Seconds from one reading of the monotonic clock to a later one.
func seconds(from start: UInt64, to end: UInt64) -> Double { Double(end - start) / 1e9 }

/// Runs blocking work on a thread that ends with it. The work bounds its own waits.
func onThread<Output: Sendable>(
    _ name: String, _ work: @escaping @Sendable () throws -> Output
) async throws -> Output {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result { try work() }) }
        thread.name = name
        thread.start()
    }
}
