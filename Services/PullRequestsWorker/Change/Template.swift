import Foundation
import JSON
import WorkerKit

/// Texts with places for values: `{{name}}` and `{{name.member.0}}`.
struct Template {
    /// By their names; strings stand as they are, other values as JSON.
    let values: JSONObject

    /// The text with all places filled.
    ///
    /// - Throws: `JobFailure` `unknown_value`, with what there is.
    func fill(_ text: String) throws(JobFailure) -> String {
        var filled = ""
        var rest = text[...]
        while let start = rest.range(of: "{{") {
            filled += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].range(of: "}}") else {
                throw JobFailure(code: "unknown_value", message: "{{ without }} in \"\(text.prefix(80))\".")
            }
            filled += try value(rest[start.upperBound..<end.lowerBound].trimmingCharacters(in: .whitespaces))
            rest = rest[end.upperBound...]
        }
        return filled + rest
    }

    private func value(_ name: String) throws(JobFailure) -> String {
        var value = JSON.object(values)
        for part in name.split(separator: ".", omittingEmptySubsequences: false) {
            let next =
                if case .array = value { Int(part).flatMap { value[$0] } } else { value[String(part)] }
            guard let next else {
                let known = value.objectValue.map { $0.keys.prefix(20).joined(separator: ", ") } ?? "none"
                throw JobFailure(
                    code: "unknown_value", message: "{{\(name)}}: there is no \"\(part)\" among the values: \(known).")
            }
            value = next
        }
        return value.stringValue ?? value.description
    }
}
