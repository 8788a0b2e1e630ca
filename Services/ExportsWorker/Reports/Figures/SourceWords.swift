import JSON

/// What a source was asked for, in words.
struct SourceWords {
    /// The most characters of a value.
    private static let most = 60

    let source: Export.Source

    var sentences: [String] {
        var sentences: [String] = []
        if let text = source.search?["query"]?.stringValue {
            sentences.append("Searched for: \(ShownText.line(text, most: 200)).")
        }
        let parameters = source.parameters.members.filter { !$0.value.isNull }.map { key, value in
            "\(key): \(Self.text(value))"
        }
        if !parameters.isEmpty { sentences.append("Parameters: \(parameters.sorted().joined(separator: "; ")).") }
        if !source.filters.isEmpty {
            sentences.append("Filters: \(source.filters.map(Self.words).joined(separator: "; ")).")
        }
        if !source.order.isEmpty {
            let order = source.order.map { $0.column + ($0.descending ? ", falling" : "") }
            sentences.append("Order: \(order.joined(separator: "; ")).")
        }
        if let limit = source.limit { sentences.append("At most \(ShownText.count(limit, "row")).") }
        return sentences.map { ShownText.line($0, most: 1000) }
    }

    private static func words(_ filter: Export.Filter) -> String {
        let comparison =
            switch filter.op {
            case .equal: "is"
            case .notEqual: "is not"
            case .less: "is less than"
            case .lessOrEqual: "is at most"
            case .greater: "is greater than"
            case .greaterOrEqual: "is at least"
            case .oneOf: "is one of"
            case .like: "is like"
            case .isNull: filter.value?.boolValue == false ? "is not null" : "is null"
            }
        guard filter.op != .isNull, let value = filter.value else { return "\(filter.column) \(comparison)" }
        return "\(filter.column) \(comparison) \(text(value))"
    }

    private static func text(_ value: JSON) -> String {
        switch value {
        case .string(let text): ShownText.line(text, most: most)
        case .array(let items) where items.allSatisfy({ $0.stringValue != nil }):
            ShownText.line(items.compactMap(\.stringValue).joined(separator: ", "), most: most)
        default: ShownText.line(String(decoding: value.serialized(), as: UTF8.self), most: most)
        }
    }
}
