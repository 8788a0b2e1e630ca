import Foundation
import LocalServers
import Testing

@Suite(.serialized) struct LocalPostgresTests {
    @Test func startsDurableAndPrivate() async throws {
        try await withStack { stack, folder in
            let url = try await stack.postgres.start()
            let settings = try await query(
                url,
                "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN "
                    + "('fsync', 'full_page_writes', 'listen_addresses', 'synchronous_commit')"
            )
            #expect(settings == "on on 127.0.0.1 on")
            // By its socket, or, for whom does not know the URL's `host`, by TCP.
            let tcp = String(try #require(url.split(separator: "?").first))
            for (url, isSocket) in [(url, "t"), (tcp, "f")] {
                #expect(try await query(url, "SELECT inet_server_addr() IS NULL") == isSocket)
            }
            let unknown = url.replacing(/:[^:@]*@/, with: ":wrong@")
            await #expect(throws: ServerError.self) { try await query(unknown, "SELECT 1") }
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/postgres/settings")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func aFolderWithAnyNameHasASocketAndALongOneNone() async throws {
        for (name, isSocket) in [("a b & 100% c'", "t"), ("a,b", "f"), (String(repeating: "long", count: 20), "f")] {
            try await withStack { _, folder in
                let server = LocalPostgres(folder: "\(folder)/\(name)")
                let url = try await server.start()
                let answer: Result<String, any Error>
                do { answer = .success(try await query(url, "SELECT inet_server_addr() IS NULL")) } catch {
                    answer = .failure(error)
                }
                // Also where the question fails: nobody else would stop it.
                try await server.stop(immediate: true)
                #expect(try answer.get() == isSocket)
            }
        }
    }

    @Test func secondStartFindsTheFirst() async throws {
        try await withStack { stack, folder in
            let url = try await stack.postgres.start()
            let pid = try #require(stack.postgres.pid)
            // Another value over the same folder, as another process would have.
            #expect(try await LocalPostgres(folder: folder).start() == url)
            #expect(stack.postgres.pid == pid)
            try FileManager.default.removeItem(atPath: "\(folder)/postgres/server.pid")
            #expect(try await stack.postgres.start() == url)
            #expect(stack.postgres.pid == pid)
        }
    }

    @Test func twoStartsAtOnceMakeOneServer() async throws {
        try await withStack { stack, folder in
            async let first = stack.postgres.start()
            async let second = LocalPostgres(folder: folder).start()
            let (one, other) = try await (first, second)
            #expect(one == other)
        }
    }

    @Test func restartKeepsDataAndURL() async throws {
        try await withStack { stack, _ in
            let url = try await stack.postgres.start()
            _ = try await query(url, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
            #expect(try await stack.postgres.restart() == url)
            #expect(try await query(url, "SELECT n FROM kept") == "7")
        }
    }

    @Test func killedServerRecovers() async throws {
        try await withStack { stack, folder in
            let url = try await stack.postgres.start()
            _ = try await query(url, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
            #expect(!stack.postgres.hasCrashed)
            stack.postgres.kill()
            #expect(stack.postgres.pid == nil)
            #expect(stack.postgres.hasCrashed)
            #expect(FileManager.default.fileExists(atPath: "\(folder)/postgres/data/postmaster.pid"))
            #expect(try await stack.postgres.start() == url)
            #expect(try await query(url, "SELECT n FROM kept") == "7")
        }
    }

    @Test func killedPostmasterWithBusyBackendRecovers() async throws {
        try await withStack { stack, _ in
            let url = try await stack.postgres.start()
            let busy = Task { try await query(url, "SELECT count(*) FROM generate_series(1, 2000000000)") }
            var isBusy = false
            while !isBusy {
                isBusy =
                    try await query(url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%2000000000%'") != "1"
            }
            // The postmaster alone; its backend goes on counting.
            let postmaster = try #require(stack.postgres.pid)
            kill(postmaster, SIGKILL)
            while ProcessTable.isRunning(postmaster) { await Task.yield() }
            #expect(try await stack.postgres.start() == url)
            #expect(try await query(url, "SELECT 1") == "1")
            await #expect(throws: ServerError.self) { try await busy.value }
        }
    }

    @Test func stalePIDFileOfAnotherProcessIsSeenThrough() async throws {
        try await withStack { stack, folder in
            let url = try await stack.postgres.start()
            try await stack.postgres.stop()
            #expect(stack.postgres.pid == nil)
            #expect(!stack.postgres.hasCrashed)
            // This very process: alive, and not a server.
            let path = "\(folder)/postgres/server.pid"
            try "\(getpid())\n".write(toFile: path, atomically: true, encoding: .utf8)
            let port = try #require(URLComponents(string: url)?.port)
            for file in ["postmaster.pid", ".s.PGSQL.\(port).lock"] {
                try "\(getpid())\n".write(toFile: "\(folder)/postgres/data/\(file)", atomically: true, encoding: .utf8)
            }
            #expect(stack.postgres.pid == nil)
            #expect(try await stack.postgres.start() == url)
            #expect(stack.postgres.pid != getpid())
        }
    }

    @Test func takenPortIsNamed() async throws {
        try await withStack { stack, folder in
            let url = try await stack.postgres.start()
            let port = try #require(UInt16(url.split(separator: ":").last?.split(separator: "/").first ?? ""))
            let error = await #expect(throws: ServerError.self) {
                try await LocalPostgres(folder: "\(folder)/other", port: port).start()
            }
            #expect(error?.kind == .portTaken)
            #expect(error?.message.contains("\(port)") == true)
        }
    }

    @Test func keptPortThatIsTakenIsReplaced() async throws {
        try await withStack { stack, folder in
            let url = try await stack.postgres.start()
            try await stack.postgres.stop()
            let port = try #require(UInt16(url.split(separator: ":").last?.split(separator: "/").first ?? ""))
            let other = LocalPostgres(folder: "\(folder)/other", port: port)
            _ = try await other.start()
            let moved = try await stack.postgres.start()
            #expect(moved != url)
            #expect(try await query(moved, "SELECT 1") == "1")
            try await other.stop(immediate: true)
        }
    }
}
