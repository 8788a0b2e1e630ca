import Foundation
import LocalServers
import Testing

@Suite(.serialized) struct LocalRabbitMQTests {
    @Test func livesThroughRestartAndKill() async throws {
        try await withStack { stack, folder in
            let url = try await stack.rabbitMQ.start()
            let pid = try #require(stack.rabbitMQ.pid)
            #expect(try await LocalRabbitMQ(folder: folder).start() == url)
            #expect(stack.rabbitMQ.pid == pid)
            #expect(try await login(url))
            #expect(try await !login(url.replacing(/:[^:@]*@/, with: ":wrong@")))
            #expect(try await !login(url.replacing(/\/\/.*@/, with: "//guest:guest@")))

            let own = try await stack.rabbitMQ.addVirtualHost("kept.by-test_1")
            #expect(try await login(own))
            #expect(try await stack.rabbitMQ.restart() == url)
            #expect(try await login(own))
            stack.rabbitMQ.kill()
            #expect(stack.rabbitMQ.pid == nil)
            #expect(try await stack.rabbitMQ.start() == url)
            #expect(try await login(own))

            #expect(try await stack.rabbitMQ.addVirtualHost("kept.by-test_1") == own)
            try await stack.rabbitMQ.deleteVirtualHost("kept.by-test_1")
            try await stack.rabbitMQ.deleteVirtualHost("kept.by-test_1")
            #expect(try await !login(own))
            await #expect(throws: ServerError.self) { try await stack.rabbitMQ.addVirtualHost("a/b") }
        }
    }

    @Test func twoFoldersSideBySide() async throws {
        try await withStack { first, _ in
            try await withStack { second, _ in
                async let one = first.start()
                async let other = second.start()
                let urls = try await (one, other)
                #expect(urls.0 != urls.1)
                #expect(try await query(urls.0.database, "SELECT 1") == "1")
                #expect(try await query(urls.1.database, "SELECT 1") == "1")
                #expect(try await login(urls.0.amqp))
                #expect(try await login(urls.1.amqp))
                try await first.stop()
                #expect(first.rabbitMQ.pid == nil)
                #expect(try await login(urls.1.amqp))
            }
        }
    }

    @Test func stalePIDFileIsSeenThrough() async throws {
        try await withStack { stack, folder in
            let path = "\(folder)/rabbitmq"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try "\(getpid())\n".write(toFile: "\(path)/server.pid", atomically: true, encoding: .utf8)
            #expect(stack.rabbitMQ.pid == nil)
            #expect(try await login(try await stack.rabbitMQ.start()))
        }
    }
}
