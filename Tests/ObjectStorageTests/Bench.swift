import Crypto
import Foundation
import HTTPClient
import ObjectStorage
import Storage
import TestKit
import Testing

/// One server for all tests of this module; it ends with the test process.
enum SharedServer {
    private static let starting = Task { try await ObjectServer.start() }

    static var running: ObjectServer { get async throws { try await starting.value } }
}

/// A client of a real server, with a place of its own in its bucket.
struct Bench {
    let server: ObjectServer
    let client: S3Client
    let prefix = "test-\(UUIDv7.generate().text)/"

    var bucket: String { server.bucket }

    static let web = WebClient(addresses: AddressPolicy(hosts: ["127.0.0.1"]))

    /// - Parameters:
    ///   - port: where a proxy listens that is between.
    ///   - credentials: others than the server's own key.
    init(port: UInt16? = nil, credentials: S3Credentials? = nil, tries: Int = 4, region: String? = nil) async throws {
        server = try await SharedServer.running
        client = S3Client(
            S3Settings(
                endpoint: try WebURL("http://127.0.0.1:\(port ?? server.port)"), region: region ?? server.region,
                credentials: credentials ?? server.credentials, tries: tries, backoff: .milliseconds(5),
                partSize: 5 << 20), web: Self.web)
    }

    func keys() async throws -> [String] {
        try await client.list(bucket: bucket, prefix: prefix).objects.map(\.key)
    }

    func uploads() async throws -> [S3UploadRecord] { try await client.uploads(bucket: bucket, prefix: prefix) }

    /// Ends all uploads below the prefix; answers how many.
    func abortUploads() async throws -> Int {
        let uploads = try await uploads()
        for upload in uploads { try await client.abortUpload(bucket: bucket, key: upload.key, id: upload.id) }
        return uploads.count
    }

    func content(_ key: String, range: Range<Int>? = nil) async throws -> [UInt8] {
        let download = try await client.get(bucket: bucket, key: key, range: range)
        var bytes: [UInt8] = []
        while let piece = try await download.next() { bytes += piece }
        #expect(bytes.count == download.size)
        return bytes
    }

    /// Bytes of which no two blocks are alike.
    static func bytes(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
        var block = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        var bytes: [UInt8] = []
        while bytes.count < count {
            block[0] = seed
            block[1] = UInt8(truncatingIfNeeded: bytes.count >> 16)
            block[2] = UInt8(truncatingIfNeeded: bytes.count >> 24)
            bytes += block
        }
        return Array(bytes.prefix(count))
    }
}

extension ObjectServer {
    var credentials: S3Credentials { S3Credentials(accessKeyID: keyID, secretAccessKey: secret) }
}
