import Concurrency
import Foundation
import Testing

@Suite struct HandoverTests {
    @Test func valuesComeInOrderAndTheSenderIsHeldUp() async throws {
        let handover = Handover<Int>(capacity: 3)
        let sent = DispatchQueue(label: "sent")
        nonisolated(unsafe) var count = 0  // Only on the queue.
        Thread {
            for number in 0..<100 {
                do { try handover.send(number) } catch { return }
                sent.sync { count += 1 }
            }
            handover.finish()
        }.start()
        var received: [Int] = []
        while let value = try await handover.next() {
            received.append(value)
            // What was taken, what waits, and what found room in between.
            #expect(sent.sync { count } <= received.count + 4)
        }
        #expect(received == Array(0..<100))
    }

    @Test func aSenderThatWaitsHearsOfTheEnd() async throws {
        let handover = Handover<Int>(capacity: 1)
        let (ends, end) = AsyncStream<Bool>.makeStream()
        Thread {
            do {
                for number in 0..<10 { try handover.send(number) }
                end.yield(false)
            } catch {
                end.yield(true)
            }
            end.finish()
        }.start()
        #expect(try await handover.next() == 0)
        handover.close()
        for await isClosed in ends { #expect(isClosed) }
    }

    /// What waits in it when it is closed and freed: nothing, some, or as much as there is room for.
    @Test(arguments: [0, 1, 5, 8]) func itMayBeGivenUpWithWhatWaitsInIt(count: Int) async throws {
        for isClosed in [true, false] {
            let handover = Handover<Int>(capacity: 8)
            for number in 0..<count { try handover.send(number) }
            if count > 0 { #expect(try await handover.next() == 0) }
            if isClosed {
                handover.close()
                #expect(throws: Handover<Int>.Closed.self) { try handover.send(0) }
            }
        }
    }

    @Test func aReceiverThatWaitsHearsOfTheEndAndOfItsCancellation() async throws {
        let handover = Handover<Int>(capacity: 1)
        let receiver = Task { try await handover.next() }
        handover.finish()
        #expect(try await receiver.value == nil)
        let endless = Handover<Int>(capacity: 1)
        let cancelled = Task { try await endless.next() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
    }
}
