import AMQP
import Crypto
import Foundation
import JSON
import Postgres
import TestKit
import Testing

@testable import Jobs

/// Secret fields of specs: sealed wherever they are stored, whichever way they come.
@Suite struct SecretTests {
    private static let secret = "Bearer 9d41c0ffee"
    private static let spec: JSON = ["pages": 1, "headers": ["Authorization": .string(secret)]]
    private static let schema: JSON = [
        "type": "object", "required": ["pages"],
        "properties": [
            "pages": ["type": "integer"], "note": ["type": "string"],
            "headers": [
                "type": "object", "additionalProperties": ["type": "string", "maxLength": 20, "x-secret": true],
            ],
        ],
    ]

    private let box = SecretBox(key: [UInt8](repeating: 7, count: SecretBox.keyLength))

    private func catalogue(_ vault: SpecVault? = nil) throws -> TypeCatalogue {
        let type = try JobType(
            name: "probe", version: 1, description: "", specSchema: Self.schema, policy: JobPolicy(maxAttempts: 4))
        return TypeCatalogue([type], vault: vault ?? SpecVault(box))
    }

    private func job(_ spec: JSON = spec, more: JSONObject = [:]) -> JSON {
        var job: JSONObject = ["type": "probe", "spec": spec]
        for (name, value) in more { job[name] = value }
        return .object(job)
    }

    private func read(
        _ json: JSON, namespace: String = "default", from origin: SpecOrigin = .client, vault: SpecVault? = nil
    ) throws -> Submission {
        try Submission.read(
            json, id: UUIDv7.generate(), namespace: namespace, catalogue: catalogue(vault), from: origin)
    }

    private func opened(_ spec: [UInt8]?, namespace: String = "default") throws -> JSON {
        let type = try #require(try catalogue().types["probe"])
        return try SpecVault(box).open(JSON.parse(#require(spec)), by: type.validator, namespace: namespace)
    }

    private func expectSealed(_ bytes: [UInt8], _ sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(!bytes.text.contains("c0ffee") && bytes.text.contains("sealed:v1:"), sourceLocation: sourceLocation)
    }

    @Test func aSubmissionAndItsCommandAreSealed() throws {
        let submission = try read(job())
        expectSealed(submission.spec)
        expectSealed(Command(submission).message.body)
        #expect(try opened(submission.spec) == Self.spec)
        #expect(try read(job()).spec != submission.spec, "equal secrets do not look alike")
    }

    @Test func readersSeeTheMask() throws {
        let submission = try read(job())
        var writer = JSONWriter()
        Job(submission, createdAt: Date()).write(to: &writer)
        #expect(try JSON.parse(writer.bytes)["spec"] == ["pages": 1, "headers": ["Authorization": "***"]])
        let sealed = String(decoding: submission.spec, as: UTF8.self)
        for cut in [sealed.utf8.count - 3, sealed.utf8.count - 40] {
            let shown = Redaction.hide(Array(sealed.utf8.prefix(cut))).text
            #expect(shown.hasSuffix("\"***") && !shown.contains("sealed"), "text that was cut off")
        }
        for text in ["", "{}", #"{"a":"b"}"#, #"{"a":"sealed"}"#, #"{"a":"was sealed:v1:x"}"#] {
            #expect(Redaction.hide(Array(text: text)).text == text)
        }
        #expect(Redaction.hide(Array(text: #"["sealed:v1:a_-Z9","sealed:v1:","x"]"#)).text == #"["***","***","x"]"#)
    }

    @Test func uniquenessDoesNotDependOnTheNonce() throws {
        let unique: JSONObject = ["unique": ["for": "active"]]
        let first = try read(job(more: unique))
        #expect(try read(job(more: unique)).uniqueness == first.uniqueness)
        let stored = job(try JSON.parse(first.spec), more: unique)
        #expect(try read(stored, from: .stored).uniqueness == first.uniqueness)
        let other: JSON = ["pages": 1, "headers": ["Authorization": "Bearer other"]]
        #expect(try read(job(other, more: unique)).uniqueness != first.uniqueness)
    }

    /// Values of a client, and what is said about them.
    @Test(arguments: [
        ("sealed:v1:AAAA", "must not begin with"), ("sealed:", "must not begin with"),
        ("***", "give the secret itself"),
        ("a text that is too long", "at most 20"),
    ])
    func whatCannotBeMeantIsRefused(_ text: String, _ message: String) throws {
        let error = #expect(throws: SubmissionError.self) {
            try read(job(["pages": 1, "headers": ["a": .string(text)]]))
        }
        #expect(error?.kind == .invalidSpec && error?.violations.first?.pointer == "/spec/headers/a")
        #expect(error?.violations.first?.message.contains(message) == true)
        #expect(text.utf8.count < 8 || error?.description.contains(text) == false, "a message quotes no secret")
    }

    @Test func otherFieldsMayLookSealed() throws {
        let spec: JSON = ["pages": 1, "note": "sealed:v1:AAAA"]
        #expect(try JSON.parse(try read(job(spec)).spec) == spec)
    }

    @Test func whatWasSealedForOthersDoesNotOpen() throws {
        let sealed = try JSON.parse(try read(job(), namespace: "theirs").spec)
        #expect(throws: SubmissionError.self) { try read(job(sealed)) }
        let error = #expect(throws: SubmissionError.self) { try read(job(sealed), from: .stored) }
        #expect(error?.kind == .invalidSpec && error?.violations.first?.pointer == "/spec/headers/Authorization")
        #expect(
            try opened(read(job(sealed), namespace: "theirs", from: .stored).spec, namespace: "theirs") == Self.spec)
        // A namespace that is the beginning of another is not that one.
        #expect(throws: SubmissionError.self) { try read(job(sealed), namespace: "their", from: .stored) }
    }

    @Test func withoutAKeyOnlySecretsAreRefused() throws {
        #expect(try JSON.parse(read(job(["pages": 1]), vault: SpecVault()).spec) == ["pages": 1])
        for origin in [SpecOrigin.client, .stored] {
            let error = #expect(throws: SubmissionError.self) { try read(job(), from: origin, vault: SpecVault()) }
            #expect(error?.kind == .noSealingKey && error?.detail.contains("SWITCHYARD_WEBHOOK_KEY") == true)
        }
        let sealed = job(try JSON.parse(read(job()).spec))
        #expect(throws: SubmissionError.self) { try read(sealed, from: .stored, vault: SpecVault()) }
    }

    @Test func strangersCommandsAreSealedAndOurOwnOnesTakenBack() throws {
        let id = UUIDv7.generate()
        let body = JSON.object([
            "id": .string(id.text), "namespace": "default", "type": "probe", "spec": Self.spec,
        ]).serialized()
        let adopted = try Command.read(Message(body: body), catalogue: catalogue())
        expectSealed(adopted.spec)
        // A dispatcher's command whose row is lost.
        let own = try Command.read(Command(adopted).message, catalogue: catalogue())
        #expect(try opened(own.spec) == Self.spec)
    }

    @Test func deadCommandsAreSealedAsFarAsTheyCanBe() throws {
        let (catalogue, id) = (try catalogue(), UUIDv7.generate().text)
        func sealed(_ json: JSON) -> [UInt8] { catalogue.sealed(command: json.serialized(), type: "probe") }
        let command: JSON = [
            "id": .string(id), "namespace": "default", "type": "probe", "spec": Self.spec, "colour": 1,
        ]
        let once = sealed(command)
        expectSealed(once)
        #expect(catalogue.sealed(command: once, type: "probe") == once, "what is sealed stays as it is")
        #expect(Redaction.hide(once) == Redaction.hide(sealed(command)), "the same letter, whoever has sealed it")
        for wrong in [["a": [.string(Self.secret)]], ["a": ["v": .string(Self.secret)]]] as [JSON] {
            expectSealed(sealed(["spec": ["headers": wrong]]))
        }
        for text in [#"{"id":"#, "[]", #"{"type":"other","spec":{"headers":{"a":"x"}}}"#, #"{"spec":{"pages": 1}}"#] {
            #expect(catalogue.sealed(command: Array(text: text), type: "probe").text == text)
        }
        let malformed = Array(text: #"{"spec":{"headers":{"a": Bearer-9d41c0ffee}}}"#)
        let error = #expect(throws: CommandError.self) {
            try Command.read(Message(body: malformed), catalogue: catalogue)
        }
        #expect(error?.reason == "malformed" && error?.detail.contains("9d41c0ffee") == false)
    }

    @Test func schedulesKeepSecretsSealedAndSubmitThem() async throws {
        try await withStore { store in
            let catalogue = try catalogue()
            let asked: JSON = ["cron": "0 0 1 1 *", "job": job(), "catch_up": "last"]
            let definition = try ScheduleDefinition.read(asked, namespace: "default", catalogue: catalogue)
            expectSealed(definition.job.serialized())
            let id = UUIDv7.generate()
            _ = try await store.create(definition, id: id, namespace: "default", most: 10)
            let schedule = try #require(try await store.schedule(id, namespace: "default"))
            var writer = JSONWriter()
            schedule.write(to: &writer)
            #expect(try JSON.parse(writer.bytes)["job"]?["spec"]?["headers"] == ["Authorization": "***"])
            // A change of something else leaves the secret as it is, and asks nobody for it.
            let merged = schedule.definition.merging(["name": "n"])
            let changed = try ScheduleDefinition.read(
                merged, namespace: "default", catalogue: catalogue, from: .stored)
            #expect(changed.job == schedule.definition.job)
            #expect(throws: SubmissionError.self) {
                try ScheduleDefinition.read(merged, namespace: "default", catalogue: catalogue)
            }
            try await store.database.query("UPDATE schedules SET next_at = date_trunc('year', now())")
            let firing = try #require(try await store.fire(id, catalogue: catalogue))
            let made = try #require(firing.jobs.first)
            let fired = try #require(try await store.job(made))
            expectSealed(try #require(fired.spec))
            #expect(try opened(fired.spec) == Self.spec)
        }
    }

    @Test func workflowsKeepSecretsSealedFillThemInAndRetryThem() async throws {
        try await withStore { store in
            let catalogue = try catalogue()
            let id = UUIDv7.generate()
            let second: JSON = [
                "pages": ["$ref": "#/jobs/a/result/count"],
                "headers": ["Authorization": .string(Self.secret), "X-Token": ["$ref": "#/jobs/a/result/token"]],
            ]
            let definition = try WorkflowDefinition.read(
                ["jobs": ["a": job(), "b": job(second)]], namespace: "default", workflow: id, catalogue: catalogue)
            _ = try await store.start(definition, id: id, namespace: "default")
            let workflow = TestWorkflow(id: id, store: store, catalogue: catalogue)
            try await workflow.settle()
            // An answer that looks sealed is a text like another: it is sealed, and never opened.
            let forged = try #require(try JSON.parse(read(job()).spec)["headers"]?["Authorization"]?.stringValue)
            try await workflow.end("a", result: ["count": 7, "token": .string(String(forged.prefix(20)))])
            try await workflow.settle()
            let filled = try await workflow.job("b")
            #expect(filled.status == .queued)
            expectSealed(try #require(filled.spec))
            #expect(
                try opened(filled.spec) == [
                    "pages": 7,
                    "headers": ["Authorization": .string(Self.secret), "X-Token": .string(String(forged.prefix(20)))],
                ])
            try await workflow.end("b", .failed)
            try await workflow.settle()
            let retried = UUIDv7.generate()
            let retry = try await store.retryWorkflow(id, namespace: "default", as: retried, catalogue: catalogue)
            guard case .created = retry else { throw NotClaimed() }
            let again = TestWorkflow(id: retried, store: store, catalogue: catalogue)
            try await again.settle()
            #expect(try opened(try await again.job("b").spec)["headers"]?["Authorization"]?.stringValue == Self.secret)
            let texts = try await store.database.query(
                "SELECT definition::text AS t FROM workflow_steps UNION ALL SELECT spec::text FROM jobs")
            #expect(texts.count == 7)
            for row in texts { expectSealed(Array(text: try row.decode("t"))) }
        }
    }

    @Test func copiesOfAJobStaySealed() async throws {
        try await withStore { store in
            let submission = try read(job())
            _ = try await store.submit([(submission, .zero)])
            let fence = try await store.claimOne(submission.id)
            _ = try await store.write([.outcome(fence, ending(.failed, "failed"))])
            for repetition in [Repetition.retry, .rerun, .restart(checkpoint: nil, parallelism: nil)] {
                let copy = UUIDv7.generate()
                let outcome = try await store.repeat(
                    RepeatSource(submission.id, as: copy), namespace: "default", repetition)
                #expect(outcome == .created(copy))
                let spec = try #require(try await store.job(copy)?.spec)
                expectSealed(spec)
                #expect(try opened(spec) == Self.spec)
            }
        }
    }
}
