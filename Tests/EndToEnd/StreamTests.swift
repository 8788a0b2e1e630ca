import Crypto
import Foundation
import HTTPClient
import JSON
import Jobs
import TestKit
import Testing

/// Server-sent events with two gateways.
@Suite(.serialized) struct StreamTests {
    /// A job under way whose worker is the test.
    private func startJob(_ stack: Stack) async throws -> Fence {
        let type = try JobType(
            name: "probe", version: 1, description: "", specSchema: ["type": "object"], policy: JobPolicy())
        let submission = try Submission.read(
            ["type": "probe"], id: UUIDv7.generate(), namespace: "default", catalogue: TypeCatalogue([type]))
        _ = try await stack.store.submit([(submission, .seconds(600))])
        _ = try await stack.store.claim([submission.id], type: "probe", worker: "test", lease: .seconds(600))
        return Fence(job: submission.id, attempt: 1)
    }

    private func progress(_ stack: Stack, _ fence: Fence, _ number: Int, padding: Int = 0) async throws {
        let json: JSON = ["completed": .int(Int64(number)), "padding": .string(String(repeating: "x", count: padding))]
        _ = try await stack.store.write([.progress(fence, phase: nil, progress: json.serialized())])
    }

    private func follow(
        _ client: WebClient, _ stack: Stack, _ gateway: ServiceProcess, _ fence: Fence, after id: Int64?
    ) async throws
        -> WebStream
    {
        let url = try WebURL("http://127.0.0.1:\(gateway.port)/api/v1/jobs/\(fence.job.text)/events")
        var headers = [(name: "Authorization", value: "Bearer " + stack.key)]
        if let id { headers.append(("Last-Event-ID", String(id))) }
        return try await client.open(
            WebRequest(
                "GET", url, headers: headers,
                limits: WebLimits(total: .seconds(120), stall: .seconds(60), body: 1 << 30)))
    }

    @Test(.timeLimit(.minutes(5))) func aDroppedClientSeesEveryEventOnce() async throws {
        try await withStack { stack in
            let gateways = [try await stack.startGateway(), try await stack.startGateway()]
            let client = WebClient(addresses: try #require(AddressPolicy(["127.0.0.1"])))
            let fence = try await startJob(stack)
            let writer = Task {
                for number in 1...997 { try await progress(stack, fence, number) }
                _ = try await stack.store.write([.outcome(fence, Ending(status: .completed, kind: "completed"))])
            }
            var seen: [Int64] = []
            var connections = 0
            while true {
                // Each time the other gateway, and cut off after a few events, in the middle of what was sent.
                let stream = try await follow(client, stack, gateways[connections % 2], fence, after: seen.last)
                connections += 1
                guard stream.head.status == 200 else {
                    #expect(stream.head.status == 204, "nothing is left")
                    break
                }
                let wanted = seen.count + 20 + connections % 17
                var text: [UInt8] = []
                while seen.count < wanted, let chunk = try await stream.next() {
                    text += chunk
                    while let end = text.firstRange(of: Array("\n\n".utf8)) {
                        let lines = String(decoding: text[..<end.lowerBound], as: UTF8.self).split(separator: "\n")
                        text.removeSubrange(..<end.upperBound)
                        if seen.count < wanted, let id = lines.first(where: { $0.hasPrefix("id:") }) {
                            seen.append(try #require(Int64(id.dropFirst(3).trimmingCharacters(in: .whitespaces))))
                        }
                    }
                }
                stream.cancel()
            }
            try await writer.value
            #expect(connections > 25)
            #expect(seen == seen.sorted() && Set(seen).count == seen.count, "in order, none twice")
            let all = try await stack.store.events(after: [(fence.job, 0)], limit: 2000).map(\.sequence)
            #expect(all.count == 1000 && seen == all, "none missed")
        }
    }

    @Test(.timeLimit(.minutes(5))) func aSlowClientIsNotBuffered() async throws {
        try await withStack { stack in
            let gateway = try await stack.startGateway()
            let client = WebClient(addresses: try #require(AddressPolicy(["127.0.0.1"])))
            let fence = try await startJob(stack)
            // 100 MB of events, of which a client that reads nothing must not make the gateway hold more than a part.
            for number in 1...4000 { try await progress(stack, fence, number, padding: 25_000) }
            let before = try residentMegabytes(of: gateway)
            var streams: [WebStream] = []
            for _ in 0..<8 { streams.append(try await follow(client, stack, gateway, fence, after: nil)) }
            // Each has had its first events; one that reads on gets everything meanwhile.
            for stream in streams { #expect(try await stream.next() != nil) }
            let reader = try await follow(client, stack, gateway, fence, after: nil)
            var read = 0
            while read < 100_000_000, let chunk = try await reader.next() { read += chunk.count }
            #expect(read >= 100_000_000)
            let grown = try residentMegabytes(of: gateway) - before
            // Nine times 100 MB would be 900 MB. One page of events for each stream is what may be held.
            #expect(grown < 400, "\(grown) MB")
            for stream in streams { stream.cancel() }
        }
    }

    private func residentMegabytes(of process: ServiceProcess) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }) / 1024
    }
}
