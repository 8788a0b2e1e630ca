import Foundation

extension LocalPostgres {
    static let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"]

    /// The folder with `postgres` and `initdb` of the newest version: Debian's place, else the search path.
    static func programs() throws(ServerError) -> String {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let candidates =
            versions.sorted(by: >).map { "\(root)/\($0)/bin" } + path.split(separator: ":").map(String.init)
        for folder in candidates
        where FileManager.default.isExecutableFile(atPath: "\(folder)/initdb")
            && FileManager.default.isExecutableFile(atPath: "\(folder)/postgres")
        { return folder }
        throw ServerError(.notInstalled, "PostgreSQL is not installed: install the package postgresql")
    }

    /// Refuses data of another major version with a sentence; PostgreSQL itself would only say so in its log.
    static func check(_ data: String, programs: String) throws(ServerError) {
        let made = try? String(contentsOfFile: "\(data)/PG_VERSION", encoding: .utf8)
        let version = made?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        let parts = programs.split(separator: "/")
        guard parts.starts(with: ["usr", "lib", "postgresql"]), parts.count == 5, parts[3] != version else { return }
        throw ServerError(
            .folder, "\(data) was made by PostgreSQL \(version), but the newest installed is \(parts[3]): move it away")
    }

    /// The settings, on the command line so that those of the code are the ones in force.
    static func arguments(data: String, port: UInt16) -> [String] {
        let settings = [
            "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100",
            "fsync=on", "synchronous_commit=on", "full_page_writes=on",
            "shared_buffers=128MB", "max_wal_size=2GB", "checkpoint_timeout=15min", "wal_compression=lz4",
            "password_encryption=scram-sha-256", "log_min_messages=warning", "log_checkpoints=off",
            "log_line_prefix=%m [%p] ", "logging_collector=off",
        ]
        return ["-D", data] + settings.flatMap { ["-c", $0] }
    }
}
