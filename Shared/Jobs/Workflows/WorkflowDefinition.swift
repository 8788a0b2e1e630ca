import Crypto
import Foundation
import JSON

/// A workflow as it is asked for, validated: named jobs, and which of them need which.
public struct WorkflowDefinition: Sendable {
    /// One job of a workflow.
    struct Step: Sendable {
        let name: String
        /// What the client has sent, for a retry, with its secrets sealed.
        let definition: JSON
        var submission: Submission
        /// The names of the steps that must complete before, also those that only a reference names.
        let dependsOn: [String]
        /// Those of them whose result its spec refers to.
        let reads: Set<String>
    }

    /// A name for people.
    public var name: String?
    /// The client's labels, a JSON object of strings.
    public var labels: JSON
    /// Whether the first failure cancels all that has not ended; otherwise only what needs the failed job is cancelled.
    public var failsFast: Bool
    /// In the client's order.
    var steps: [Step]

    /// The most jobs of a workflow.
    public static let maxJobs = 1000
    /// The most dependencies between them.
    public static let maxDependencies = 10_000

    /// The JSON Schema of a workflow.
    public static let schema: JSON = [
        "type": "object", "required": ["jobs"], "additionalProperties": false,
        "properties": [
            "name": ["type": "string", "minLength": 1, "maxLength": 200],
            "labels": [
                "type": "object", "maxProperties": 32,
                "propertyNames": ["minLength": 1, "maxLength": 63],
                "additionalProperties": ["type": "string", "maxLength": 255],
            ],
            "fail_fast": ["type": "boolean", "default": false],
            "jobs": [
                "type": "object", "minProperties": 1, "maxProperties": .int(Int64(maxJobs)),
                "propertyNames": ["pattern": "^[A-Za-z0-9_.-]{1,63}$"],
                "additionalProperties": Submission.schema(
                    with: [
                        "parent_id": .null,
                        "depends_on": [
                            "type": "array", "uniqueItems": true, "maxItems": .int(Int64(maxJobs)),
                            "items": ["type": "string"],
                        ],
                    ]),
            ],
        ],
    ]

    private static let envelope = JSONSchema(ownSchema: schema)

    /// Reads and validates a workflow: its form, each job, and that no job waits for itself in the end.
    ///
    /// - Parameter origin: who wrote the specs.
    public static func read(
        _ json: JSON, namespace: String, workflow: UUID, catalogue: TypeCatalogue, from origin: SpecOrigin = .client,
        now: Date = Date()
    ) throws(SubmissionError) -> WorkflowDefinition {
        let violations = envelope.validate(json)
        guard violations.isEmpty else {
            throw SubmissionError(
                kind: .invalidField, detail: "The workflow is not well formed.", violations: violations)
        }
        let jobs = json["jobs"]?.objectValue ?? [:]
        var steps: [Step] = []
        for (name, job) in jobs {
            var step = try readStep(
                name, job, among: jobs, namespace: namespace, catalogue: catalogue, from: origin, now: now)
            step.submission.parentID = workflow
            steps.append(step)
        }
        guard steps.reduce(0, { $0 + $1.dependsOn.count }) <= maxDependencies else {
            throw .invalid("/jobs", rule: "maxItems", "at most \(maxDependencies) dependencies are accepted")
        }
        if let cycle = cycle(in: steps) {
            throw .invalid(
                "/jobs/\(cycle[0])/depends_on", rule: "cycle",
                "the jobs wait for each other: \((cycle + [cycle[0]]).joined(separator: " needs "))")
        }
        return WorkflowDefinition(
            name: json["name"]?.stringValue, labels: json["labels"] ?? [:],
            failsFast: json["fail_fast"]?.boolValue ?? false, steps: steps)
    }

    private static func readStep(
        _ name: String, _ job: JSON, among jobs: JSONObject, namespace: String, catalogue: TypeCatalogue,
        from origin: SpecOrigin, now: Date
    ) throws(SubmissionError) -> Step {
        let place = "/jobs/" + name
        var fields = job.objectValue ?? [:]
        var dependsOn: [String] = []
        for (index, need) in (fields["depends_on"]?.arrayValue ?? []).enumerated() {
            let need = need.stringValue ?? ""
            guard jobs[need] != nil else {
                throw .invalid("\(place)/depends_on/\(index)", rule: "enum", "the workflow has no job \"\(need)\"")
            }
            dependsOn.append(need)
        }
        fields["depends_on"] = nil
        let references = try Reference.all(in: fields["spec"] ?? [:], prefix: place + "/spec")
        for reference in references where jobs[reference.job] == nil {
            throw .invalid(
                place + "/spec" + reference.place, rule: "$ref", "the workflow has no job \"\(reference.job)\"")
        }
        let reads = Set(references.map(\.job))
        // A reference is a dependency, whether it is said twice or not.
        dependsOn += reads.subtracting(dependsOn).sorted()
        if let field = ["scheduled_at", "delay_seconds"].first(where: { fields[$0] != nil }), !dependsOn.isEmpty {
            throw .invalid(place + "/" + field, rule: "not", "a job waits for a time or for other jobs, not for both")
        }
        let submission = try Submission.read(
            .object(fields), id: UUIDv7.generate(), namespace: namespace, catalogue: catalogue, prefix: place,
            references: references.map(\.place), from: origin, now: now)
        let definition = try catalogue.sealed(job: job, namespace: namespace, prefix: place)
        return Step(name: name, definition: definition, submission: submission, dependsOn: dependsOn, reads: reads)
    }

    /// The names along a circle of dependencies; nil when there is none.
    private static func cycle(in steps: [Step]) -> [String]? {
        let needs = Dictionary(uniqueKeysWithValues: steps.map { ($0.name, $0.dependsOn) })
        var settled: Set<String> = []
        for start in steps where !settled.contains(start.name) {
            // A path of its own instead of recursion: a chain of a thousand jobs would be a deep stack.
            var path: [(name: String, next: Int)] = [(start.name, 0)]
            var onPath: Set<String> = [start.name]
            while let (name, next) = path.last {
                guard let need = needs[name].flatMap({ next < $0.count ? $0[next] : nil }) else {
                    path.removeLast()
                    onPath.remove(name)
                    settled.insert(name)
                    continue
                }
                path[path.count - 1].next += 1
                if onPath.contains(need) {
                    return path.map(\.name).suffix(from: path.firstIndex { $0.name == need } ?? 0).map { $0 }
                }
                guard !settled.contains(need) else { continue }
                path.append((need, 0))
                onPath.insert(need)
            }
        }
        return nil
    }
}
