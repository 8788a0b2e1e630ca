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
    private let template: JSON
    private let catalogue: TypeCatalogue
    private let namespace: String
    private let empty: Submission

    /// - Parameter template: a submission whose spec is what all rows have.
    /// - Throws: `JobFailure` `unknown_type`, or `invalid_target` when no job can come of it.
    init(_ template: JSON, _ context: JobContext) async throws {
        (self.template, namespace, catalogue) = (template, context.namespace, try await context.types())
        guard let type = catalogue.types[template["type"]?.stringValue ?? ""] else {
            throw JobFailure(
                code: "unknown_type",
                message:
                    "There is no job type \(template["type"]?.stringValue ?? ""): start its worker. Known types: \(catalogue.names)."
            )
        }
        self.type = type
        do {
            // The whole spec is still to be filled in.
            empty = try Submission.read(
                template, id: UUIDv7.generate(), namespace: namespace, catalogue: catalogue, references: [""])
        } catch {
            throw JobFailure(code: "invalid_target", message: "No job can be made of the rows: \(error)")
        }
    }

    /// What all specs have.
    var base: JSON { template["spec"] ?? [:] }

    /// A job with this spec, judged as one that is submitted; pointers are within the spec.
    func read(_ spec: JSON) throws(MemberWriter.Refusal) -> Submission {
        guard case .object(var job) = template else { throw MemberWriter.Refusal(violations: []) }
        job["spec"] = spec
        let submission: Submission
        do {
            submission = try Submission.read(
                .object(job), id: UUIDv7.generate(), namespace: namespace, catalogue: catalogue)
        } catch {
            throw MemberWriter.Refusal(
                violations: error.violations.map { violation in
                    let isInSpec = violation.pointer.hasPrefix("/spec")
                    return Violation(
                        at: isInSpec ? String(violation.pointer.dropFirst("/spec".count)) : violation.pointer,
                        rule: violation.keyword, message: violation.message)
                })
        }
        guard submission.spec.count <= Submission.maxSpecBytes else {
            let message = "the spec has over \(Submission.maxSpecBytes >> 20) MiB"
            throw MemberWriter.Refusal(violations: [Violation(at: "", rule: "maxLength", message: message)])
        }
        return submission
    }

    /// A job with a spec that was read before.
    func filled(with spec: [UInt8]) -> Submission {
        var submission = empty
        submission.spec = spec
        return submission
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
