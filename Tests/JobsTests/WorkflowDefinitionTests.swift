import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct WorkflowDefinitionTests {
    private func read(_ json: JSON) throws(SubmissionError) -> WorkflowDefinition {
        let type: JobType
        do { type = try probeType() } catch { preconditionFailure("\(error)") }
        return try WorkflowDefinition.read(
            json, namespace: "default", workflow: UUID(), catalogue: TypeCatalogue([type]))
    }

    private static func flow(_ jobs: JSONObject) -> JSON { ["jobs": .object(jobs)] }

    @Test(
        arguments: [
            (["jobs": [:]], "/jobs", "minProperties"), ([:], "", "required"),
            (["jobs": ["a b": ["type": "probe"]]], "/jobs", ""),
            (flow(["a": TestWorkflow.step(["a"])]), "/jobs/a/depends_on", "cycle"),
            (
                flow(["a": TestWorkflow.step(["b"]), "b": TestWorkflow.step(["c"]), "c": TestWorkflow.step(["a"])]),
                "/jobs/a/depends_on", "cycle"
            ),
            (
                flow(["x": TestWorkflow.step(["b"]), "b": TestWorkflow.step(["c"]), "c": TestWorkflow.step(["b"])]),
                "/jobs/b/depends_on", "cycle"
            ),
            (
                flow([
                    "a": TestWorkflow.step(pages: ["$ref": "#/jobs/b/id"]),
                    "b": TestWorkflow.step(pages: ["$ref": "#/jobs/a/id"]),
                ]),
                "/jobs/a/depends_on", "cycle"
            ),
            (
                flow(["a": TestWorkflow.step(), "b": TestWorkflow.step(["a", "nobody"])]), "/jobs/b/depends_on/1",
                "enum"
            ),
            (flow(["b": TestWorkflow.step(pages: ["$ref": "#/jobs/nobody/result"])]), "/jobs/b/spec/pages", "$ref"),
            (flow(["b": TestWorkflow.step(pages: ["$ref": "#/jobs/b"])]), "/jobs/b/spec/pages", "$ref"),
            (flow(["b": TestWorkflow.step(pages: ["$ref": "#/jobs/b/spec/pages"])]), "/jobs/b/spec/pages", "$ref"),
            (flow(["b": TestWorkflow.step(pages: ["$ref": "http://x/y"])]), "/jobs/b/spec/pages", "$ref"),
            (flow(["b": TestWorkflow.step(pages: ["$ref": "#/jobs/b/result", "x": 1])]), "/jobs/b/spec/pages", "$ref"),
            (flow(["b": TestWorkflow.step(pages: 0)]), "/jobs/b/spec/pages", "minimum"),
            (flow(["b": TestWorkflow.step(more: ["type": "other"])]), "/jobs/b/type", "enum"),
            (flow(["b": TestWorkflow.step(more: ["parent_id": "x"])]), "/jobs/b/parent_id", "additionalProperties"),
            (flow(["b": TestWorkflow.step(more: ["color": "x"])]), "/jobs/b/color", "additionalProperties"),
            (
                flow(["a": TestWorkflow.step(), "b": TestWorkflow.step(["a"], more: ["delay_seconds": 1])]),
                "/jobs/b/delay_seconds", "not"
            ),
            (
                [
                    "jobs": [
                        "a": ["type": "probe", "spec": ["pages": ["$ref": "#/jobs/b/id"], "x": 1]],
                        "b": TestWorkflow.step(),
                    ]
                ],
                "/jobs/a/spec/x", "additionalProperties"
            ),
        ] as [(JSON, String, String)])
    func whatIsRefused(json: JSON, pointer: String, rule: String) throws {
        do {
            _ = try read(json)
            Issue.record("accepted: \(json)")
        } catch {
            let isTold = error.violations.contains {
                $0.pointer == pointer && (rule.isEmpty || $0.keyword == rule)
                    || pointer == "/jobs" && $0.pointer.hasPrefix("/jobs")
            }
            #expect(isTold, "\(error) \(error.violations.map(\.keyword))")
        }
    }

    @Test func aThousandJobsAreTheMostAlsoInOneChain() throws {
        func chain(_ count: Int) -> JSON {
            var jobs = JSONObject()
            for index in 0..<count { jobs["j\(index)"] = TestWorkflow.step(index == 0 ? [] : ["j\(index - 1)"]) }
            return Self.flow(jobs)
        }
        #expect(try read(chain(1000)).steps.count == 1000)
        #expect(throws: SubmissionError.self) { try read(chain(1001)) }
        var wide = JSONObject()
        for index in 0..<200 { wide["j\(index)"] = TestWorkflow.step((0..<index).map { "j\($0)" }) }
        #expect(throws: SubmissionError.self) { try read(Self.flow(wide)) }
    }

    @Test func aReferenceIsADependency() throws {
        let steps = try read(
            Self.flow([
                "a": TestWorkflow.step(), "b": TestWorkflow.step(),
                "c": TestWorkflow.step(["b"], pages: ["$ref": "#/jobs/a/result/x"]),
            ])
        ).steps
        #expect(steps[2].dependsOn == ["b", "a"] && steps[2].reads == ["a"])
        #expect(steps.map(\.name) == ["a", "b", "c"])
    }

    @Test(
        arguments: [
            ("#/jobs/a/result", ["x": [1, ["~": ["/": true]]]]), ("#/jobs/a/result/x/0", 1),
            ("#/jobs/a/result/x/1/~0/~1", true),
            ("#/jobs/a/id", "job"),
        ] as [(String, JSON)])
    func aPointerFindsItsPlace(pointer: String, value: JSON) throws {
        let source: JSON = ["id": "job", "result": ["x": [1, ["~": ["/": true]]]]]
        let spec: JSON = ["deep": [["in": ["$ref": .string(pointer)]], "kept"]]
        #expect(try Reference.resolve(spec) { $0 == "a" ? source : nil } == ["deep": [["in": value], "kept"]])
    }

    @Test(arguments: ["result/x/2", "result/x/-1", "result/x/00", "result/x/0/y", "result/y", "result/x/one"])
    func aPointerThatLeadsNowhereIsSaid(path: String) throws {
        let source: JSON = ["id": "job", "result": ["x": [1, 2]]]
        #expect(throws: UnresolvedReference.self) {
            try Reference.resolve(["$ref": .string("#/jobs/a/" + path)]) { _ in source }
        }
    }
}
