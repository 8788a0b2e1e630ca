import Foundation
import JSON

/// Jobs for the documents worker over files that are uploaded once; they can be submitted again and again.
struct DocumentJobs {
    private let target: BenchTarget
    private let submissions: [(request: WireRequest, files: Int)]
    private let limit: Duration

    /// Uploads the files, so many for each job.
    ///
    /// - Parameters:
    ///   - spec: more members of each job's spec, each with a comma ahead of it.
    ///   - limit: how long a job may take.
    init(
        _ paths: [String], perJob: Int, spec: String = "", limit: Duration = .seconds(120), on target: BenchTarget
    ) throws {
        self.target = target
        self.limit = limit
        let connection = try WireConnection(host: target.host, port: target.port)
        let inputs = try paths.map { path in
            let body = Array(try Data(contentsOf: URL(filePath: path)))
            let request = target.request(
                "POST", "/api/v1/files?name=\(URL(filePath: path).lastPathComponent)", body: body,
                mediaType: "application/octet-stream", status: 201)
            return #"{"file_id":"\#(try connection.exchange(request).createdID().text)"}"#
        }
        submissions = stride(from: 0, to: inputs.count, by: perJob).map { start in
            let part = inputs[start..<min(start + perJob, inputs.count)]
            let body =
                #"{"type":"document_processing","spec":{"inputs":[\#(part.joined(separator: ","))]\#(spec)}}"#
            return (target.submission(body), part.count)
        }
    }

    /// Submits all jobs, and returns when the last is answered as completed; answers their ids in the order of the files.
    ///
    /// Over a connection of its own: the gateway closes one that was idle through a long round of the other side.
    func run() throws -> [UUID] {
        let connection = try WireConnection(host: target.host, port: target.port)
        let ids = try submissions.map { try connection.exchange($0.request).createdID() }
        for (id, files) in zip(ids, submissions.map(\.files)) {
            let result = try answer(to: id, over: connection).requireCompleted()
            guard result["documents_processed"]?.intValue == files else {
                throw BenchError("job \(id.text) did not read \(files) documents: \(result["documents"] ?? .null)")
            }
        }
        return ids
    }

    private func answer(to id: UUID, over connection: WireConnection) throws -> WireResponse {
        let deadline = ContinuousClock.now + limit
        var answer: WireResponse
        repeat {
            answer = try connection.exchange(target.waiting(for: id))
        } while try JSON.parse(answer.body)["finished_at"] == .null && ContinuousClock.now < deadline
        return answer
    }
}
