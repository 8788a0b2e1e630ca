import Config
import Foundation
import Testing

private enum Mode: String, CaseIterable { case fast, safe }

@Suite struct EnvironmentTests {
    private func environment(_ value: String?) -> Environment { Environment(value.map { ["X": $0] } ?? [:]) }

    @Test(arguments: [
        ("30s", 30_000), ("500ms", 500), ("2h", 7_200_000), ("1.5m", 90_000), ("1d", 86_400_000), ("0s", 0),
        ("10 s", 10_000),
        ("1000000h", 3_600_000_000_000),
    ])
    func readsDurations(text: String, milliseconds: Int) throws {
        #expect(try environment(text).duration("X") == .milliseconds(milliseconds))
    }

    @Test(arguments: ["30", "s", "-1s", "1.2.3s", "1w", "1e3s", "inf s", "１s", "999999999999999999h", "1s1s"])
    func refusesOtherDurations(text: String) {
        #expect(throws: ConfigError.self) { try environment(text).duration("X") }
    }

    @Test(arguments: [
        ("0", 0), ("1024", 1024), ("64MiB", 67_108_864), ("1.5KiB", 1536), ("2GiB", 2_147_483_648), ("1kB", 1000),
        ("3 MB", 3_000_000), ("7B", 7),
        ("1TiB", 1_099_511_627_776),
    ])
    func readsSizes(text: String, bytes: Int) throws {
        #expect(try environment(text).bytes("X") == bytes)
    }

    @Test(arguments: ["x", "-1", "64Mib", "64 mb", "1e9", "99999999999TiB", "MiB"])
    func refusesOtherSizes(text: String) {
        #expect(throws: ConfigError.self) { try environment(text).bytes("X") }
    }

    @Test(arguments: [
        ("true", true), ("1", true), ("YES", true), ("on", true), ("false", false), ("0", false), ("No", false),
        ("off", false),
    ])
    func readsTruth(text: String, expected: Bool) throws {
        #expect(try environment(text).bool("X") == expected)
    }

    @Test func readsTheRest() throws {
        #expect(try environment("text").string("X") == "text")
        #expect(try environment("-5").int("X") == -5)
        #expect(try environment(" a, b ,,c").list("X") == ["a", "b", "c"])
        #expect(try environment("amqp://u:p@h:1/v").url("X", schemes: ["amqp", "amqps"]).host == "h")
        #expect(try environment("AMQPS://h").url("X", schemes: ["amqp", "amqps"]).host == "h")
        #expect(try environment("safe").choice("X", default: Mode.fast) == .safe)
        #expect(try environment("hush").secret("X") == "hush")
        #expect(environment("x").contains("X"))
        #expect(!environment("").contains("X"))
    }

    @Test func takesDefaultsForWhatIsMissingOrEmpty() throws {
        for missing in [environment(nil), environment("")] {
            #expect(try missing.string("X", default: "d") == "d")
            #expect(try missing.int("X", default: 1) == 1)
            #expect(try missing.duration("X", default: .seconds(1)) == .seconds(1))
            #expect(try missing.bytes("X", default: 5) == 5)
            #expect(try missing.bool("X", default: true))
            #expect(try missing.list("X", default: []) == [])
            #expect(try missing.secret("X", default: "s") == "s")
            #expect(try missing.choice("X", default: Mode.fast) == .fast)
            let url = try #require(URL(string: "amqp://h"))
            #expect(try missing.url("X", schemes: ["amqp"], default: url) == url)
        }
    }

    private func message(_ value: String?, _ read: (Environment) throws(ConfigError) -> Void) -> String {
        do {
            try read(environment(value))
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test func errorsNameTheVariableTheValueAndTheRemedy() {
        #expect(
            message("ten") { (e) throws(ConfigError) in _ = try e.int("X", range: 1...100) }
                == "X is \"ten\"; it must be a whole number from 1 to 100")
        #expect(
            message("101") { (e) throws(ConfigError) in _ = try e.int("X", range: 1...100) }
                == "X is \"101\"; it must be a whole number from 1 to 100")
        #expect(
            message("0") { (e) throws(ConfigError) in _ = try e.int("X", range: 1...Int.max) }
                == "X is \"0\"; it must be a whole number from 1")
        #expect(message(nil) { (e) throws(ConfigError) in _ = try e.string("X") } == "X is not set; it must be a text")
        #expect(
            message("30") { (e) throws(ConfigError) in _ = try e.duration("X", range: .seconds(1)...(.seconds(60))) }
                == "X is \"30\"; it must be a duration such as 500ms, 30s or 2h from 1.0 seconds to 60.0 seconds")
        #expect(
            message("medium") { (e) throws(ConfigError) in _ = try e.choice("X", default: Mode.fast) }
                == "X is \"medium\"; it must be one of fast, safe")
        #expect(
            message("maybe") { (e) throws(ConfigError) in _ = try e.bool("X") }
                == "X is \"maybe\"; it must be true or false")
    }

    @Test func errorsNeverShowSecrets() {
        let url = message("http://user:hunter2@host") { (e) throws(ConfigError) in
            _ = try e.url("X", schemes: ["postgres", "postgresql"])
        }
        #expect(!url.contains("hunter2"))
        #expect(
            url == "X holds a value that is not shown; it must be a URL that begins with postgres:// or postgresql://")
        #expect(
            message(nil) { (e) throws(ConfigError) in _ = try e.secret("X") }
                == "X is not set; it must be a secret text")
    }
}
