import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Imports whose rows become jobs.
@Suite(.serialized) struct ImportedJobTests {
    @Test func eachRowIsAJobThatRuns() async throws {
        try await withProbe { stack, _ in
            try await stack.startWorker("NoopWorker")
            let rows = (0..<300).map { "\($0 % 7),\($0 % 2 + 1),no,of no use" }.joined(separator: "\n")
            let result = try await stack.imported(
                "Sleep ms,units,fail,note\n" + rows + "\n",
                [
                    "target": [
                        "jobs": [
                            "type": "noop", "labels": ["batch": "one"], "priority": "high",
                            "spec": ["stubborn": false, "units": 9],
                        ]
                    ]
                ])
            #expect(result["loaded"] == 300 && result["jobs"]?["count"] == 300, "\(result)")
            let named = try #require(result["jobs"]?["ids"]?.arrayValue)
            #expect(named.count == 100 && result["jobs"]?["type"] == "noop")
            let made = try await stack.jobs(of: result)
            try await stack.expectCompleted(made.compactMap { $0["id"]?.stringValue.flatMap(UUID.init(text:)) })
            #expect(made.count == 300)
            #expect(made.allSatisfy { $0["labels"]?["batch"] == "one" && $0["priority"] == "high" })
            let job = try await stack.api.get("/api/v1/jobs/\(named[0].stringValue ?? "")").json
            #expect(job["spec"]?["stubborn"] == false && job["spec"]?["fail"] == false, "\(job)")
            #expect(job["spec"]?["sleep_ms"]?.intValue ?? -1 >= 0 && [1, 2].contains(job["spec"]?["units"]?.intValue))
        }
    }

    @Test func columnsGoWhereTheMappingSaysAndBecomeWhatIsWantedThere() async throws {
        try await withProbe { stack, _ in
            let csv = """
                a;b;how;pages;share;strict;size;list;first;called;zip
                https://a.example;https://b.example;fast;1.000;0,5;yes;7;https://x.example;https://i.example;one;01234
                https://c.example;;slow;12;;NEIN;"[1,2]";;;two;"9"

                """
            let result = try await stack.imported(
                csv.replacing("1.000", with: "10").replacing("NEIN", with: "no"),
                [
                    "target": ["jobs": ["type": "probe", "spec": ["start_urls": ["https://z.example"], "depth": 1]]],
                    "values": ["decimal_comma": true],
                    "mapping": [
                        "a": "start_urls[]", "b": "start_urls[]", "how": "mode", "pages": "limits.pages",
                        "share": "limits.share", "strict": "limits.strict", "size": "sizes",
                        "first": "inputs[0].url", "called": "inputs[0].name", "zip": "code",
                    ],
                ])
            #expect(result["loaded"] == 2, "\(result)")
            let made = try await stack.specs(of: result)
            let first = try #require(made.first { $0["mode"] == "fast" }, "\(made)")
            #expect(
                first == [
                    "start_urls": ["https://z.example", "https://a.example", "https://b.example"], "depth": 1,
                    "mode": "fast", "limits": ["pages": 10, "share": 0.5, "strict": true], "sizes": [7],
                    "inputs": [["url": "https://i.example", "name": "one"]], "code": "01234",
                ])
            let second = try #require(made.first { $0["mode"] == "slow" })
            #expect(
                second == [
                    "start_urls": ["https://z.example", "https://c.example"], "depth": 1, "mode": "slow",
                    "limits": ["pages": 12, "strict": false], "sizes": [1, 2], "inputs": [["name": "two"]], "code": "9",
                ])
            // What JSON says keeps its type, and what is not said has its default.
            let lines = #"{"start_urls": ["https://a.example"], "mode": "fast", "limits": {"pages": 5}, "code": "7"}"#
            let typed = try await stack.imported(lines + "\n", ["target": ["jobs": ["type": "probe"]]])
            #expect(
                try await stack.specs(of: typed) == [
                    [
                        "start_urls": ["https://a.example"], "mode": "fast", "limits": ["pages": 5], "code": "7",
                        "depth": 3,
                    ]
                ])
            let wrong = try await stack.ended(
                try await stack.startImport(
                    lines.replacing("\"7\"", with: "7") + "\n", ["target": ["jobs": ["type": "probe"]]]))
            #expect(wrong["error"]?["details"]?["column"] == "code", "\(wrong)")
        }
    }

    @Test func whatASubmissionWouldBeRefusedForIsTheRowsFault() async throws {
        try await withProbe { stack, _ in
            let csv =
                "start_urls,mode,limits.pages,sizes\nhttps://a.example,fast,5,1\nftp://b,fast,5,1\n"
                + "https://c.example,never,500,1\n,fast,5,1\nhttps://e.example,slow,many,\"[1,2,77]\"\n"
            let result = try await stack.imported(
                csv, ["target": ["jobs": ["type": "probe"]], "on_error": "skip"])
            #expect(result["loaded"] == 1 && result["rejected"] == 4, "\(result)")
            let id = try #require(result["artifacts"]?[0]?["id"]?.stringValue)
            let rejects = try await stack.api.get("/api/v1/artifacts/\(id)").text
            let lines = rejects.split(separator: "\n").map(String.init)
            let refused = try await stack.api.post(
                "/api/v1/jobs", ["type": "probe", "spec": ["start_urls": ["ftp://b"], "mode": "fast"]])
            let message = try #require(refused.json["errors"]?[0]?["message"]?.stringValue, "\(refused.text)")
            #expect(
                lines[1].hasPrefix("ftp://b,fast,5,1,3,start_urls,ftp://b,") && lines[1].contains(message), "\(rejects)"
            )
            #expect(lines[2].contains(",4,mode,never,") && lines[2].contains("/limits/pages"), "\(rejects)")
            #expect(lines[3].contains(",5,start_urls,,") && lines[3].contains("missing"), "\(rejects)")
            #expect(lines[4].contains(",6,limits.pages,many,") && lines[4].contains("/sizes/2"), "\(rejects)")
            let mended = rejects.replacing("ftp://b,fast", with: "https://b.example,fast")
            let again = try await stack.imported(
                mended, ["target": ["jobs": ["type": "probe"]], "on_error": "skip"])
            #expect(again["loaded"] == 1 && again["rejected"] == 3)

            let cases: [(spec: JSON, code: String, word: String)] = [
                (["target": ["jobs": ["type": "none"]]], "unknown_type", "probe"),
                (["target": ["jobs": ["type": "probe"]], "key": ["mode"]], "invalid_key", "table"),
                (["target": ["jobs": ["type": "probe"]], "mapping": ["mode": "none"]], "invalid_mapping", "none"),
                (["target": ["jobs": ["type": "probe"]], "mapping": ["mode": "a..b"]], "invalid_mapping", "path"),
                (
                    ["target": ["jobs": ["type": "probe"]], "mapping": ["mode": "limits", "sizes": "limits.pages"]],
                    "invalid_mapping", "same place"
                ), (["target": ["jobs": ["type": "noop"]]], "unknown_type", "noop"),
            ]
            for (spec, code, word) in cases {
                let end = try await stack.ended(try await stack.startImport(csv, spec))
                #expect(end["error"]?["code"]?.stringValue == code, "\(end)")
                #expect(end["error"]?["message"]?.stringValue?.contains(word) == true, "\(end["error"] ?? .null)")
            }
            for target: JSON in [
                ["jobs": ["type": "import"]], ["jobs": ["type": "probe", "unique": [:]]],
                ["jobs": ["type": "probe"], "dataset": "people"], [:],
            ] {
                let answer = try await stack.api.post(
                    "/api/v1/jobs", ["type": "import", "spec": ["source": ["url": "file:///x"], "target": target]])
                #expect(answer.status == 422, "\(answer.text)")
            }
        }
    }
}
