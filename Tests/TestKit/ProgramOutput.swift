import Foundation

/// What a program prints, without the last lines' ends.
///
/// - Parameter program: its name in `/usr/bin`, or a path.
/// - Throws: `TestKitError` when it fails.
public func output(of program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program.contains("/") ? program : "/usr/bin/" + program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw TestKitError("\(program) \(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
    }
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
}
