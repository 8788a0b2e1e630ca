import Testing

@testable import Jobs

@Suite struct StateGraphTests {
    private static let table: [(Transition, from: [JobStatus], to: [JobStatus])] = [
        (.release, [.scheduled], [.queued]),
        (.claim, [.queued], [.running]),
        (.retryLater, [.running, .stopping], [.scheduled]),
        (.handBack, [.running, .stopping], [.queued]),
        (.requestStop, [.running, .stopping], [.stopping]),
        (.cancel, [.scheduled, .queued], [.cancelled, .stopped]),
        (.refuse, [.queued], [.failed]),
        (.finish, [.running, .stopping], [.completed, .failed, .cancelled, .stopped]),
    ]

    @Test func everyTransitionLeavesAndReachesWhatTheGraphSays() {
        #expect(Self.table.map(\.0) == Transition.allCases)
        for (transition, sources, targets) in Self.table {
            #expect(transition.sources == sources, "\(transition)")
            #expect(transition.targets == targets, "\(transition)")
            #expect(transition.guardStatuses == sources.map(\.rawValue), "\(transition)")
        }
    }

    @Test func aTerminalStatusHasNoWayOut() {
        for status in JobStatus.allCases where status.isTerminal {
            #expect(!Transition.allCases.contains { $0.sources.contains(status) }, "\(status)")
        }
    }

    @Test func everyOtherStatusHasAWayOutAndEveryStatusAWayIn() {
        for status in JobStatus.allCases {
            if !status.isTerminal { #expect(Transition.allCases.contains { $0.sources.contains(status) }, "\(status)") }
            #expect(Transition.allCases.contains { $0.targets.contains(status) }, "\(status)")
        }
        #expect(JobStatus.allCases.filter(\.isTerminal) == [.completed, .failed, .cancelled, .stopped])
    }

    @Test func theDatabaseKnowsExactlyTheseStatuses() async throws {
        try await withStore { store in
            let rows = try await store.database.query(
                """
                SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint
                WHERE conrelid = to_regclass('jobs') AND conname = 'jobs_status_check'
                """)
            let definition = try rows[0].decode("text", as: String.self)
            let words = definition.split(separator: "'").enumerated().filter { $0.offset % 2 == 1 }.map { $0.element }
            #expect(Set(words.map(String.init)) == Set(JobStatus.allCases.map(\.rawValue)))
        }
    }
}
