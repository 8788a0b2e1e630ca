import Crypto
import Foundation

/// What the body of a pull request says of its job, where people do not see it.
public enum BodyMarker {
    private static let start = "<!-- switchyard-job: "
    private static let end = " -->"

    /// The body with the job's name behind it.
    public static func mark(_ body: String, job: UUID) -> String {
        (body.isEmpty ? "" : body + "\n\n") + start + job.text + end
    }

    /// The job that has opened or updated a pull request; nil for one of somebody else.
    public static func job(in body: String) -> UUID? {
        guard let begin = body.range(of: start, options: .backwards),
            let stop = body[begin.upperBound...].range(of: end)
        else { return nil }
        return UUID(text: String(body[begin.upperBound..<stop.lowerBound]))
    }
}
