import DocumentsWorker
import Foundation
import Markup
import TestKit
import Testing

/// What happens to the processes: none outlives its document, its worker or its deadline.
@Suite(.serialized)
struct ChildTests {
    /// An extractor of its own, so that its helper is the only one with this parent and marker.
    private func start(
        _ limits: ExtractionLimits = ExtractionLimits(), extractor: Extractor? = nil
    ) async throws -> (helper: pid_t, child: pid_t, task: Task<ExtractionError?, Never>) {
        // Other suites share one helper, which must not be taken for this one's.
        _ = try await Fixture.extractor.sample("sample.txt")
        let before = Set(Processes.children(of: getpid()))
        let extractor = extractor ?? Extractor(executable: Fixture.executable)
        let file = try ScratchFile(makePDF([slowPage]))
        let task = Task { await withKeptAlive(file) { await extractor.failure(file.path, limits: limits) } }
        let helper = try await eventually("helper") {
            Processes.children(of: getpid()).first { !before.contains($0) }
        }
        let child = try await eventually("child") { Processes.children(of: helper).first }
        return (helper, child, task)
    }

    private func withKeptAlive<Value>(_ file: ScratchFile, _ body: () async -> Value) async -> Value {
        let result = await body()
        withExtendedLifetime(file) {}
        return result
    }

    @Test func theSandboxRefuses() async throws {
        try await Fixture.extractor.verifySandbox()
    }

    @Test func aHelperThatIsNoWorkerIsUnavailable() async {
        let error = await Extractor(executable: "/bin/true").failure(Fixture.path("sample.pdf"))
        #expect(error?.code == .unavailable)
    }

    @Test func wallTimeEndsEvenAStoppedChild() async throws {
        var limits = ExtractionLimits()
        limits.wallTime = .seconds(2)
        let (_, child, task) = try await start(limits)
        kill(child, SIGSTOP)
        #expect(await task.value?.code == .timedOut)
        #expect(!Processes.isAlive(child))
    }

    @Test func cancellationEndsTheChild() async throws {
        let (_, child, task) = try await start()
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(!Processes.isAlive(child))
    }

    @Test func cancelledBeforeItStarts() async throws {
        let extractor = Extractor(executable: Fixture.executable)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await extractor.failure(Fixture.path("sample.pdf"))
        }
        #expect(await task.value?.code == .cancelled)
    }

    @Test func aSignalIsACrash() async throws {
        // Each of the reads of the only page ends by a signal: the document has no page left.
        let (helper, _, task) = try await start()
        let killer = Task {
            while !Task.isCancelled {
                for child in Processes.children(of: helper) { kill(child, SIGSEGV) }
                await Task.yield()
            }
        }
        #expect(await task.value?.code == .crashed)
        killer.cancel()
    }

    @Test func aLostHelperIsReplacedAndTheDocumentTriedOnceMore() async throws {
        let extractor = Extractor(executable: Fixture.executable)
        var limits = ExtractionLimits()
        limits.wallTime = .seconds(60)
        let (helper, child, task) = try await start(limits, extractor: extractor)
        let others = Set(Processes.children(of: getpid()))
        kill(helper, SIGKILL)
        _ = try await eventually("end of the orphan") { Processes.isAlive(child) ? nil : true }
        let second = try await eventually("second helper") {
            Processes.children(of: getpid()).first { !others.contains($0) && !Processes.children(of: $0).isEmpty }
        }
        kill(second, SIGKILL)
        #expect(await task.value?.code == .unavailable)
        #expect(try await extractor.sample("sample.pdf").pages.count == 3)
    }

    @Test func theHelperGoesWithTheExtractor() async throws {
        let before = Set(Processes.children(of: getpid()))
        func use() async throws -> [pid_t] {
            let extractor = Extractor(executable: Fixture.executable)
            _ = try await extractor.sample("sample.txt")
            return Processes.children(of: getpid()).filter { !before.contains($0) }
        }
        let helpers = try await use()
        #expect(!helpers.isEmpty)
        _ = try await eventually("end of the helper") { helpers.contains(where: Processes.isAlive) ? nil : true }
    }

    @Test func aKilledWorkerLeavesNoProcess() async throws {
        let file = try ScratchFile(makePDF([slowPage]))
        let worker = Process()
        worker.executableURL = URL(filePath: Fixture.executable)
        worker.arguments = ["extract", file.path]
        worker.standardOutput = FileHandle.nullDevice
        worker.standardError = FileHandle.nullDevice
        try worker.run()
        let pid = worker.processIdentifier
        let helper = try await eventually("helper") { Processes.children(of: pid).first }
        let child = try await eventually("child") { Processes.children(of: helper).first }
        // A stopped helper cannot see the end of its socket; the signal at the parent's death does not need it to.
        kill(helper, SIGSTOP)
        kill(pid, SIGKILL)
        _ = try await eventually("end of all") { Processes.isAlive(helper) || Processes.isAlive(child) ? nil : true }
        // Foundation frees a process once it has seen its end, and no sooner.
        _ = try await eventually("end of the worker") { worker.isRunning ? nil : true }
        withExtendedLifetime(file) {}
    }
}
