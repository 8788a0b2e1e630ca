import Crypto
import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct SubmissionTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func read(_ text: String, prefix: String = "") throws -> Submission {
        try Submission.read(
            JSON.parse(Array(text: text)), id: UUIDv7.generate(), namespace: "n",
            catalogue: TypeCatalogue([probeType()]), prefix: prefix, now: now)
    }

    private func job(_ fields: String) -> String { #"{"type":"probe","spec":{"pages":1},\#(fields)}"# }

    @Test func defaultsAreFilledIn() throws {
        let read = try read(#"{"type":"probe","spec":{"pages":1}}"#)
        #expect(try JSON.parse(read.spec) == ["pages": 1, "mode": "fast"])
        #expect(read.priority == .normal && read.labels == [:] && read.scheduledAt == nil && read.name == nil)
        #expect(read.timeoutSeconds == 60 && read.maxAttempts == 4 && read.parentID == nil && read.traceID == nil)
    }

    @Test func everyFieldIsRead() throws {
        let parent = UUIDv7.generate()
        let read = try read(
            job(
                #""name":"x","labels":{"a":"b"},"priority":"low","timeout_seconds":9,"max_attempts":2,"parent_id":"\#(parent.text)","trace_id":"t""#
            ))
        #expect(read.name == "x" && read.labels == ["a": "b"] && read.priority == .low && read.timeoutSeconds == 9)
        #expect(read.maxAttempts == 2 && read.parentID == parent && read.traceID == "t")
    }

    @Test func brokenRulesAreNamedWithTheirPlace() throws {
        let many = (0..<33).map { #""l\#($0)":"""# }.joined(separator: ",")
        let long = { (count: Int) in String(repeating: "x", count: count) }
        let cases: [(text: String, kind: SubmissionError.Kind, pointer: String)] = [
            ("[]", .invalidField, ""),
            ("{}", .invalidField, ""),
            (#"{"type":7}"#, .invalidField, "/type"),
            (#"{"type":"none","spec":{}}"#, .unknownType, "/type"),
            (#"{"type":"probe","spec":[]}"#, .invalidField, "/spec"),
            (#"{"type":"probe","spec":{"pages":0}}"#, .invalidSpec, "/spec/pages"),
            (#"{"type":"probe","spec":{"pages":1,"x":1}}"#, .invalidSpec, "/spec/x"),
            (job(#""colour":"red""#), .invalidField, "/colour"),
            (job(#""name":"""#), .invalidField, "/name"),
            (job(#""name":"\#(long(201))""#), .invalidField, "/name"),
            (job(#""labels":{\#(many)}"#), .invalidField, "/labels"),
            (job(#""labels":{"a":1}"#), .invalidField, "/labels/a"),
            (job(#""labels":{"a":"\#(long(256))"}"#), .invalidField, "/labels/a"),
            (job(#""priority":"urgent""#), .invalidField, "/priority"),
            (job(#""scheduled_at":"tomorrow""#), .invalidField, "/scheduled_at"),
            (job(#""delay_seconds":-1"#), .invalidField, "/delay_seconds"),
            (job(#""delay_seconds":31536001"#), .invalidField, "/delay_seconds"),
            (job(#""delay_seconds":1,"scheduled_at":"2030-01-01T00:00:00Z""#), .invalidField, "/delay_seconds"),
            (job(#""timeout_seconds":0"#), .invalidField, "/timeout_seconds"),
            (job(#""timeout_seconds":1.5"#), .invalidField, "/timeout_seconds"),
            (job(#""max_attempts":101"#), .invalidField, "/max_attempts"),
            (job(#""parent_id":"x""#), .invalidField, "/parent_id"),
            (job(#""trace_id":"\#(long(65))""#), .invalidField, "/trace_id"),
        ]
        for prefix in ["", "/jobs/3"] {
            for (text, kind, pointer) in cases {
                do {
                    _ = try read(text, prefix: prefix)
                    Issue.record("accepted: \(text)")
                } catch let error as SubmissionError {
                    #expect(error.kind == kind, "\(text)")
                    #expect(error.violations.first?.pointer == prefix + pointer, "\(text): \(error)")
                }
            }
        }
    }

    @Test func labelNamesHaveALimit() throws {
        let name = String(repeating: "n", count: 64)
        for fields in [#""labels":{"\#(name)":"x"}"#, #""labels":{"":"x"}"#] {
            #expect(throws: SubmissionError.self) { _ = try read(job(fields)) }
        }
        _ = try read(job(#""labels":{"\#(name.dropLast())":"x"}"#))
    }

    @Test func aTimeIsKeptOnlyWhenItIsToCome() throws {
        #expect(try read(job(#""delay_seconds":90.5"#)).scheduledAt == now.addingTimeInterval(90.5))
        #expect(try read(job(#""delay_seconds":0"#)).scheduledAt == nil)
        #expect(try read(job(#""scheduled_at":"2020-01-01T00:00:00Z""#)).scheduledAt == nil)
        let later = try read(job(#""scheduled_at":"2100-01-01T00:00:00+01:00""#)).scheduledAt
        #expect(later == Date(rfc3339: "2099-12-31T23:00:00Z"))
    }

    @Test func withoutTypesTheMessageSaysWhatToStart() throws {
        do {
            _ = try Submission.read(
                ["type": "probe"], id: UUIDv7.generate(), namespace: "n", catalogue: TypeCatalogue([]))
            Issue.record("accepted")
        } catch {
            #expect(error.kind == .unknownType && error.detail.contains("start a worker"))
        }
    }

    @Test func textThatPostgreSQLCannotStoreNeverGetsThatFar() {
        #expect(throws: JSONError.self) { _ = try JSON.parse(Array(text: #"{"a":"\u0000"}"#)) }
        #expect(throws: JSONError.self) { _ = try JSON.parse(Array(text: #"{"a":"\ud800"}"#)) }
    }
}
