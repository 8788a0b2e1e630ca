import Foundation
import Sandbox
import Testing

/// Pages that do to their child what a hostile page might: each costs itself only.
extension PoolTests {
    @Test(arguments: [
        ("s11", ParserFault.crashed(signal: SIGSEGV)), ("s6", .crashed(signal: SIGABRT)),
        ("x", .crashed(signal: 0)), ("b1048577 ", .tooLarge),
        // A header that says two gigabytes; a frame and a byte more.
        ("g\u{7F}\u{7F}\u{7F}\u{7F}", .tooLarge), ("g\u{1}\u{0}\u{0}\u{0}A\u{0}", .crashed(signal: 0)),
    ])
    func aPageCostsItself(page: String, fault: ParserFault) async throws {
        let pool = Probe.pool(children: 2, ParserLimits(answerBytes: 1 << 20))
        let bystander = Task {
            for number in 0..<100 { try await pool.expectEcho("\(number)") }
        }
        #expect(await pool.fault(page) == fault)
        try await bystander.value
        try await pool.expectEcho("after")
        await pool.close()
        #expect(try Probe.children().isEmpty)
    }

    @Test func aPageThatEatsMemoryCrashes() async throws {
        let pool = Probe.pool(ParserLimits(memoryBytes: 300 << 20))
        guard case .crashed(let signal) = await pool.fault("m") else {
            Issue.record("it had all the memory it wanted")
            return
        }
        #expect([SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS].contains(signal))
        try await pool.expectEcho("after")
        await pool.close()
    }

    @Test(arguments: [
        ("l", ParserLimits(wallTime: .seconds(100), cpuTime: .milliseconds(300))),
        ("w", ParserLimits(wallTime: .milliseconds(300), cpuTime: .seconds(100))),
    ])
    func aPageThatTakesTooLongIsEnded(page: String, limits: ParserLimits) async throws {
        let pool = Probe.pool(limits)
        #expect(await pool.fault(page) == .timeout)
        try await pool.expectEcho("after")
        await pool.close()
    }

    /// A page that waits costs no processor time, and those before it on the same child do not count.
    @Test func processorTimeIsThatOfOnePage() async throws {
        let pool = Probe.pool(ParserLimits(wallTime: .seconds(1), cpuTime: .milliseconds(200)))
        #expect(await pool.fault("w") == .timeout)
        let pid = try await pool.pid()
        for _ in 0..<40 { _ = try await pool.text("b30000000 ") }
        #expect(try await pool.pid() == pid)
        await pool.close()
    }

    @Test func aRequestOverTheLimitIsNotSent() async throws {
        let pool = Probe.pool(ParserLimits(requestBytes: 100))
        #expect(await pool.fault("e" + String(repeating: "x", count: 100)) == .tooLarge)
        #expect(try Probe.children().isEmpty)
        await pool.close()
    }

    @Test func whatAnIdleChildSaysEndsIt() async throws {
        let pool = Probe.pool()
        _ = try await pool.text("a")
        try await eventually("no children") { try Probe.children().isEmpty }
        try await pool.expectEcho("after")
        await pool.close()
    }

    @Test func aCrashOfAUsedChildIsTriedOnceMoreInANewOne() async throws {
        let pool = Probe.pool()
        _ = try await pool.text("e")
        #expect(await pool.fault("o") == nil)
        #expect(try await pool.text("n") == "2")
        #expect(await pool.fault("s11") == .crashed(signal: SIGSEGV))
        await pool.close()
    }

    @Test func aChildKilledBetweenPagesIsReplaced() async throws {
        let pool = Probe.pool()
        let pid = try await pool.pid()
        kill(pid, SIGKILL)
        let next = try await pool.pid()
        #expect(next != pid)
        kill(next, SIGKILL)
        try await eventually("no children") { try Probe.children().isEmpty }
        try await pool.expectEcho("after")
        await pool.close()
    }

    @Test func aChildKilledWithinAPage() async throws {
        let pool = Probe.pool()
        let used = try await pool.pid()
        let page = Task { await pool.fault("w") }
        kill(used, SIGKILL)
        // It must have the page before it dies of it: a child that ends before is no fault of the page.
        try await eventually("another child") {
            try !Probe.children().contains(used) && Probe.hasStoppedChild()
        }
        kill(try #require(try Probe.children().first), SIGKILL)
        #expect(await page.value == .crashed(signal: SIGKILL))
        await pool.close()
    }

    @Test func cancellationEndsTheChildOfItsPage() async throws {
        let pool = Probe.pool(children: 2)
        let page = Task { await pool.fault("w") }
        try await eventually("a page under way") { try Probe.hasStoppedChild() }
        let other = try await pool.pid()
        page.cancel()
        #expect(await page.value == .cancelled)
        try await eventually("one child") { try Probe.children() == [other] }
        #expect(try await pool.pid() == other)
        await pool.close()
    }

    @Test func cancelledBeforeItIsSent() async throws {
        let pool = Probe.pool()
        let busy = Task { await pool.fault("w") }
        try await eventually("a page under way") { try Probe.hasStoppedChild() }
        let waiting = Task { await pool.fault("e") }
        let never = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await pool.fault("e")
        }
        waiting.cancel()
        #expect(await waiting.value == .cancelled)
        #expect(await never.value == .cancelled)
        #expect(try Probe.children().count == 1)
        busy.cancel()
        #expect(await busy.value == .cancelled)
        await pool.close()
    }

    @Test func moreThanMayWaitAreRefused() async throws {
        let pool = Probe.pool(ParserLimits(waitingCallers: 2))
        let pages = (0..<5).map { _ in Task { await pool.fault("w") } }
        var refused = 0
        try await eventually("a page under way") { try Probe.hasStoppedChild() }
        await pool.close()
        for page in pages where await page.value == .unavailable("too many pages wait for a parser") { refused += 1 }
        // One page is at its child, or still waits for it to start.
        #expect((2...3).contains(refused))
    }

    @Test(arguments: ["/bin/true", "/nonexistent/parser", "/bin/cat"])
    func aProgramThatIsNoParserIsUnavailable(program: String) async throws {
        let pool = ParserPool(executable: program, children: 2)
        for _ in 0..<3 {
            guard case .unavailable = await pool.fault("e") else {
                Issue.record("\(program) has read a page")
                return
            }
        }
        await #expect(throws: ParserFault.self) { try await pool.verify() }
        await pool.close()
    }

    @Test func aKilledPoolLeavesNoChild() async throws {
        let pipe = try #require(Descriptors.pipe(capacity: 4096))
        let output = FileHandle(fileDescriptor: pipe.readEnd, closeOnDealloc: true)
        let host = try #require(
            ChildProcess.spawn(
                Probe.executable, ["host"], environment: [],
                descriptors: [.emptyInput, .copy(pipe.writeEnd), .discardedOutput]))
        close(pipe.writeEnd)
        let pid = try #require(pid_t(String(decoding: output.availableData, as: UTF8.self)))
        #expect(FileManager.default.fileExists(atPath: "/proc/\(pid)"))
        kill(host, SIGKILL)
        var status: Int32 = 0
        waitpid(host, &status, 0)
        try await eventually("end of the orphan") { !FileManager.default.fileExists(atPath: "/proc/\(pid)") }
    }

    @Test func descriptorsAndMemoryStayAsTheyAre() async throws {
        let pool = Probe.pool(children: 2)
        _ = try await pool.text("e")
        let before = try Probe.openDescriptors()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for page in 0..<250 {
                        if page % 10 == task {
                            #expect(await pool.fault("s11") == .crashed(signal: SIGSEGV))
                        } else {
                            try await pool.expectEcho("\(page)")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        await pool.close()
        #expect(try Probe.children().isEmpty)
        #expect(try Probe.openDescriptors() <= before)
    }

    @Test func aChildsMemoryStaysFlat() async throws {
        let pool = Probe.pool(ParserLimits(pagesPerChild: .max))
        let page = "e" + String(repeating: "x", count: 30_000)
        for _ in 0..<200 { _ = try await pool.text(page) }
        let pid = try await pool.pid()
        let before = try Probe.residentBytes(of: pid)
        for _ in 0..<10_000 { _ = try await pool.text(page) }
        // A large page leaves nothing behind.
        _ = try await pool.text("e" + String(repeating: "x", count: 16 << 20))
        for _ in 0..<10 { _ = try await pool.text(page) }
        #expect(try await pool.pid() == pid)
        #expect(try Probe.residentBytes(of: pid) - before < 2 << 20)
        await pool.close()
    }
}
