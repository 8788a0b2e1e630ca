import Foundation
import Sandbox

/// A parser that does what its pages say, for the tests of the pool: the first byte is a command, the rest its argument.
@main
enum Main {
    static func main() async throws {
        if CommandLine.arguments.dropFirst().first == "host" { try await host() }
        var pages = 0
        var kept: [[UInt8]] = []
        ParserChild.run { page in
            pages += 1
            let argument = page.dropFirst()
            switch page.first.map({ Character(Unicode.Scalar($0)) }) {
            case "e": return Array(argument)
            // How it ends.
            case "s": raise(Int32(number(argument)))
            case "o": if pages > 1 { raise(SIGSEGV) }
            case "x": exit(3)
            case "l": while true { pages &+= 1 }
            case "w": while true { raise(SIGSTOP) }
            // What it uses.
            case "m": while true { kept.append(Array(repeating: 1, count: 1 << 20)) }
            case "k": kept.append(Array(repeating: 1, count: number(argument)))
            case "b": return Array(repeating: 7, count: number(argument))
            // What it writes past its frames, now and later.
            case "g": write(Array(argument))
            case "a": writeLater()
            // What it sees.
            case "p": return text("\(getpid())")
            case "n": return text("\(pages)")
            case "h": return text(SandboxProbe.holes(allowsExecution: false).joined(separator: ", "))
            case "d": return text((Int32(0)..<256).filter { fcntl($0, F_GETFD) >= 0 }.map(String.init).joined())
            case "v": return text(ProcessInfo.processInfo.environment.keys.joined(separator: " "))
            default: break
            }
            return []
        }
    }

    /// Is a pool's process: writes the pid of its child, which then never looks at its socket again.
    private static func host() async throws -> Never {
        let pool = ParserPool(executable: CommandLine.arguments[0], children: 1)
        let pid = try await pool.read(text("p"))
        FileHandle.standardOutput.write(Data(pid))
        _ = try await pool.read(text("l"))
        exit(1)
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// The digits before a space.
    private static func number(_ argument: Slice<UnsafeRawBufferPointer>) -> Int {
        argument.prefix { $0 != UInt8(ascii: " ") }.reduce(0) { $0 * 10 + Int($1 & 15) }
    }

    private static func write(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.write(STDIN_FILENO, $0.baseAddress, $0.count) }
    }

    private static func writeLater() {
        signal(SIGALRM) { _ in Main.write([0, 0, 0, 0]) }
        var soon = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 0, tv_usec: 50_000))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &soon, nil)
    }
}
