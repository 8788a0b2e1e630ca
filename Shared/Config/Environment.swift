import Foundation

/// Settings as the process finds them in its environment; each concern reads its own struct from it once, at start.
///
/// A variable that is set but empty counts as not set. Every reader takes a default; without one the variable is required.
public struct Environment: Sendable {
    private let values: [String: String]

    /// Takes the process's environment, or the given variables.
    public init(_ values: [String: String] = ProcessInfo.processInfo.environment) { self.values = values }

    /// Whether the variable is set to more than the empty text.
    public func contains(_ name: String) -> Bool { raw(name) != nil }

    /// Text as it is.
    public func string(_ name: String, default fallback: String? = nil) throws(ConfigError) -> String {
        try read(name, default: fallback, wanted: "a text") { $0 }
    }

    /// Text that no error may show, such as a password.
    public func secret(_ name: String, default fallback: String? = nil) throws(ConfigError) -> String {
        guard let value = raw(name) ?? fallback else {
            throw ConfigError(name: name, found: .nothing, wanted: "a secret text")
        }
        return value
    }

    /// A whole number within `range`.
    public func int(
        _ name: String, default fallback: Int? = nil, range: ClosedRange<Int> = Int.min...Int.max
    ) throws(ConfigError) -> Int {
        try read(name, default: fallback, wanted: "a whole number\(Self.describe(range))") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A length of time: a number and a unit of `ms`, `s`, `m`, `h` or `d`, such as `30s`, `500ms`, `1.5h`.
    public func duration(
        _ name: String, default fallback: Duration? = nil, range: ClosedRange<Duration> = .zero...(.seconds(1 << 40))
    ) throws(ConfigError) -> Duration {
        let limits = range == .zero...(.seconds(1 << 40)) ? "" : " from \(range.lowerBound) to \(range.upperBound)"
        return try read(name, default: fallback, wanted: "a duration such as 500ms, 30s or 2h\(limits)") { text in
            Quantity.duration(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// `true`, `1`, `yes`, `on` or their opposites, in either case.
    public func bool(_ name: String, default fallback: Bool? = nil) throws(ConfigError) -> Bool {
        try read(name, default: fallback, wanted: "true or false") { text in
            switch text.lowercased() {
            case "true", "1", "yes", "on": true
            case "false", "0", "no", "off": false
            default: nil
            }
        }
    }

    /// A number of bytes: a number and, if it is not bytes, a unit of `KiB`, `MiB`, `GiB`, `TiB`, `kB`, `MB`, `GB` or `TB`.
    public func bytes(
        _ name: String, default fallback: Int? = nil, range: ClosedRange<Int> = 0...Int.max
    ) throws(ConfigError) -> Int {
        try read(name, default: fallback, wanted: "a size such as 64MiB\(Self.describe(range))") { text in
            Quantity.bytes(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Texts between commas, without the spaces around them and without empty ones.
    public func list(_ name: String, default fallback: [String]? = nil) throws(ConfigError) -> [String] {
        try read(name, default: fallback, wanted: "texts separated by commas") { text in
            text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        }
    }

    /// A URL with one of these schemes. Errors do not show the value, because URLs carry passwords.
    public func url(_ name: String, schemes: [String], default fallback: URL? = nil) throws(ConfigError) -> URL {
        let wanted = "a URL that begins with \(schemes.map { "\($0)://" }.joined(separator: " or "))"
        return try read(name, default: fallback, wanted: wanted, isShown: false) { text in
            URL(string: text).flatMap { url in schemes.contains(url.scheme?.lowercased() ?? "") ? url : nil }
        }
    }

    /// One of the cases of an enumeration by its raw value.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, default fallback: Choice? = nil
    ) throws(ConfigError) -> Choice where Choice.RawValue == String {
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return try read(name, default: fallback, wanted: "one of \(known)") { Choice(rawValue: $0) }
    }

    private func raw(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    private func read<Value>(
        _ name: String, default fallback: Value?, wanted: String, isShown: Bool = true, parse: (String) -> Value?
    ) throws(ConfigError) -> Value {
        guard let text = raw(name) else {
            guard let fallback else { throw ConfigError(name: name, found: .nothing, wanted: wanted) }
            return fallback
        }
        guard let value = parse(text) else {
            throw ConfigError(name: name, found: isShown ? .text(text) : .hidden, wanted: wanted)
        }
        return value
    }

    private static func describe(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (Int.min, Int.max), (0, Int.max): ""
        case (let low, Int.max): " from \(low)"
        case (let low, let high): " from \(low) to \(high)"
        }
    }
}

/// A setting that is missing or wrong.
public struct ConfigError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a variable holds.
    public enum Found: Sendable, Hashable {
        /// It is not set, or empty.
        case nothing
        /// This text.
        case text(String)
        /// Something that no message may show.
        case hidden
    }

    /// The environment variable.
    public let name: String
    /// What it holds.
    public let found: Found
    /// What would be right.
    public let wanted: String

    /// Makes the error, for checks of a service's own.
    public init(name: String, found: Found, wanted: String) {
        self.name = name
        self.found = found
        self.wanted = wanted
    }

    /// A sentence that names the variable, what was found and what would be right.
    public var description: String {
        let state =
            switch found {
            case .nothing: "is not set"
            case .text(let text): "is \"\(text)\""
            case .hidden: "holds a value that is not shown"
            }
        return "\(name) \(state); it must be \(wanted)"
    }
}
