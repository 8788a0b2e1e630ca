import JSON

/// A place in a spec that is filled in with what another job of the workflow has made: `{"$ref": "#/jobs/NAME/result/…"}`.
///
/// The text is a JSON pointer (RFC 6901) into the workflow as a fragment: below `result` is what the job has answered, and `id` is the
/// job's id. The object has `$ref` as its only member and is replaced as a whole, whatever it stands for.
struct Reference: Sendable, Hashable {
    /// Where it stands in the spec, as a JSON pointer.
    let place: String
    /// The job that it names.
    let job: String
    /// The rest of the pointer, unescaped: begins with `result` or is `id`.
    let path: [String]

    /// The text of the reference.
    var text: String { "#/jobs/" + ([job] + path).map(JSONPointer.escape).joined(separator: "/") }

    /// What is expected, for people.
    static let form = "a reference is {\"$ref\": \"#/jobs/NAME/result/…\"} or {\"$ref\": \"#/jobs/NAME/id\"}"

    /// Every reference of a spec, in order.
    ///
    /// - Throws: `SubmissionError` for an object with `$ref` that is no reference: it would reach the worker as it stands.
    static func all(in spec: JSON, prefix: String) throws(SubmissionError) -> [Reference] {
        var found: [Reference] = []
        try collect(spec, place: "", prefix: prefix, into: &found)
        return found
    }

    private static func collect(
        _ value: JSON, place: String, prefix: String, into found: inout [Reference]
    ) throws(SubmissionError) {
        switch value {
        case .object(let members):
            if let target = members["$ref"] {
                guard members.count == 1, let reference = Reference(target, place: place) else {
                    throw .invalid(prefix + place, rule: "$ref", form)
                }
                found.append(reference)
                return
            }
            for (key, member) in members {
                try collect(member, place: place + "/" + JSONPointer.escape(key), prefix: prefix, into: &found)
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                try collect(element, place: "\(place)/\(index)", prefix: prefix, into: &found)
            }
        default: break
        }
    }

    private init?(_ target: JSON, place: String) {
        guard let text = target.stringValue, text.hasPrefix("#/jobs/"),
            let parts = JSONPointer.parts(text.dropFirst("#/jobs".count)), parts.count >= 2,
            parts[1] == "result" || parts[1...] == ["id"]
        else { return nil }
        self.place = place
        job = parts[0]
        path = Array(parts.dropFirst())
    }
}

/// A reference that leads nowhere.
struct UnresolvedReference: Error {
    let message: String
}

extension Reference {
    /// The spec with every reference replaced.
    ///
    /// - Parameter source: what can be pointed into of a job: an object with `id` and `result`.
    static func resolve(
        _ value: JSON, source: (String) throws(UnresolvedReference) -> JSON?
    ) throws(UnresolvedReference) -> JSON {
        switch value {
        case .object(let members):
            if let target = members["$ref"], let reference = Reference(target, place: "") {
                return try reference.value(in: try source(reference.job))
            }
            var resolved = JSONObject()
            for (key, member) in members { resolved[key] = try resolve(member, source: source) }
            return .object(resolved)
        case .array(let elements):
            var resolved: [JSON] = []
            for element in elements { resolved.append(try resolve(element, source: source)) }
            return .array(resolved)
        default: return value
        }
    }

    private func value(in source: JSON?) throws(UnresolvedReference) -> JSON {
        guard var value = source else { throw UnresolvedReference(message: "\(text): there is no such job") }
        for part in path {
            switch value {
            case .object(let members):
                guard let member = members[part] else {
                    let keys = members.keys.prefix(20).joined(separator: ", ")
                    throw UnresolvedReference(message: "\(text): there is no \"\(part)\" among \(keys)")
                }
                value = member
            case .array(let elements):
                guard let index = JSONPointer.index(part), index < elements.count else {
                    throw UnresolvedReference(
                        message: "\(text): \"\(part)\" is no place in a list of \(elements.count)")
                }
                value = elements[index]
            default: throw UnresolvedReference(message: "\(text): nothing can stand below \"\(part)\"'s parent")
            }
        }
        return value
    }
}

/// The text of JSON pointers (RFC 6901).
enum JSONPointer {
    static func escape(_ part: String) -> String {
        part.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    /// The parts of a pointer that begins with a slash; nil when it is not one.
    static func parts(_ text: Substring) -> [String]? {
        guard text.first == "/" else { return nil }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }

    /// The place in a list; nil for what is none, also with a leading zero.
    static func index(_ part: String) -> Int? {
        guard let index = Int(part), index >= 0, String(index) == part else { return nil }
        return index
    }
}
