import Foundation
import Sandbox
import Testing

/// Tests that count this process's children: one after the other.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct PoolTests {}

/// What pages get from a pool whose children do as they should.
extension PoolTests {
    @Test(arguments: [0, 1, 100, 65_531, 65_532, 300_000, 8 << 20])
    func aPageComesBack(length: Int) async throws {
        let pool = Probe.pool()
        let page = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try await pool.read(Array("e".utf8) + page) == page)
        await pool.close()
    }

    @Test func oneChildReadsManyPages() async throws {
        let pool = Probe.pool()
        let pid = try await pool.pid()
        for _ in 0..<200 { #expect(try await pool.pid() == pid) }
        await pool.close()
    }

    @Test func childrenWorkInParallel() async throws {
        let pool = Probe.pool(children: 4)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for page in 0..<50 { try await pool.expectEcho("\(task) \(page)") }
                }
            }
            try await group.waitForAll()
        }
        #expect(try Probe.children().count == 4)
        await pool.close()
    }

    @Test func noMoreChildrenThanPagesAreStarted() async throws {
        let pool = Probe.pool(children: 4)
        for _ in 0..<20 { _ = try await pool.text("e") }
        #expect(try Probe.children().count == 1)
        await pool.close()
    }

    @Test func aChildIsReplacedAfterItsPages() async throws {
        let pool = Probe.pool(ParserLimits(pagesPerChild: 3))
        var counts: [String] = []
        for _ in 0..<7 { counts.append(try await pool.text("n")) }
        #expect(counts == ["1", "2", "3", "1", "2", "3", "1"])
        await pool.close()
    }

    @Test func aChildThatHasGrownIsReplaced() async throws {
        let pool = Probe.pool(ParserLimits(residentBytes: 64 << 20))
        let pid = try await pool.pid()
        _ = try await pool.text("k80000000 ")
        for _ in 0..<16 { _ = try await pool.text("e") }
        #expect(try await pool.pid() != pid)
        await pool.close()
    }

    @Test func idleChildrenEndButOne() async throws {
        let pool = Probe.pool(children: 3, ParserLimits(idleTime: .milliseconds(200)))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<30 { group.addTask { _ = await pool.fault("b4000000 ") } }
        }
        try await eventually("one child") { try Probe.children().count == 1 }
        let last = try #require(try Probe.children().first)
        #expect(try await pool.pid() == last)
        await pool.close()
    }

    @Test func aChildHasNothingButItsSocket() async throws {
        let pool = Probe.pool()
        #expect(try await pool.text("d") == "012")
        #expect(try await pool.text("v") == "SWIFT_BACKTRACE")
        await pool.close()
    }

    @Test func theSandboxHolds() async throws {
        let pool = Probe.pool()
        try await pool.verify()
        #expect(try await pool.text("h") == "")
        await pool.close()
    }

    @Test func theProbeFindsHolesWhereThereIsNoSandbox() {
        #expect(SandboxProbe.holes(allowsExecution: true) == ["seccomp"])
    }

    @Test func closingEndsAllChildren() async throws {
        let pool = Probe.pool(children: 3)
        let pages = (0..<6).map { _ in Task { await pool.fault("w") } }
        try await eventually("three children") { try Probe.children().count == 3 }
        await pool.close()
        #expect(try Probe.children().isEmpty)
        for page in pages { #expect(await page.value == .cancelled) }
        #expect(await pool.fault("e") == .unavailable("the pool is closed"))
        await pool.close()
    }

    @Test func childrenEndWithThePool() async throws {
        do {
            let pool = Probe.pool(children: 2)
            _ = try await pool.text("e")
        }
        try await eventually("no children") { try Probe.children().isEmpty }
    }
}
