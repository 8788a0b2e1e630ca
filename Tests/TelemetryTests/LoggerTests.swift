import Foundation
import JSON
import Synchronization
import Telemetry
import Testing

private struct Fault: Error, CustomStringConvertible {
    let description = "the disk is full"
}

/// Serialized because a lost line is seen in a number that the whole process shares.
@Suite(.serialized) struct LoggerTests {
    private func logger(_ pipe: LogPipe, level: Logger.Level = .debug) -> Logger {
        Logger(service: "test", level: level, descriptor: pipe.writeEnd)
    }

    @Test func writesOneObjectPerLine() throws {
        let pipe = try LogPipe()
        let id = try #require(UUID(uuidString: "0199F0E2-7C1A-7D3B-8E4F-5A6B7C8D9E0F"))
        let text = "a \"quoted\"\nname"
        logger(pipe).with(["job_id": .uuid(id), "attempt": 2]).warning(
            "claimed \(1 + 1)",
            [
                "count": 3, "ratio": 0.5, "ok": true, "text": .string(text), "took": .duration(.milliseconds(1500)),
                "why": .error(Fault()),
                "at": .date(Date(timeIntervalSince1970: 0)), "mixed": "x\(7)",
            ])
        let bytes = pipe.read()
        #expect(bytes.last == UInt8(ascii: "\n"))
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 1)
        var line = try #require(try JSON.parse(Array(bytes)).objectValue)
        let time = try #require(line["time"]?.stringValue.flatMap { Date(rfc3339: $0) })
        #expect(abs(time.timeIntervalSinceNow) < 60)
        #expect(line.keys.prefix(6) == ["time", "level", "service", "message", "job_id", "attempt"])
        line["time"] = nil
        #expect(
            JSON.object(line) == [
                "level": "warning", "service": "test", "message": "claimed 2",
                "job_id": "0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0f", "attempt": 2,
                "count": 3, "ratio": 0.5, "ok": true, "text": .string(text), "took": 1.5, "why": "the disk is full",
                "at": "1970-01-01T00:00:00.000Z", "mixed": "x7",
            ])
    }

    @Test(arguments: Logger.Level.allCases)
    func keepsBackWhatIsBelowItsLevel(level: Logger.Level) throws {
        let pipe = try LogPipe()
        let logger = logger(pipe, level: level)
        logger.debug("debug")
        logger.info("info")
        logger.warning("warning")
        logger.error("error")
        let expected = Logger.Level.allCases.filter { $0 >= level }.map(\.rawValue)
        #expect(try pipe.lines().compactMap { $0["message"]?.stringValue } == expected)
    }

    @Test func doesNotEvenMakeMessagesThatItKeepsBack() throws {
        let pipe = try LogPipe()
        func expensive() -> String {
            Issue.record("the message was made")
            return ""
        }
        logger(pipe, level: .error).info(expensive(), ["x": .string(expensive())])
        #expect(pipe.read().isEmpty)
    }

    @Test(arguments: ["x", "é", "😀", "\u{1}", "\""])
    func cutsLongLinesAndKeepsThemValid(unit: String) throws {
        let pipe = try LogPipe()
        let long = String(repeating: unit, count: 100_000)
        logger(pipe).info(long, ["a": .string(long), "short": 7, "b": .string(long)])
        let bytes = pipe.read()
        #expect(bytes.count <= Logger.maxLine)
        #expect(bytes.count > 2000)
        let line = try JSON.parse(bytes)
        #expect(line["is_cut"] == true)
        #expect(line["short"] == 7)
        #expect(line["message"]?.stringValue?.hasSuffix("…") == true)
    }

    @Test func keepsTheLongestLineThatFits() throws {
        let pipe = try LogPipe()
        logger(pipe).info("")
        let overhead = pipe.read().count
        logger(pipe).info(String(repeating: "x", count: Logger.maxLine - overhead))
        let whole = pipe.read()
        #expect(whole.count == Logger.maxLine)
        #expect(try JSON.parse(whole)["is_cut"] == nil)
        logger(pipe).info(String(repeating: "x", count: Logger.maxLine - overhead + 1))
        #expect(try JSON.parse(pipe.read())["is_cut"] == true)
    }

    @Test func staysWithinTheLimitWithFarTooManyFields() throws {
        let pipe = try LogPipe()
        var fields: LogFields = [:]
        for index in 0..<2000 { fields = fields.appending(["field_number_\(index)_with_a_long_name": .int(index)]) }
        logger(pipe).info("many", fields)
        let bytes = pipe.read()
        #expect(bytes.count <= Logger.maxLine)
        #expect(try JSON.parse(bytes)["message"] == "many")
        #expect(try JSON.parse(bytes)["is_cut"] == true)
    }

    @Test func linesOfManyThreadsDoNotMix() async throws {
        let pipe = try LogPipe()
        let logger = logger(pipe)
        // Together less than the pipe holds, with lines beyond what a pipe takes as one.
        await withTaskGroup { group in
            for task in 0..<4 {
                group.addTask {
                    for index in 0..<8 {
                        logger.info(
                            "m", ["task": .int(task), "pad": .string(String(repeating: "p", count: index * 200))])
                    }
                }
            }
        }
        logger.info("long", ["pad": .string(String(repeating: "q", count: 9000))])
        let lines = try pipe.lines()
        #expect(lines.count == 33)
        for task in 0..<4 { #expect(lines.count { $0["task"]?.intValue == task } == 8) }
        #expect(lines.last?["pad"]?.stringValue?.count == 9000)
    }

    private func lostLines() -> Int {
        let text = String(decoding: Metrics().text(), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("log_lines_lost_total ") }
        return line.flatMap { Int($0.dropFirst(21)) } ?? -1
    }

    @Test(.timeLimit(.minutes(1)))
    func givesUpWhenNobodyReadsAndRecovers() throws {
        let pipe = try LogPipe()
        let logger = logger(pipe)
        let before = lostLines()
        pipe.fill()
        // Were each to wait its patience, a thousand lines would take 50 s.
        for _ in 0..<1000 { logger.info("lost") }
        #expect(lostLines() == before + 1000)
        _ = pipe.read()
        logger.info("back")
        #expect(try pipe.lines().map { $0["message"] } == ["back"])
        #expect(lostLines() == before + 1000)
    }

    @Test func beginsAnewAfterAHalfWrittenLine() throws {
        let pipe = try LogPipe()
        let logger = logger(pipe)
        // Room for one page only, so that a longer line stops after its first part.
        pipe.fill()
        var page = [UInt8](repeating: 0, count: 4096)
        #expect(pipe.take(&page) == 4096)
        logger.info("half", ["pad": .string(String(repeating: "p", count: 9000))])
        let rest = pipe.read()
        #expect(rest.last == UInt8(ascii: "p"))
        logger.info("whole")
        let next = pipe.read()
        #expect(next.first == UInt8(ascii: "\n"))
        #expect(try JSON.parse(Array(next.dropFirst()))["message"] == "whole")
    }

    @Test func survivesAReaderThatIsGone() throws {
        let before = lostLines()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        Logger(service: "test", level: .info, descriptor: ends[1]).info("nobody listens")
        close(ends[1])
        #expect(lostLines() == before + 1)
    }

    @Test func countsWhatAFullDiskRefuses() throws {
        let before = lostLines()
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        defer { close(full) }
        Logger(service: "test", level: .info, descriptor: full).info("no room")
        #expect(lostLines() == before + 1)
    }
}
