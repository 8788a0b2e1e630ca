// Shows that a clean run means something: a sanitizer must report this program's faults and nothing of its sound half.
// compose/test runs both halves before the tests.
import Foundation
import Synchronization

final class Control: Sendable {
    let guarded = Mutex(0)
    // Two threads use it without a lock: the fault that ThreadSanitizer must see.
    nonisolated(unsafe) var unguarded = 0
}

/// Contends for a lock, which is where the sanitizer needs help to see that one thread waits for another.
func run(onEachThread body: @escaping @Sendable (Control) -> Void) {
    let control = Control()
    let ended = DispatchSemaphore(value: 0)
    for _ in 0..<4 {
        Thread {
            for _ in 0..<20_000 { body(control) }
            ended.signal()
        }.start()
    }
    for _ in 0..<4 { ended.wait() }
    precondition(control.guarded.withLock { $0 } == 80_000)
}

switch CommandLine.arguments.last {
case "sound":
    run { control in control.guarded.withLock { $0 += 1 } }
case "faulty":
    run { control in
        control.unguarded &+= 1
        control.guarded.withLock { $0 += 1 }
    }
    // The fault that AddressSanitizer must see; its end is within what malloc gives anyone.
    let one = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    one[1] = 1
    one.deallocate()
default:
    fatalError("usage: control sound|faulty")
}
