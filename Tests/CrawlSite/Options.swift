/// The command line.
struct Options: Sendable {
    enum Command: String, Sendable { case serve, expected, check }

    static let usage = """
        usage: CrawlSite serve|expected|check [--pages N] [--seed N] [--port P] [--mode full|bench] [--agent NAME] \
        [--all]
        """

    var command = Command.serve
    var pages = 10_000
    var seed: UInt64 = 1
    var port: UInt16 = 0
    var mode = SiteModel.Mode.full
    var agent = "switchyard"
    /// Whether `expected` lists also what is not fetched, and why.
    var showsAll = false

    init(_ arguments: [String]) throws(OptionError) {
        guard let command = arguments.first.flatMap(Command.init(rawValue:)) else {
            throw OptionError(message: Self.usage)
        }
        self.command = command
        var rest = arguments.dropFirst()
        while let name = rest.popFirst() {
            if name == "--all" {
                showsAll = true
            } else if let value = rest.popFirst() {
                try set(name, value)
            } else {
                throw OptionError(message: "\(name) needs a value\n\(Self.usage)")
            }
        }
    }

    private mutating func set(_ name: String, _ value: String) throws(OptionError) {
        switch name {
        case "--pages": pages = try read(name, Int(value).flatMap { (100...1_000_000).contains($0) ? $0 : nil })
        case "--seed": seed = try read(name, UInt64(value))
        case "--port": port = try read(name, UInt16(value))
        case "--mode": mode = try read(name, SiteModel.Mode(rawValue: value))
        case "--agent": agent = value
        default: throw OptionError(message: "\(name) is unknown\n\(Self.usage)")
        }
    }

    private func read<Value>(_ name: String, _ value: Value?) throws(OptionError) -> Value {
        guard let value else { throw OptionError(message: "\(name) has a value that cannot be\n\(Self.usage)") }
        return value
    }
}

/// A command line that cannot be understood.
struct OptionError: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
}
