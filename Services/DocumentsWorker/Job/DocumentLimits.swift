import JSON
import Jobs

/// The limits that a job sets for each of its documents: what the spec may say, and what it means.
enum DocumentLimits {
    private struct Limit {
        let standard: Int
        let range: ClosedRange<Int>
        let path: WritableKeyPath<ExtractionLimits, Int>
        let description: String
    }

    private nonisolated(unsafe) static let all: [(name: String, limit: Limit)] = [
        // A constant that nobody writes; key paths are not marked Sendable.
        (
            "pages",
            Limit(standard: 20_000, range: 1...20_000, path: \.maxPages, description: "Pages of a document.")
        ),
        (
            "recognized_pages",
            Limit(
                standard: 500, range: 0...20_000, path: \.maxRecognizedPages,
                description: "Pages that are read as pictures.")
        ),
        (
            "text_bytes",
            Limit(
                standard: 16 << 20, range: 1024...64 << 20, path: \.outputBytes,
                description: "Text and Markdown together.")
        ),
        (
            "inflated_bytes",
            Limit(
                standard: 256 << 20, range: 1 << 20...2 << 30, path: \.inflatedBytes,
                description: "What the parts of a DOCX, EPUB or the like inflate to.")
        ),
        (
            "members",
            Limit(
                standard: 1000, range: 0...10_000, path: \.maxMembers,
                description: "Documents inside an input, over all depths.")
        ),
        (
            "member_bytes",
            Limit(
                standard: 1 << 30, range: 0...8 << 30, path: \.memberBytes, description: "The size of these together.")
        ),
        ("depth", Limit(standard: 5, range: 0...10, path: \.maxDepth, description: "How deep they lie in each other.")),
        (
            "seconds",
            Limit(
                standard: 120, range: 1...3600, path: \.wallSeconds,
                description: "Wall time of a document, besides that of pages that are read as pictures.")
        ),
        (
            "processor_seconds",
            Limit(
                standard: 60, range: 1...3600, path: \.cpuSeconds,
                description: "Processor time of a process that reads it.")
        ),
        (
            "memory_bytes",
            Limit(
                standard: 512 << 20, range: 64 << 20...4 << 30, path: \.memoryBytes,
                description: "Address space of a process that reads it.")
        ),
        (
            "download_bytes",
            Limit(
                standard: 512 << 20, range: 1...8 << 30, path: \.downloadBytes,
                description: "The size of a document that is fetched by its URL.")
        ),
        (
            "download_seconds",
            Limit(
                standard: 300, range: 1...3600, path: \.downloadSeconds,
                description: "Wall time of fetching it, with all tries.")
        ),
    ]

    /// JSON Schema of the spec's member `limits`.
    static var schema: JSON {
        var (properties, standards) = (JSONObject(), JSONObject())
        for (name, limit) in all {
            standards[name] = .int(Int64(limit.standard))
            properties[name] = [
                "type": "integer", "minimum": .int(Int64(limit.range.lowerBound)),
                "maximum": .int(Int64(limit.range.upperBound)), "default": .int(Int64(limit.standard)),
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
        var result = ExtractionLimits()
        for (name, limit) in all { result[keyPath: limit.path] = limits[name] ?? limit.standard }
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
