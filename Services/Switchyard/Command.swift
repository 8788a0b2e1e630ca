import Foundation

/// A subcommand: how it is called, and what it does.
struct Command: Sendable {
    /// An option; one without `value` is a switch.
    struct Option: Sendable {
        let name: String
        let value: String?
        let help: String

        init(_ name: String, _ value: String? = nil, _ help: String) {
            self.name = name
            self.value = value
            self.help = help
        }
    }

    let name: String
    let summary: String
    /// The words that may stand without an option, as the help shows them; empty when there are none.
    var words = ""
    let options: [Option]
    /// Answers the process's exit status.
    let run: @Sendable (Arguments) async throws -> Int32

    var help: String {
        let left = options.map { "  \($0.name)\($0.value.map { " \($0)" } ?? "")" }
        let width = (left.map(\.count).max() ?? 0) + 2
        let lines = zip(left, options).map { $0.padding(toLength: width, withPad: " ", startingAt: 0) + $1.help }
        return "usage: switchyard \(name)\(words.isEmpty ? "" : " \(words)")\(options.isEmpty ? "" : " [OPTION…]")\n"
            + "\(summary)\n" + (lines.isEmpty ? "" : "\n\(lines.joined(separator: "\n"))")
    }
}

/// A command line that says something that cannot be done.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ message: String, suggestion: String? = nil) {
        description = suggestion.map { "\(message); did you mean \($0)?" } ?? message
    }
}
