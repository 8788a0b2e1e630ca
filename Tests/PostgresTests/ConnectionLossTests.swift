import Foundation
import Postgres
import Testing

@Suite struct ConnectionLossTests {
    @Test func aStatementInFlightOnATerminatedBackendFails() async throws {
        try await TestSchema.with { schema, admin in
            let database = Database(schema.configuration, size: 1)
            let pid = try await database.value("SELECT pg_backend_pid() AS value", as: Int.self)
            let sleeper = Task { try await database.query("SELECT pg_sleep(60)") }
            try await eventually("the statement runs") { try await admin.running(schema, like: "%pg_sleep%") == 1 }
            try await admin.terminate(pid)
            let error = try await failure { _ = try await sleeper.value }
            #expect(error.kind == .connection)
            #expect(error.sqlState == "57P01")
            #expect(try await database.value("SELECT pg_backend_pid() AS value", as: Int.self) != pid)
            await database.close()
        }
    }

    @Test func anIdleConnectionThatDiedIsReplacedUnseen() async throws {
        try await TestSchema.with { schema, admin in
            let database = Database(schema.configuration, size: 1)
            for _ in 0..<10 {
                let pid = try await database.value("SELECT pg_backend_pid() AS value", as: Int.self)
                try await admin.terminate(pid)
                #expect(try await database.value("SELECT pg_backend_pid() AS value", as: Int.self) != pid)
            }
            await database.close()
        }
    }

    @Test func aConnectionLostInATransactionFailsIt() async throws {
        try await TestSchema.with { schema, admin in
            try await admin.script("CREATE TABLE t (id int8)")
            let database = Database(schema.configuration, size: 1)
            let error = try await failure {
                try await database.transaction { session in
                    try session.query("INSERT INTO t VALUES (\(1))")
                    try session.query("SELECT pg_terminate_backend(pg_backend_pid())")
                    try session.query("INSERT INTO t VALUES (\(2))")
                }
            }
            #expect(error.kind == .connection)
            #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 0)
            await database.close()
        }
    }

    @Test func aServerThatIsNotThereFailsFast() async throws {
        let database = Database(
            PostgresConfiguration(url: "postgresql://nobody@127.0.0.1:1/none", applicationName: "test"), size: 1)
        for _ in 0..<3 {
            let error = try await failure { try await database.query("SELECT 1") }
            #expect(error.kind == .connection)
            #expect(error.message.contains("refused"))
        }
        await database.close()
        let invalid = Database(PostgresConfiguration(url: "postgresql://[", applicationName: "test"))
        let error = try await failure { try await invalid.query("SELECT 1") }
        #expect(error.kind == .usage)
        await invalid.close()
    }

    @Test func aServerThatNeverAnswersIsGivenUp() async throws {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(server) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(server, pointer, length) == 0 && listen(server, 8) == 0
                    && getsockname(server, pointer, &length) == 0
            }
        }
        try #require(isBound)
        let port = UInt16(bigEndian: address.sin_port)
        let database = Database(
            PostgresConfiguration(
                url: "postgresql://nobody@127.0.0.1:\(port)/none", applicationName: "test", connectTimeout: .seconds(1)),
            size: 1)
        let error = try await failure { try await database.query("SELECT 1") }
        #expect(error.kind == .connection)
        #expect(error.message.contains("timeout expired"))
        await database.close()
    }
}
