import Crypto
import Foundation
import JSON

/// Writes one JSON object per line: `time`, `level`, `service`, `message`, then the fields.
///
/// Each line of up to 4 KiB is one `write(2)`, a longer one a few, and lines of many threads do not mix. There is no queue: when
/// nobody reads the other end, a line is given up after 50 ms, the next ones at once, and counted as `log_lines_lost_total`,
/// rather than holding up the service.
public struct Logger: Sendable {
    /// How much a line matters.
    public enum Level: String, Sendable, CaseIterable, Comparable {
        /// For people who look for a fault.
        case debug
        /// What the service does.
        case info
        /// Something is wrong, but is being dealt with.
        case warning
        /// Something is wrong and needs a person.
        case error

        /// Orders by importance.
        public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }
    }

    /// The most bytes of one line, its end included; a longer one is cut.
    public static let maxLine = 16 * 1024

    /// The service that speaks.
    public let service: String
    /// Lines below this are not written, and their messages not even made.
    public let level: Level
    private let output: LogOutput
    private let context: LogFields

    /// Makes a logger for a service. Without a level, `LOG_LEVEL` decides; `info` if that is missing or unknown.
    ///
    /// - Parameter descriptor: where lines go; standard error unless told otherwise. The caller keeps it open.
    public init(
        service: String, level: Level? = nil, context: LogFields = [:], descriptor: Int32 = STDERR_FILENO
    ) {
        let named = ProcessInfo.processInfo.environment["LOG_LEVEL"].flatMap { Level(rawValue: $0.lowercased()) }
        let output = descriptor == STDERR_FILENO ? .standardError : LogOutput(descriptor: descriptor)
        self.init(service: service, fixedLevel: level ?? named ?? .info, context: context, output: output)
    }

    private init(service: String, fixedLevel: Level, context: LogFields, output: LogOutput) {
        self.service = service
        self.level = fixedLevel
        self.context = context
        self.output = output
    }

    /// A logger whose every line also carries these fields, such as a job's id and attempt.
    public func with(_ fields: LogFields) -> Logger {
        Logger(service: service, fixedLevel: level, context: context.appending(fields), output: output)
    }

    /// Logs for people who look for a fault.
    public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.debug, message(), fields())
    }

    /// Logs what the service does.
    public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.info, message(), fields())
    }

    /// Logs what is wrong but being dealt with.
    public func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warning, message(), fields())
    }

    /// Logs what is wrong and needs a person.
    public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.error, message(), fields())
    }

    /// Logs at a level.
    public func log(
        _ level: Level, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        guard level >= self.level else { return }
        let line = LogLine(
            time: Date(), level: level, service: service, message: message(), context: context, fields: fields())
        output.write(line.bytes(limit: Self.maxLine))
    }
}
