import JSON
import Jobs

/// The limits that a job sets for each of its documents: what the spec may say, and what it means.
enum DocumentLimits {
    private struct Limit {
        let range: ClosedRange<Int>
        let path: WritableKeyPath<ExtractionLimits, Int>
        let description: String
    }

    private nonisolated(unsafe) static let all: [(name: String, limit: Limit)] = [
        // A constant that nobody writes; key paths are not marked Sendable.
        ("pages", Limit(range: 1...20_000, path: \.maxPages, description: "Pages of a document.")),
        (
            "recognized_pages",
            Limit(range: 0...20_000, path: \.maxRecognizedPages, description: "Pages that are read as pictures.")
        ),
        ("image_pages", Limit(range: 0...2000, path: \.maxImagePages, description: "Pages that pictures are made of.")),
        (
            "image_bytes",
            Limit(range: 0...4 << 30, path: \.imageBytes, description: "These pictures together, thumbnails with them.")
        ),
        ("text_bytes", Limit(range: 1024...64 << 20, path: \.outputBytes, description: "Text and Markdown together.")),
        (
            "inflated_bytes",
            Limit(
                range: 1 << 20...2 << 30, path: \.inflatedBytes,
                description: "What the parts of a DOCX, EPUB or the like inflate to.")
        ),
        (
            "members",
            Limit(range: 0...10_000, path: \.maxMembers, description: "Documents inside an input, over all depths.")
        ),
        ("member_bytes", Limit(range: 0...8 << 30, path: \.memberBytes, description: "The size of these together.")),
        ("depth", Limit(range: 0...10, path: \.maxDepth, description: "How deep they lie in each other.")),
        (
            "seconds",
            Limit(
                range: 1...3600, path: \.wallSeconds,
                description: "Wall time of a document, besides that of pictures of its pages.")
        ),
        (
            "processor_seconds",
            Limit(range: 1...3600, path: \.cpuSeconds, description: "Processor time of a process that reads it.")
        ),
        (
            "memory_bytes",
            Limit(
                range: 64 << 20...4 << 30, path: \.memoryBytes, description: "Address space of a process that reads it."
            )
        ),
        (
            "download_bytes",
            Limit(
                range: 1...8 << 30, path: \.downloadBytes,
                description: "The size of a document that is fetched by its URL.")
        ),
        (
            "download_seconds",
            Limit(
                range: 1...3600, path: \.downloadSeconds,
                description: "Wall time of fetching it, with all tries.")
        ),
    ]

    /// What holds where a spec sets nothing: that of the engine, but for the text, which also becomes rows.
    private static let standard = ExtractionLimits(outputBytes: 16 << 20)

    /// JSON Schema of the spec's member `limits`.
    static var schema: JSON {
        var (properties, standards) = (JSONObject(), JSONObject())
        for (name, limit) in all {
            let value = JSON.int(Int64(standard[keyPath: limit.path]))
            standards[name] = value
            properties[name] = [
                "type": "integer", "minimum": .int(Int64(limit.range.lowerBound)),
                "maximum": .int(Int64(limit.range.upperBound)), "default": value,
                "description": .string(limit.description),
            ]
        }
        return [
            "type": "object", "additionalProperties": false, "default": .object(standards),
            "properties": .object(properties),
        ]
    }

    /// The limits that a spec sets, all of which have their defaults by then.
    static func extraction(_ limits: [String: Int]) -> ExtractionLimits {
        var result = standard
        for (name, limit) in all {
            if let value = limits[name] { result[keyPath: limit.path] = value }
        }
        return result
    }
}

extension ExtractionLimits {
    fileprivate var wallSeconds: Int {
        get { Int(wallTime.components.seconds) }
        set { wallTime = .seconds(newValue) }
    }

    fileprivate var downloadSeconds: Int {
        get { Int(downloadTime.components.seconds) }
        set { downloadTime = .seconds(newValue) }
    }
}
