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

    /// A socket of the Unix kind.
    struct Socket {
        let folder: String
        let port: UInt16

        var path: String { "\(folder)/.s.PGSQL.\(port)" }
        /// What makes a URL name it.
        var query: String? {
            folder.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(["/", "-", "_", "."])).map {
                "?host=\($0)"
            }
        }
    }

    /// The server's socket, in its data folder, which nobody else can write; nil where the name is too long for the kernel, or cannot
    /// stand in a list.
    static func socket(in data: String, port: UInt16) -> Socket? {
        let socket = Socket(folder: data, port: port)
        // The kernel's `sun_path` has 108 bytes, with the zero at its end.
        guard socket.path.utf8.count < 108, !data.contains(where: { ",\"".contains($0) }) else { return nil }
        return socket
    }

    /// The settings, on the command line so that those of the code are the ones in force.
    ///
    /// - Parameter isDebians: whether the programs are Debian's; others may have been built without LZ4.
    static func arguments(data: String, port: UInt16, socket: Socket?, isDebians: Bool) -> [String] {
        let settings = [
            "port=\(port)", "listen_addresses=127.0.0.1", "max_connections=100",
            // In quotes: it is a list, and a folder may have a blank in its name.
            "unix_socket_directories=\(socket.map { "\"\($0.folder)\"" } ?? "")",
            "fsync=on", "synchronous_commit=on", "full_page_writes=on",
            "shared_buffers=128MB", "max_wal_size=2GB", "checkpoint_timeout=15min",
            "wal_compression=\(isDebians ? "lz4" : "pglz")",
            "password_encryption=scram-sha-256", "log_min_messages=warning", "log_checkpoints=off",
            "log_line_prefix=%m [%p] ", "logging_collector=off",
        ]
        return ["-D", data] + settings.flatMap { ["-c", $0] }
    }
}
