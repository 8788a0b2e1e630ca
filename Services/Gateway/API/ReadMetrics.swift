import Foundation
import HTTPServer
import JSON
import Jobs

/// The numbers of a job's operators. They are sums over the job's attempts, or of one with `attempt`.
extension Gateway {
    /// `GET /jobs/{id}/metrics`: totals, and each operator.
    func getMetrics(_ call: Call) async throws -> HTTPResponse {
        HTTPResponse(try await metrics(call))
    }

    /// `GET /jobs/{id}/operators/{operator}/metrics`: one operator, with its subtasks.
    func getOperatorMetrics(_ call: Call) async throws -> HTTPResponse {
        let metrics = try await metrics(call)
        guard let entry = metrics.operators.first(where: { $0.name == call.parameters[1] }) else {
            throw Problem.notFound("operator")
        }
        return HTTPResponse(OperatorMetrics(entry, in: metrics))
    }

    /// `GET /jobs/{id}/metric-groups`: sources, transforms and sinks.
    func getMetricGroups(_ call: Call) async throws -> HTTPResponse {
        HTTPResponse(MetricGroups(try await metrics(call)))
    }

    private func metrics(_ call: Call) async throws -> JobMetrics {
        let job = try await existing(call)
        let reports = try await store.operators(of: job.id, attempt: call.attempt)
        let isRunning = job.status == .running || job.status == .stopping
        return JobMetrics(reports, running: isRunning ? job.attempt : nil, at: Date())
    }
}
