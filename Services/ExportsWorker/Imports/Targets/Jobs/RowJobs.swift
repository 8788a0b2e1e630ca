import Crypto
import Foundation
import JSON
import Jobs
import Postgres
import WorkerKit

/// Jobs that are made of rows: those that a client would submit one by one, held to the same rules, with ids that a repetition finds again.
struct RowJobs: Sendable {
    /// How many of them the result names.
    private static let mostNamed = 100

    let type: JobType
    private let template: JSONObject
    private let catalogue: TypeCatalogue
    private let namespace: String

    /// - Parameter template: a submission whose spec is what all rows have.
    /// - Throws: `JobFailure` `unknown_type`, or `invalid_target` when no job can come of it.
    init(_ template: JSON, _ context: JobContext) async throws {
        (self.template, namespace) = (template.objectValue ?? [:], context.namespace)
        catalogue = try await context.types()
        let name = template["type"]?.stringValue ?? ""
        guard let type = catalogue.types[name] else {
            throw JobFailure(
                code: "unknown_type",
                message: "There is no job type \(name): start its worker. Known types: \(catalogue.names).")
        }
        self.type = type
        do { _ = try blank() } catch {
            throw JobFailure(code: "invalid_target", message: "No job can be made of the rows: \(error)")
        }
    }

    /// A job as it is asked for now, whose whole spec is still to be filled in.
    private func blank() throws(SubmissionError) -> Submission {
        try Submission.read(
            .object(template), id: UUIDv7.generate(), namespace: namespace, catalogue: catalogue, references: [""])
    }

    /// What all specs have.
    var base: JSON { template["spec"] ?? [:] }

    /// A job with this spec, judged as one that is submitted; pointers are within the spec.
    func read(_ spec: JSON) throws(MemberWriter.Refusal) -> Submission {
        var job = template
        job["spec"] = spec
        let submission: Submission
        do {
            submission = try Submission.read(
                .object(job), id: UUIDv7.generate(), namespace: namespace, catalogue: catalogue)
        } catch {
            throw MemberWriter.Refusal(error)
        }
        guard submission.spec.count <= Submission.maxSpecBytes else {
            let message = "the spec has over \(Submission.maxSpecBytes >> 20) MiB"
            throw MemberWriter.Refusal(violations: [Violation(at: "", rule: "maxLength", message: message)])
        }
        return submission
    }

    /// Jobs with specs that were read before.
    func filled(with specs: [[UInt8]]) throws(SubmissionError) -> [Submission] {
        let blank = try blank()
        return specs.map { spec in
            var submission = blank
            submission.spec = spec
            return submission
        }
    }

    /// Inserts jobs within the transaction of their rows, as children of the import.
    ///
    /// - Parameter jobs: each with the number of its first row, by which it is known.
    func insert(_ jobs: [(submission: Submission, row: Int)], of origin: UUID, _ session: Session) throws {
        let submissions = jobs.map { submission, row in
            var submission = submission
            submission.id = UUIDv7.named("import/row/\(row)", beside: origin)
            submission.parentID = origin
            return submission
        }
        for (outcome, submission) in zip(try JobStore.submit(submissions, session), submissions) {
            guard case .created = outcome else {
                throw JobFailure(
                    code: "job_exists",
                    message:
                        "The id of a row's job, \(submission.id.text), is that of another job: submit the import anew.")
            }
        }
    }

    /// The jobs that an import has made.
    func made(by origin: UUID, _ context: JobContext) async throws -> ImportedRows.Made {
        let (count, ids) = try await context.read {
            try await $0.children(of: origin, type: type.name, namespace: namespace, limit: Self.mostNamed)
        }
        return ImportedRows.Made(type: type.name, count: count, ids: ids)
    }
}

extension MemberWriter.Refusal {
    /// What a submission is refused for, with pointers within its spec.
    fileprivate init(_ error: SubmissionError) {
        let prefix = "/spec"
        let violations = error.violations.map { violation in
            let pointer = violation.pointer
            return Violation(
                at: pointer.hasPrefix(prefix) ? String(pointer.dropFirst(prefix.count)) : pointer,
                rule: violation.keyword, message: violation.message)
        }
        self.init(
            violations: violations.isEmpty
                ? [Violation(at: "", rule: error.kind.rawValue, message: error.detail)] : violations)
    }
}
