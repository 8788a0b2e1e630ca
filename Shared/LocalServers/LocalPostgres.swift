import Foundation

/// A private PostgreSQL server that lives in `<folder>/postgres` and outlasts the process that starts it.
///
/// Everything it has is in that folder: data, log, port and password. It listens on loopback and on a socket beside its data, which
/// costs both sides less than TCP (a tenth of the time that a job takes from end to end) and which the URL names; who does not know
/// the URL's `host` takes its TCP port. It keeps `fsync` and `synchronous_commit` on, and runs under the account `postgres` when
/// started by root. All calls may be made from several processes; a lock in the folder puts them in order.
public struct LocalPostgres: Sendable {
    private let folder: ServerFolder
    private let wantedPort: UInt16?
    private let wantedPrograms: String?

    /// Names the folder, and the port; without one, a free port is taken and kept.
    ///
    /// - Parameter programs: the folder with `postgres` and `initdb`, where they are to be others than Debian's newest.
    public init(folder: String, port: UInt16? = nil, programs: String? = nil) {
        self.folder = ServerFolder("\(folder)/postgres", account: ServerAccount(preferred: "postgres"))
        wantedPort = port
        wantedPrograms = programs
    }

    /// The postmaster, when it runs.
    public var pid: Int32? {
        if let pid = folder.pidFile.pid { return pid }
        // Started by somebody whose record is lost: PostgreSQL's own file tells, and is checked against the processes.
        return Self.line(1, of: folder.data).flatMap { Int32($0) }.flatMap { remains.contains($0) ? $0 : nil }
    }

    /// Whether the server ended without having been stopped.
    public var hasCrashed: Bool { folder.pidFile.isStale }

    /// The URL with user and password, once the server has been started for the first time.
    public var url: String? { folder.settings()["URL"] }

    /// Something that a person should know, such as data outside the folder.
    public var note: String? { folder.note }

    /// Starts the server unless it runs, and answers its URL when it takes connections.
    ///
    /// The first start makes the database cluster. What a crash left behind is cleared away first.
    public func start() async throws(ServerError) -> String {
        let place = try await folder.prepare()
        return try await folder.locked { () async throws(ServerError) in try await startLocked(in: place) }
    }

    /// Stops the server; does nothing when it does not run. `immediate` skips the checkpoint, so the next start recovers.
    public func stop(immediate: Bool = false) async throws(ServerError) {
        guard folder.data != nil else { return }
        try await folder.locked { () async throws(ServerError) in
            if let pid {
                // SIGINT: end the sessions, write a checkpoint. SIGQUIT: end at once.
                Glibc.kill(pid, immediate ? SIGQUIT : SIGINT)
                do throws(ServerError) {
                    try await poll(.seconds(60), "PostgreSQL to stop") { !ProcessTable.isRunning(pid) }
                } catch {
                    if error.kind == .cancelled { throw error }
                }
            }
            try await endRemains()
            folder.pidFile.remove()
        }
    }

    /// Stops the server and starts it again, on the same port.
    @discardableResult
    public func restart(immediate: Bool = false) async throws(ServerError) -> String {
        try await stop(immediate: immediate)
        return try await start()
    }

    /// Kills the postmaster and its children, as a crash of the machine would, and waits until they are gone.
    public func kill() { killAll { [pid].compactMap { $0 } + remains } }

    private func startLocked(in place: String) async throws(ServerError) -> String {
        var settings = folder.settings()
        if let pid, let url = settings["URL"] {
            try await waitUntilReady(pid, logStart: 0)
            return url
        }
        try await endRemains()
        let programs = if let wantedPrograms { wantedPrograms } else { try Self.programs() }
        let password = settings["PASSWORD"] ?? randomPassword()
        settings["PASSWORD"] = password
        if folder.data == nil || Self.line(1, of: folder.data, file: "PG_VERSION") == nil {
            try folder.save(settings)
            try await makeCluster(in: place, password: password, programs: programs)
        }
        guard let data = folder.data else { throw ServerError(.folder, "\(folder.path)/data is not there") }
        try Self.check(data, programs: programs)
        let port = try choosePort(kept: settings["PORT"].flatMap { UInt16($0) })
        let socket = Self.socket(in: data, port: port)
        let url = "postgresql://switchyard:\(password)@127.0.0.1:\(port)/postgres" + (socket?.query ?? "")
        settings["PORT"] = "\(port)"
        settings["URL"] = url
        try folder.save(settings)
        // A pid in them may belong to another process by now, and would keep PostgreSQL from starting. Nobody of ours runs.
        unlink("\(data)/postmaster.pid")
        if let socket { unlink("\(socket.path).lock") }

        let log = try folder.openLog()
        defer { close(log.descriptor) }
        let launch = ChildProcess.Launch(
            "\(programs)/postgres",
            Self.arguments(data: data, port: port, socket: socket, isDebians: wantedPrograms == nil),
            environment: Self.environment, directory: data, output: log.descriptor, isSessionLeader: true)
        let pid = try ChildProcess.spawnServer(folder.account.launch(launch))
        try folder.pidFile.write(pid)
        do throws(ServerError) { try await waitUntilReady(pid, logStart: log.start) } catch {
            kill()
            folder.pidFile.remove()
            throw error
        }
        return url
    }

    /// `initdb` into a folder that gets its name only when it is complete.
    private func makeCluster(in place: String, password: String, programs: String) async throws(ServerError) {
        let unfinished = "\(place)/data.new"
        let secret = "\(unfinished)/password"
        try removeFolder(unfinished)
        try removeFolder("\(place)/data")
        for path in [unfinished, "\(unfinished)/cluster"] {
            guard mkdir(path, 0o700) == 0 else {
                throw ServerError(.folder, "cannot make \(path): \(lastSystemError())")
            }
            try folder.account.own(path)
        }
        try writeFile(secret, password + "\n", mode: 0o600)
        try folder.account.own(secret)
        let launch = ChildProcess.Launch(
            "\(programs)/initdb",
            [
                "--pgdata=\(unfinished)/cluster", "--username=switchyard", "--pwfile=\(secret)", "--auth=scram-sha-256",
                "--encoding=UTF8", "--locale=C.UTF-8",
            ], environment: Self.environment)
        let outcome = try await ChildProcess.run(folder.account.launch(launch), limit: .seconds(120))
        guard outcome.status == 0 else {
            throw ServerError(.ended, "initdb failed with status \(outcome.status)", log: outcome.errors)
        }
        guard rename("\(unfinished)/cluster", "\(place)/data") == 0 else {
            throw ServerError(.folder, "cannot make \(place)/data: \(lastSystemError())")
        }
        try removeFolder(unfinished)
    }

    private func choosePort(kept: UInt16?) throws(ServerError) -> UInt16 {
        if let wantedPort {
            guard Ports.isFree(wantedPort) else {
                throw ServerError(.portTaken, "port \(wantedPort), which PostgreSQL should take, is taken")
            }
            return wantedPort
        }
        if let kept, Ports.isFree(kept) { return kept }
        return try Ports.free()
    }

    /// Waits for the state that the postmaster shows in line 8 of its file, as `pg_ctl` does.
    private func waitUntilReady(_ pid: Int32, logStart: Int) async throws(ServerError) {
        do throws(ServerError) {
            // Recovery after a crash may have much to replay.
            try await poll(.seconds(180), "PostgreSQL to take connections") { () throws(ServerError) in
                guard ProcessTable.isRunning(pid) else {
                    throw ServerError(.ended, "PostgreSQL ended while it started")
                }
                return Self.line(1, of: folder.data) == "\(pid)" && Self.line(8, of: folder.data) == "ready"
            }
        } catch {
            throw ServerError(error.kind, "\(error.message) (\(folder.logPath))", log: folder.logTail(from: logStart))
        }
    }

    /// The cluster's processes, whoever started them; also backends that a killed postmaster left.
    private var remains: [Int32] {
        folder.data.map { ProcessTable.running(in: $0, named: ["postgres"]) } ?? []
    }

    /// Ends what is left of the cluster: a new postmaster refuses to start beside it.
    private func endRemains() async throws(ServerError) {
        try await poll(.seconds(30), "processes of an earlier PostgreSQL to end") {
            let remains = remains
            for process in remains { Glibc.kill(process, SIGKILL) }
            return remains.isEmpty
        }
    }

    private static func line(_ number: Int, of data: String?, file: String = "postmaster.pid") -> String? {
        guard let data, let text = try? String(contentsOfFile: "\(data)/\(file)", encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count >= number ? lines[number - 1].trimmingCharacters(in: .whitespaces) : nil
    }
}
