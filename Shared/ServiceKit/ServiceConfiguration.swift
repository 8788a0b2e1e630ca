import AMQP
import Config
import Crypto
import Foundation
import Jobs
import ObjectStorage
import Postgres
import Storage

/// What every service reads from its environment, checked at start.
public struct ServiceConfiguration: Sendable {
    /// `DATABASE_URL`: PostgreSQL, as a libpq URI.
    public let databaseURL: String
    /// `AMQP_URL`: RabbitMQ, as an amqp:// or amqps:// URI.
    public let amqpURL: String
    /// `SWITCHYARD_AMQP_CA`: the PEM file of the authorities to trust for `amqps://`; the system's when nil.
    public let amqpAuthorities: String?
    /// `SWITCHYARD_STORAGE`: the folder of uploaded and produced files, which gateways and workers share; where `SWITCHYARD_STORE` names a
    /// bucket, that of copies that are being read.
    public let storage: String
    /// `SWITCHYARD_STORE` and what belongs to it: the bucket of uploaded and produced files; the storage folder keeps them when nil.
    public let bucket: StoreLocation?
    /// `SWITCHYARD_WEBHOOK_KEY`: 64 hexadecimal digits, with which secrets are sealed; a file in the storage folder when nil.
    public let sealingKey: [UInt8]?

    /// Reads the environment; the error names the variable and what would be right.
    public init(_ environment: Environment) throws {
        databaseURL = try environment.url("DATABASE_URL", schemes: ["postgres", "postgresql"]).absoluteString
        amqpURL = try environment.url("AMQP_URL", schemes: ["amqp", "amqps"]).absoluteString
        amqpAuthorities =
            environment.contains("SWITCHYARD_AMQP_CA") ? try environment.string("SWITCHYARD_AMQP_CA") : nil
        storage = try environment.string("SWITCHYARD_STORAGE", default: ".switchyard/files")
        bucket = try StoreLocation(environment)
        sealingKey = try SealingKey.read(environment)
    }

    /// Where uploaded and produced files are kept; makes the storage folder.
    public func artifacts() throws -> any ArtifactStore {
        let folder = try FileStore(root: storage)
        return try bucket?.open(scratch: folder) ?? folder
    }

    /// What seals secrets and opens them; the storage folder must be there.
    public func sealingBox() throws(SealingKeyError) -> SecretBox {
        try SealingKey.box(key: sealingKey, storage: storage)
    }

    /// A pool of database connections.
    public func database(name: String, size: Int) -> Database {
        Database(
            PostgresConfiguration(url: databaseURL, applicationName: name, settings: JobStore.planning), size: size)
    }

    /// A connection to the broker.
    public func broker(name: String) throws -> AMQPConfiguration {
        try AMQPConfiguration(
            url: amqpURL, connectionName: name, tls: amqpAuthorities.map { AMQPConfiguration.TLS(authorityFile: $0) })
    }
}
