import Foundation
import LocalServers

/// The operator's command.
@main
enum Main {
    /// What the command can do, in the order of the help.
    static let commands: [Command] = [.up, .stop, .servers, .doctor, .demo, .bench]

    static func main() async { exit(await run(Array(CommandLine.arguments.dropFirst()))) }

    private static func run(_ words: [String]) async -> Int32 {
        do {
            guard let name = words.first, !["help", "--help", "-h"].contains(name) else {
                show(help(about: words.dropFirst().first))
                return 0
            }
            guard let command = commands.first(where: { $0.name == name }) else {
                throw UsageError("unknown command: \(name)", suggestion: nearest(to: name, in: commands.map(\.name)))
            }
            if words.contains("--help") {
                show(command.help)
                return 0
            }
            return try await command.run(Arguments(Array(words.dropFirst()), of: command))
        } catch let error as UsageError {
            printError("\(error)\nSee: switchyard help")
            return 64
        } catch {
            printError("\(error)")
            return 1
        }
    }

    private static func help(about name: String?) -> String {
        if let command = commands.first(where: { $0.name == name }) { return command.help }
        let width = (commands.map(\.name.count).max() ?? 0) + 2
        let lines = commands.map { "  \($0.name.padding(toLength: width, withPad: " ", startingAt: 0))\($0.summary)" }
        return "usage: switchyard COMMAND [OPTION…]\n\n\(lines.joined(separator: "\n"))\n\n"
            + "switchyard help COMMAND shows a command's options."
    }
}

/// Writes a line to standard output at once; `print` would hold it back when a file or a pipe is behind it.
func show(_ line: String) { write(line, to: STDOUT_FILENO) }

/// Writes a line for people to standard error.
func printError(_ text: String) { write("switchyard: \(text)", to: STDERR_FILENO) }

/// Errors are of no interest: the terminal may be gone while the services are still to be ended.
private func write(_ line: String, to descriptor: Int32) {
    let bytes = Array("\(line)\n".utf8)
    var offset = 0
    while offset < bytes.count {
        let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        offset += count
    }
}
