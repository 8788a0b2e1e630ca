import Foundation
import LocalServers

extension Command {
    /// `switchyard up`
    static let up = Command(
        name: "up",
        summary: "Starts the gateway and the workers, with private servers unless DATABASE_URL and AMQP_URL are set.",
        options: [
            Option("--port", "N", "where the gateway listens (default SWITCHYARD_PORT or 8080)"),
            Option("--workers", "NAME=N,…", "how many of each worker, such as documents=2,noop=0 (default 1 each)"),
            Option("--folder", "FOLDER", "where everything is kept (default .switchyard)"),
            Option("--detach", nil, "return when everything is ready; switchyard stop ends it"),
            Option("--demo", "FILE", "run this document through it when it is ready"),
        ],
        run: { arguments in
            if arguments.has("--detach") { return try await Detached.start(arguments) }
            let detached = Detached.current()
            do { return try await runUp(arguments, detached: detached) } catch {
                detached?.report("\(error)")
                throw error
            }
        })

    /// Starts everything, stays until a signal, ends everything in order.
    private static func runUp(_ arguments: Arguments, detached: Detached?) async throws -> Int32 {
        let report: @Sendable (String) -> Void = { show(detached == nil ? $0 : "\(timestamp()) \($0)") }
        // Whoever reads the output may go away; the services stay.
        signal(SIGPIPE, SIG_IGN)
        let executables = try Executables()
        let options = try UpOptions(arguments, executables: executables)
        try options.workspace.prepare()
        let lock = try SupervisorLock(options.workspace)
        let supervisor = Supervisor(options, executables: executables, report: report)
        let work = Task {
            try await supervisor.start()
            detached?.report(Detached.isReady)
            report("Switchyard is up: \(options.url) (. \(options.workspace.environmentFile))")
            if let file = arguments.value("--demo") {
                do { try await Demo(options.workspace, file: file).run() } catch { report("\(error)") }
            }
            await supervisor.maintain()
        }
        let signals = Task {
            let (stream, continuation) = AsyncStream<Void>.makeStream()
            let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler { continuation.yield() }
                source.resume()
                return source
            }
            defer { for source in sources { source.cancel() } }
            var isFirst = true
            for await _ in stream {
                if isFirst { report("stopping; once more to hurry") } else { supervisor.hurry() }
                isFirst = false
                work.cancel()
            }
        }
        defer { signals.cancel() }
        let result = await work.result
        await supervisor.stop()
        _ = consume lock
        guard case .failure(let error) = result else {
            report("stopped")
            return 0
        }
        guard (error as? ServerError)?.kind == .cancelled || error is CancellationError else { throw error }
        report("stopped before everything was ready")
        return 130
    }
}

/// The time of day for a log line, in UTC.
private func timestamp() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
