import Crypto
import Foundation
import JSON
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite struct EmbeddingTests {
    @Test func aModelsRevisionHasOneSpaceInANamespace() async throws {
        try await withSpace { store, space, fence in
            #expect(try await store.space(fence) == space)
            let others = [
                try await store.space(fence, namespace: "other"), try await store.space(fence, revision: "2"),
            ]
            #expect(Set(others.map(\.id) + [space.id]).count == 3)
            let all = try await EmbeddingSpace.all(namespace: "default", model: "probe", limit: 9, in: store.database)
            #expect(all == [others[1], space], "the newest first, and none of another namespace")
            await #expect(throws: PostgresError.self) {
                try await store.within(fence) {
                    try EmbeddingSpace.open(namespace: "default", model: "probe", revision: "1", dimensions: 5, $0)
                }
            }
        }
    }

    @Test func aSourceIsSearchedOnceItIsWhole() async throws {
        try await withSpace { store, space, fence in
            let text = "one two three"
            let start = try await store.begin(source("a", text: text), space, fence)
            guard case .open(let open) = start else { throw NotClaimed() }
            #expect(open.written == 0)
            let all = pieces(of: text)
            #expect(try await space.known(all.map(\.hash), in: store.database) == [])
            let first = Array(all.prefix(2))
            for _ in 1...2 {
                let count = try await store.within(fence) {
                    try space.write(first, vectors: vectors(of: first), to: open, $0)
                }
                #expect(count == 2, "written twice it is there once")
            }
            #expect(try await space.known(all.map(\.hash), in: store.database) == Set(first.map(\.hash)))
            #expect(try await store.searched() == [])

            // A later attempt needs no vector anew.
            let again = try await store.begin(source("a", text: text), space, fence)
            guard case .open(let rest) = again else { throw NotClaimed() }
            #expect(rest.written == 2 && rest.id == open.id)
            // Twice, as when nobody knows whether it was committed.
            for _ in 1...2 {
                try await store.within(fence) {
                    try space.finish(rest, with: [all[2]], vectors: vectors(of: [all[2]]), of: 3, $0)
                }
            }
            #expect(try await store.searched() == ["a one two three"])
            #expect(try await store.searchedCounts(of: fence.job) == [1, 3, 11])
            #expect(
                try await store.begin(source("a", text: text), space, fence) == .repeated(chunks: 3, tokens: 11))
            // Another job's own version is in place: what is repeated now is of no use.
            let next = try await store.run()
            try await store.embed("a", text: "four", space, next)
            await #expect(throws: PostgresError.self) {
                try await store.within(fence) {
                    try space.finish(rest, with: [all[2]], vectors: vectors(of: [all[2]]), of: 3, $0)
                }
            }
            #expect(try await store.searched() == ["a four"])
        }
    }

    @Test func aVectorThatIsThereIsNotNeededAgain() async throws {
        try await withSpace { store, space, fence in
            try await store.embed("a", text: "one two", space, fence)
            let start = try await store.begin(source("b", text: "two one three"), space, fence)
            guard case .open(let open) = start else { throw NotClaimed() }
            let all = pieces(of: "two one three")
            let error = await #expect(throws: MissingVectors.self) {
                _ = try await store.within(fence) { try space.write(all, vectors: [], to: open, $0) }
            }
            #expect(error?.hashes == [all[2].hash])
            let count = try await store.within(fence) {
                try space.write(all, vectors: vectors(of: [all[2]]) + vectors(of: pieces(of: "unwanted")), to: open, $0)
            }
            #expect(count == 3)
            #expect(try await store.embeddingRows() == [2, 5, 3], "of a text that no chunk has, nothing is kept")
        }
    }

    @Test func whatCannotBeAVectorIsRefused() async throws {
        try await withSpace { store, space, fence in
            let all = pieces(of: "one")
            guard case .open(let open) = try await store.begin(source("a", text: "one"), space, fence) else {
                throw NotClaimed()
            }
            for bad: [Float] in [
                [1, 0, 0], [1, 0, 0, 0, 0], [2, 0, 0, 0], [.nan, 0, 0, 0], [.infinity, 0, 0, 0], [0, 0, 0, 0],
            ] {
                let vector = EmbeddedVector(hash: all[0].hash, vector: bad, tokens: 1)
                let error = await #expect(throws: PostgresError.self, "\(bad)") {
                    _ = try await store.within(fence) { try space.write(all, vectors: [vector], to: open, $0) }
                }
                #expect(error?.kind == .usage)
            }
            #expect(try await store.embeddingRows() == [1, 0, 0])
        }
    }

    @Test func textsWithNULAreKept() async throws {
        try await withSpace { store, space, fence in
            let chunk = EmbeddedChunk(ordinal: 0, start: 0, end: 3, headings: ["\0"], text: "a\0b")
            var named = source("a", text: "a\0b")
            named.title = "\0"
            guard case .open(let open) = try await store.begin(named, space, fence) else { throw NotClaimed() }
            try await store.within(fence) { session in
                try space.finish(open, with: [chunk], vectors: vectors(of: [chunk]), of: 1, session)
            }
            #expect(try await store.searched() == ["a a\u{FFFD}b"])
        }
    }

    @Test func aLaterVersionTakesThePlaceOfAnEarlierOne() async throws {
        try await withSpace { store, space, fence in
            let labels: JSON = ["set": "docs", "lang": "en"]
            try await store.embed("a", text: "one two", labels: labels, space, fence)
            try await store.embed("b", text: "kept", labels: labels, space, fence)
            let next = try await store.run()
            // Of another set, with no labels, and of another chunker: the last one alone is a version of the first.
            try await store.embed("a", text: "other set", labels: ["set": "own"], space, next)
            try await store.embed("a", text: "no set", space, next)
            #expect(try await store.searched() == ["a one two", "a other set", "a no set", "b kept"])
            let start = try await store.begin(
                source("a", text: "one two", chunker: "2", labels: ["lang": "en", "set": "docs"]), space, next)
            guard case .open(let open) = start else { throw NotClaimed() }
            let all = pieces(of: "one two")
            _ = try await store.within(next) { try space.write(all, vectors: [], to: open, $0) }
            #expect(try await store.searched().first == "a one two", "the old one until the new one is whole")
            try await store.within(next) { try space.finish(open, of: 2, $0) }
            #expect(try await store.searched().count == 4)
            #expect(try await store.searchedCounts(of: fence.job)[0] == 1)
            #expect(try await store.searchedCounts(of: next.job)[0] == 3)
        }
    }

    @Test func whoeverIsLastHasItsVersionSearched() async throws {
        try await withSpace { store, space, fence in
            let next = try await store.run()
            var open: [OpenSource] = []
            for (fence, text) in [(fence, "old text"), (next, "new text")] {
                guard case .open(let source) = try await store.begin(source("a", text: text), space, fence) else {
                    throw NotClaimed()
                }
                let all = pieces(of: text)
                _ = try await store.within(fence) { try space.write(all, vectors: vectors(of: all), to: source, $0) }
                open.append(source)
            }
            #expect(open[0].id != open[1].id)
            let (first, second) = (open[0], open[1])
            try await store.within(next) { try space.finish(second, of: 2, $0) }
            try await store.within(fence) { try space.finish(first, of: 2, $0) }
            #expect(try await store.searched() == ["a old text"])
            try await store.within(next) { try space.finish(second, of: 2, $0) }
            #expect(try await store.searched() == ["a old text"], "a call that is repeated late changes nothing")
        }
    }

    @Test func theSameTextIsNotCutTwice() async throws {
        try await withSpace { store, space, fence in
            try await store.embed("a", text: "one two", space, fence)
            let next = try await store.run()
            #expect(
                try await store.begin(source("b", text: "one two", labels: ["set": "x"]), space, next)
                    == .unchanged(chunks: 2, tokens: 6))
            #expect(try await store.searched() == ["a one two", "b one two"])
            #expect(try await store.embeddingRows() == [2, 4, 2])
            // What is unchanged belongs to the job that came across it last.
            #expect(
                try await store.begin(source("a", text: "one two"), space, next) == .unchanged(chunks: 2, tokens: 6))
            #expect(try await store.searchedCounts(of: next.job)[0] == 2)
            let other = try await store.space(next, namespace: "other")
            guard case .open = try await store.begin(source("a", text: "one two"), other, next) else {
                Issue.record("another namespace has nothing to do with it")
                return
            }
        }
    }

    @Test func aSourceThatLacksChunksIsNeverTakenForEmbedded() async throws {
        try await withSpace { store, space, fence in
            let text = "one two three"
            let sound = pieces(of: text).filter { $0.ordinal != 1 }
            guard case .open(let open) = try await store.begin(source("a", text: text), space, fence) else {
                throw NotClaimed()
            }
            try await store.within(fence) { session in
                try space.write([sound[0]], vectors: vectors(of: [sound[0]]), to: open, session)
                try space.finish(open, with: [sound[1]], vectors: vectors(of: [sound[1]]), of: 3, session)
            }
            #expect(try await store.searched() == ["a one three"], "what is there is found")
            // The gap is not copied, and neither this job nor a later one is told that there is nothing to do.
            let next = try await store.run()
            for (key, fence) in [("b", next), ("a", fence), ("a", next)] {
                guard case .open = try await store.begin(source(key, text: text), space, fence) else {
                    Issue.record("\(key) is not to be done")
                    return
                }
            }
            try await store.embed("a", text: text, space, next)
            #expect(try await store.searched() == ["a one two three"])
            #expect(
                try await store.begin(source("a", text: text), space, fence) == .unchanged(chunks: 3, tokens: 11))
        }
    }

    @Test func aVersionWithoutAnySoundChunkTakesNoPlace() async throws {
        try await withSpace { store, space, fence in
            try await store.embed("a", text: "one two", space, fence)
            let next = try await store.run()
            for (key, count) in [("a", 1), ("b", 1)] {
                guard case .open(let open) = try await store.begin(source(key, text: "three"), space, next) else {
                    throw NotClaimed()
                }
                for _ in 1...2 { try await store.within(next) { try space.finish(open, of: count, $0) } }
            }
            #expect(try await store.searched() == ["a one two"])
            // But a text that has nothing to embed does.
            guard case .open(let empty) = try await store.begin(source("a", text: ""), space, next) else {
                throw NotClaimed()
            }
            try await store.within(next) { try space.finish(empty, of: 0, $0) }
            #expect(try await store.searched() == [])
            while try await store.forgetReplacedSources(limit: 9) {}
            #expect(try await store.embeddingRows() == [1, 0, 0])
        }
    }

    @Test func aSourceIsLockedInItsSpaceAlone() async throws {
        try await withSpace { store, space, fence in
            let other = try await store.space(fence, namespace: "other")
            let counts = try await store.within(fence) { session in
                try [space, space, other].map { space in
                    _ = try space.begin([source("a", text: "one")], job: fence.job, session)
                    let rows = try session.query(
                        "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
                    return try rows[0].decode("n", as: Int.self)
                }
            }
            #expect(counts[1] == counts[0] && counts[2] == counts[1] + 1)
        }
    }

    @Test func aTextThatChangedBetweenAttemptsBeginsAnew() async throws {
        try await withSpace { store, space, fence in
            guard case .open(let open) = try await store.begin(source("a", text: "one two"), space, fence) else {
                throw NotClaimed()
            }
            let all = pieces(of: "one two")
            _ = try await store.within(fence) { try space.write(all, vectors: vectors(of: all), to: open, $0) }
            let start = try await store.begin(source("a", text: "three"), space, fence)
            guard case .open(let anew) = start else { throw NotClaimed() }
            #expect(anew.written == 0 && anew.id != open.id)
            await #expect(throws: PostgresError.self) {
                _ = try await store.within(fence) { try space.write(all, vectors: [], to: open, $0) }
            }
        }
    }

    @Test func aForgottenJobTakesWithItWhatNoOtherNeeds() async throws {
        try await withSpace { store, space, fence in
            try await store.embed("a", text: "one two three", space, fence)
            try await store.embed("b", text: "unchanged", space, fence)
            let next = try await store.run()
            try await store.embed("c", text: "two three four", space, next)
            try await store.embed("b", text: "unchanged", space, next)
            #expect(try await store.embeddingRows() == [3, 7, 5])
            #expect(try await store.deleteEmbeddings(of: [UUID()], limit: 2) == false)
            while try await store.deleteEmbeddings(of: [fence.job], limit: 1) {}
            #expect(try await store.searched() == ["b unchanged", "c two three four"])
            while try await store.forgetReplacedSources(limit: 2) {}
            #expect(try await store.embeddingRows() == [2, 4, 4], "only the text `one` had no other chunk")
            while try await store.deleteEmbeddings(of: [next.job], limit: 1) {}
            while try await store.forgetReplacedSources(limit: 2) {}
            #expect(try await store.embeddingRows() == [0, 0, 0])
        }
    }

    @Test func aSourceThatIsTakenOverMeanwhileHidesNoOther() async throws {
        try await withSpace { store, space, fence in
            try await store.embed("a", text: "one", space, fence)
            try await store.embed("b", text: "two", space, fence)
            let next = try await store.run()
            let hasTaken = Gate()
            let taker = Task {
                try await store.within(next) { session in
                    _ = try space.begin([source("a", text: "one")], job: next.job, session)
                    hasTaken.open()
                    // Until the other one waits for this row, or has passed it.
                    for _ in 1...1000
                    where
                        !(try session.query(
                            "SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
                        ).isEmpty)
                    { break }
                }
            }
            await hasTaken.pass()
            while try await store.deleteEmbeddings(of: [fence.job], limit: 1) {}
            try await taker.value
            #expect(try await store.searched() == ["a one"])
        }
    }

    @Test func writersAndTheBroomDoNotLoseVectors() async throws {
        try await withSpace { store, space, fence in
            // Each round replaces the source before, while the broom takes away what was replaced: the same few texts over and over.
            let broom = Task {
                while !Task.isCancelled { _ = try await store.forgetReplacedSources(limit: 3) }
            }
            let words = ["one", "two", "three", "four", "five", "six"]
            for round in 0..<60 {
                let text = (0..<3).map { words[(round + 2 * $0) % words.count] }.joined(separator: " ")
                try await store.embed("a", text: text, chunker: "\(round)", space, fence)
                #expect(try await store.searched() == ["a " + text])
            }
            broom.cancel()
            if case .failure(let error) = await broom.result {
                #expect((error as? PostgresError)?.kind == .cancelled, "\(error)")
            }
            while try await store.forgetReplacedSources(limit: 3) {}
            #expect(try await store.embeddingRows() == [1, 3, 3])
            #expect(
                try await store.count(
                    "SELECT count(*) AS n FROM embedding_chunks c WHERE NOT EXISTS (SELECT 1 FROM embedding_vectors v WHERE v.id = c.vector)"
                ) == 0)
        }
    }

    @Test func aWorkerThatLostTheJobWritesNothing() async throws {
        try await withSpace { store, space, fence in
            try await store.expireLeases()
            _ = try await store.reap()
            let lost = try await store.transaction(under: fence) {
                try space.begin([source("a", text: "one")], job: fence.job, $0)
            }
            #expect(lost == nil)
            #expect(try await store.embeddingRows() == [0, 0, 0])
        }
    }
}
