import Config
import HTTPClient
import Storage

/// The bucket that keeps uploads and artifacts, as the environment names it.
public struct StoreLocation: Sendable {
    let bucket: String
    let prefix: String
    let settings: S3Settings

    /// Reads `SWITCHYARD_STORE` (`s3://bucket/prefix`) and the settings of its server; nil when it is not set.
    public init?(_ environment: Environment) throws(ConfigError) {
        guard environment.contains("SWITCHYARD_STORE") else { return nil }
        let text = try environment.string("SWITCHYARD_STORE")
        let wrong = ConfigError(
            name: "SWITCHYARD_STORE", found: .text(text), wanted: "s3://BUCKET or s3://BUCKET/PREFIX")
        guard text.hasPrefix("s3://") else { throw wrong }
        let parts = text.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        bucket = String(parts[0])
        prefix = parts.count == 2 ? String(parts[1]) : ""
        do throws(S3Error) {
            try S3Request.check(bucket: bucket)
            try S3Request.check(key: prefix + "/tmp")
        } catch {
            throw wrong
        }
        let region = try environment.string("SWITCHYARD_S3_REGION", default: "us-east-1")
        do throws(S3Error) { try S3Request.check(region: region) } catch {
            throw ConfigError(
                name: "SWITCHYARD_S3_REGION", found: .text(region), wanted: "a region, such as eu-central-1")
        }
        settings = S3Settings(
            endpoint: try Self.endpoint(environment), region: region,
            credentials: S3Credentials(
                accessKeyID: try environment.string("SWITCHYARD_S3_ACCESS_KEY_ID"),
                secretAccessKey: try environment.secret("SWITCHYARD_S3_SECRET_ACCESS_KEY"),
                sessionToken: environment.contains("SWITCHYARD_S3_SESSION_TOKEN")
                    ? try environment.secret("SWITCHYARD_S3_SESSION_TOKEN") : nil))
    }

    /// Each download by a slow client holds one, for as long as the server is patient with that client.
    private static let transfers = 256

    private static func endpoint(_ environment: Environment) throws(ConfigError) -> WebURL? {
        let name = "SWITCHYARD_S3_ENDPOINT"
        guard environment.contains(name) else { return nil }
        let text = try environment.string(name)
        do throws(WebError) {
            let url = try WebURL(text)
            if !url.text.contains("?") { return url }
        } catch {}
        throw ConfigError(
            name: name, found: text.contains("@") ? .hidden : .text(text),
            wanted: "the address of an S3 server, such as https://minio.internal:9000")
    }

    /// The store; nothing connects yet. The operator's own endpoint may have an address that is not public.
    ///
    /// - Parameter scratch: for copies of what has to be a file on this machine.
    public func open(scratch: FileStore) throws(S3Error) -> S3Store {
        let policy = AddressPolicy(hosts: Set([settings.endpoint?.host].compactMap(\.self)))
        let client = S3Client(
            settings, web: WebClient(addresses: policy, concurrency: Self.transfers, name: "artifacts"))
        return try S3Store(client, bucket: bucket, prefix: prefix, scratch: scratch)
    }
}
