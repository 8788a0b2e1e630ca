import AMQP
import Crypto
import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct CommandTests {
    private let id = "01900000-0000-7000-8000-000000000001"

    private func catalogue() throws -> TypeCatalogue { TypeCatalogue([try probeType(), try probeType("other")]) }

    @Test func aDispatchersCommandIsCompleteInItself() async throws {
        try await withStore { store in
            var job = submission(priority: .high, labels: ["a": "b"])
            job.spec = Array(text: #"{"pages":2,"mode":"slow"}"#)
            job.name = "name"
            job.parentID = UUIDv7.generate()
            job.traceID = "trace"
            _ = try await store.submit([(job, .zero)])
            let fromRow = try #require(try await store.undispatched(type: "probe", limit: 1).commands.first)
            for command in [Command(job), fromRow] {
                #expect(command.message.isPersistent && command.type == "probe" && command.id == job.id)
                #expect(Command.dispatchedID(command.message) == job.id)
                #expect(Command.crashes(command.message) == 0)
                let read = try Command.read(command.message, catalogue: catalogue())
                #expect(read.id == job.id && read.namespace == "default" && read.type == "probe")
                #expect(read.name == "name" && read.parentID == job.parentID && read.traceID == "trace")
                #expect(read.priority == .high && read.labels == job.labels)
                #expect(read.maxAttempts == 4 && read.timeoutSeconds == 60)
                #expect(try JSON.parse(read.spec) == JSON.parse(job.spec))
            }
        }
    }

    @Test func theCommandOfASuspectSaysSo() async throws {
        try await withStore { store in
            let fence = try await store.run()
            try await store.expireLeases()
            _ = try await store.reap()
            let command = try #require(try await store.undispatched(type: "probe", limit: 1).commands.first)
            #expect(command.id == fence.job && Command.crashes(command.message) == 1)
        }
    }

    @Test func aStrangersCommandIsNotADispatchers() {
        #expect(Command.dispatchedID(Message(body: [], messageID: id)) == nil)
        #expect(Command.dispatchedID(Message(body: [], appID: Topics.dispatcher)) == nil)
        #expect(Command.dispatchedID(Message(body: [], messageID: "x", appID: Topics.dispatcher)) == nil)
    }

    @Test func badCommandsAreDeadWithTheirReason() throws {
        let good = #""id":"\#(id)","namespace":"n","type":"probe","spec":{"pages":1}"#
        let cases: [(body: String, reason: String, says: String, hasJob: Bool)] = [
            ("{", "malformed", "not JSON", false),
            ("", "malformed", "not JSON", false),
            ("[1]", "malformed", "JSON object", false),
            (#"{"type":"probe","namespace":"n"}"#, "invalid_field", "/id", false),
            (#"{"id":"7","type":"probe","namespace":"n"}"#, "invalid_field", "/id", false),
            (#"{"id":7,"type":"probe","namespace":"n"}"#, "invalid_field", "/id", false),
            (#"{"id":"\#(id)","type":"probe"}"#, "invalid_field", "/namespace", true),
            (#"{"id":"\#(id)","type":"probe","namespace":""}"#, "invalid_field", "/namespace", true),
            (#"{"id":"\#(id)","type":"no","namespace":"n"}"#, "unknown_type", "Known types: other, probe", true),
            (
                #"{"id":"\#(id)","type":"probe","namespace":"n","spec":{"pages":0}}"#, "invalid_spec", "/spec/pages",
                true
            ),
            (#"{"id":"\#(id)","type":"probe","namespace":"n"}"#, "invalid_spec", "/spec", true),
            (#"{\#(good),"colour":"red"}"#, "invalid_field", "colour", true),
            (#"{\#(good),"schema":2}"#, "unknown_schema", "2", false),
            (#"{\#(good),"schema":"2"}"#, "unknown_schema", "2", false),
            (#"{\#(good),"schema":null}"#, "unknown_schema", "null", false),
        ]
        for (body, reason, says, hasJob) in cases {
            do {
                _ = try Command.read(Message(body: Array(text: body)), catalogue: catalogue())
                Issue.record("accepted: \(body)")
            } catch let error as CommandError {
                #expect(error.reason == reason, "\(body)")
                #expect(error.detail.contains(says), "\(body): \(error.detail)")
                #expect((error.job != nil) == hasJob, "\(body)")
            }
        }
    }

    @Test func aStrangersCommandIsFilledIn() throws {
        let body = #"{"schema":1,"id":"\#(id)","namespace":"n","type":"probe","spec":{"pages":1}}"#
        let read = try Command.read(Message(body: Array(text: body)), catalogue: catalogue())
        #expect(read.id.text == id && read.namespace == "n" && read.timeoutSeconds == 60 && read.maxAttempts == 4)
        #expect(try JSON.parse(read.spec) == ["pages": 1, "mode": "fast"])
        #expect(read.idempotency == nil)
    }

    @Test func controlRequestsComeBack() throws {
        let job = UUIDv7.generate()
        for wish in Wish.allCases {
            let request = ControlRequest.job(job, Wanted(wish, within: .milliseconds(1500)))
            #expect(ControlRequest(request.message) == request)
        }
        for body in [
            "", "[]", "{}", #"{"job_id":"\#(id)","wanted":"explode","within_seconds":1}"#,
            #"{"job_id":"x","wanted":"cancel","within_seconds":1}"#, #"{"job_id":"\#(id)","wanted":"cancel"}"#,
        ] {
            #expect(ControlRequest(Message(body: Array(text: body))) == nil, "\(body)")
        }
    }
}
