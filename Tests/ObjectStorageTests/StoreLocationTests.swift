import Config
import Testing

@testable import ObjectStorage

@Suite struct StoreLocationTests {
    private static let keys = [
        "SWITCHYARD_S3_ACCESS_KEY_ID": "id", "SWITCHYARD_S3_SECRET_ACCESS_KEY": "verySecret",
    ]

    private func location(_ values: [String: String]) throws -> StoreLocation? {
        try StoreLocation(Environment(Self.keys.merging(values) { $1 }))
    }

    @Test func readsTheSettings() throws {
        #expect(try location([:]) == nil)
        let plain = try #require(try location(["SWITCHYARD_STORE": "s3://bucket"]))
        #expect(plain.bucket == "bucket" && plain.prefix.isEmpty && plain.settings.endpoint == nil)
        #expect(plain.settings.region == "us-east-1")
        let full = try #require(
            try location([
                "SWITCHYARD_STORE": "s3://bucket/a/b", "SWITCHYARD_S3_ENDPOINT": "http://minio.internal:9000",
                "SWITCHYARD_S3_REGION": "eu-west-3", "SWITCHYARD_S3_SESSION_TOKEN": "alsoSecret",
            ]))
        #expect(full.prefix == "a/b" && full.settings.base(of: "bucket") == "http://minio.internal:9000/bucket")
        #expect(full.settings.region == "eu-west-3" && full.settings.credentials.token == "alsoSecret")
        #expect(!String(reflecting: full).contains("Secret"))
    }

    @Test(arguments: [
        ("SWITCHYARD_STORE", "bucket"), ("SWITCHYARD_STORE", "s3://"), ("SWITCHYARD_STORE", "s3://a/../b"),
        ("SWITCHYARD_STORE", "s3://bucket/../x"), ("SWITCHYARD_STORE", "https://bucket.s3.amazonaws.com"),
        ("SWITCHYARD_S3_ENDPOINT", "minio:9000:1"), ("SWITCHYARD_S3_ENDPOINT", "ftp://minio"),
        ("SWITCHYARD_S3_ENDPOINT", "http://user:password@minio"), ("SWITCHYARD_S3_ENDPOINT", "http://minio/?a=b"),
        ("SWITCHYARD_S3_REGION", "a.b"), ("SWITCHYARD_S3_ACCESS_KEY_ID", ""), ("SWITCHYARD_S3_SECRET_ACCESS_KEY", ""),
    ])
    func namesTheVariableThatIsWrong(_ name: String, _ value: String) throws {
        let values = ["SWITCHYARD_STORE": "s3://bucket"].merging([name: value]) { $1 }
        let error = #expect(throws: ConfigError.self) { try self.location(values) }
        #expect(error?.name == name)
        #expect(error?.description.contains("verySecret") == false && error?.description.contains("password") == false)
    }
}
