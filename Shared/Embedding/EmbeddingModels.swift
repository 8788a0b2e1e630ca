import Config
import Foundation
import HTTPClient
import Synchronization

/// The models that an operator offers: folders on this machine, and one behind an endpoint.
///
/// A model is opened when it is first asked for and stays open; one that cannot be opened is tried anew the next time.
public final class EmbeddingModels: Sendable {
    private enum Place: Sendable {
        case folder(String)
        case endpoint(HTTPEmbedderSettings)
        case open(any Embedder)
    }

    private typealias Opening = Task<Result<any Embedder, EmbeddingError>, Never>

    /// The model of those who name none; nil when there is none at all.
    public let standard: String?
    private let places: [String: Place]
    private let threads: Int
    private let client: WebClient?
    private let openings = Mutex<[String: Opening]>([:])

    /// Reads where models are.
    ///
    /// - `SWITCHYARD_MODELS`: a folder of models' folders, each known by its name.
    /// - `SWITCHYARD_EMBEDDING_URL` and what begins so: an endpoint (see `HTTPEmbedderSettings`); `SWITCHYARD_EMBEDDING_ALLOW`: addresses that it may
    ///   have although they are not public.
    /// - `SWITCHYARD_EMBEDDING_MODEL`: the standard; the endpoint's model where there is one, or else one of the folder, by default the first by its name.
    /// - `SWITCHYARD_EMBEDDING_THREADS`: how many threads a model of the folder has.
    public init(_ environment: Environment) throws(ConfigError) {
        var places: [String: Place] = [:]
        if environment.contains("SWITCHYARD_MODELS") {
            let folder = try environment.string("SWITCHYARD_MODELS")
            for name in Self.folders(in: folder) { places[name] = .folder("\(folder)/\(name)") }
        }
        var standard = try environment.string("SWITCHYARD_EMBEDDING_MODEL", default: places.keys.min() ?? "")
        if let settings = try HTTPEmbedderSettings(environment) {
            standard = settings.model
            places[standard] = .endpoint(settings)
            client = WebClient(
                addresses: try environment.addressPolicy("SWITCHYARD_EMBEDDING_ALLOW"), name: "embeddings")
        } else {
            client = nil
        }
        guard standard.isEmpty || places[standard] != nil else {
            throw ConfigError(
                name: "SWITCHYARD_EMBEDDING_MODEL", found: .text(standard),
                wanted: "one of the models that there are (\(places.keys.sorted().joined(separator: ", ")))")
        }
        self.standard = standard.isEmpty ? nil : standard
        self.places = places
        threads = try environment.int(
            "SWITCHYARD_EMBEDDING_THREADS", default: ProcessInfo.processInfo.activeProcessorCount, range: 1...256)
    }

    /// Takes models that are open, the standard first.
    public init(_ embedders: [any Embedder] = []) {
        places = Dictionary(embedders.map { ($0.model.name, .open($0)) }) { first, _ in first }
        (standard, threads, client) = (embedders.first?.model.name, 1, nil)
    }

    /// Whether there is a model of this name.
    public func has(_ name: String) -> Bool { places[name] != nil }

    /// The model of this name, or the standard one; opened if it is not yet.
    ///
    /// - Throws: `model` when there is none, or its files are not right; `unavailable` and `denied` of an endpoint.
    public func embedder(named name: String?) async throws(EmbeddingError) -> any Embedder {
        guard let name = name ?? standard else {
            throw EmbeddingError(
                .model, "No model is configured: the operator sets SWITCHYARD_MODELS or SWITCHYARD_EMBEDDING_URL.")
        }
        guard let place = places[name] else {
            let known = places.keys.sorted().joined(separator: ", ")
            throw EmbeddingError(.model, "There is no model named \(name); there is \(known.isEmpty ? "none" : known).")
        }
        let opening = openings.withLock { openings in
            if let opening = openings[name] { return opening }
            let opening = Opening { [threads, client] in await Self.open(place, threads: threads, client) }
            openings[name] = opening
            return opening
        }
        // A stream, unlike a task, is not waited for by whoever is cancelled.
        let (results, continuation) = AsyncStream<Result<any Embedder, EmbeddingError>>.makeStream()
        Task {
            continuation.yield(await opening.value)
            continuation.finish()
        }
        for await result in results {
            if case .failure = result { openings.withLock { if $0[name] == opening { $0[name] = nil } } }
            return try result.get()
        }
        throw EmbeddingError(.cancelled, "The wait for the model \(name) was cancelled.")
    }

    /// What a million tokens cost of a model.
    public func pricePerMillionTokens(of name: String) -> Double {
        if case .endpoint(let settings) = places[name] { settings.pricePerMillionTokens } else { 0 }
    }

    private static func open(
        _ place: Place, threads: Int, _ client: WebClient?
    ) async -> Result<any Embedder, EmbeddingError> {
        do throws(EmbeddingError) {
            switch place {
            case .open(let embedder): return .success(embedder)
            case .folder(let folder): return .success(try await LocalEmbedder(folder: folder, threads: threads))
            case .endpoint(let settings):
                guard let client else { preconditionFailure("an endpoint has a client from the start") }
                return .success(try await HTTPEmbedder.connect(settings, client: client))
            }
        } catch {
            return .failure(error)
        }
    }

    /// The names of a folder's folders that hold a model.
    private static func folders(in folder: String) -> [String] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
            // A folder that is not there yet has no models; whoever asks for one is told so.
            return []
        }
        return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/config.json") }.sorted()
    }
}
